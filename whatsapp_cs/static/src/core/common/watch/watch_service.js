import { registry } from "@web/core/registry";

/** Hears who else looks at the chats that are open here. */
const watchService = {
    dependencies: ["bus_service", "mail.store"],
    start(env, { bus_service, "mail.store": store }) {
        bus_service.subscribe("whatsapp_cs.watch", ({ thread_id, ...sign }) =>
            store.Thread.get({ model: "discuss.channel", id: thread_id })?.whatsappCsHear(sign)
        );
    },
};
registry.category("services").add("whatsapp_cs.watch", watchService);
