import { fields } from "@mail/core/common/record";
import { DiscussApp } from "@mail/core/public_web/discuss_app_model";
import { effectWithDebouncedCleanup } from "@mail/utils/common/misc";

import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

/** Someone who leaves Discuss for a moment finds the queue as it was. */
export const QUEUE_UNSUBSCRIBE_DELAY = 5 * 60 * 1000;

patch(DiscussApp, {
    new() {
        /** @type {import("models").DiscussApp} */
        const app = super.new(...arguments);
        effectWithDebouncedCleanup({
            delay: QUEUE_UNSUBSCRIBE_DELAY,
            dependencies: (app) => ({
                app,
                busService: app.store.env.services.bus_service,
            }),
            effect({ app, busService }) {
                const refresh = () => {
                    app.whatsappCsForgetQueue();
                    app.store.fetchStoreData("/whatsapp_cs/queue");
                };
                busService.addChannel("whatsapp_cs.queue");
                busService.addEventListener("BUS:RECONNECT", refresh);
                app.store.fetchStoreData("/whatsapp_cs/queue");
                return () => {
                    busService.deleteChannel("whatsapp_cs.queue");
                    busService.removeEventListener("BUS:RECONNECT", refresh);
                    app.whatsappCsForgetQueue();
                };
            },
            predicate: (app) =>
                Boolean(
                    app.exists() &&
                        app.whatsappCsQueueCategory &&
                        !app.whatsappCsQueueCategory.hidden &&
                        app.isActive
                ),
            reactiveTargets: [app],
        });
        return app;
    },
});

patch(DiscussApp.prototype, {
    setup() {
        super.setup(...arguments);
        this.whatsappCsCategory = fields.One("DiscussAppCategory", {
            compute() {
                return {
                    extraClass: "o-whatsapp_cs-category",
                    hideWhenEmpty: true,
                    icon: "fa fa-whatsapp",
                    id: "whatsapp_cs.category_mine",
                    name: _t("WhatsApp"),
                    sequence: 5,
                };
            },
            eager: true,
        });
        this.whatsappCsQueueCategory = fields.One("DiscussAppCategory", {
            compute() {
                if (!this.store.has_whatsapp_cs_agent) {
                    return null;
                }
                return {
                    extraClass: "o-whatsapp_cs-queue",
                    icon: "fa fa-whatsapp",
                    id: "whatsapp_cs.category_queue",
                    name: _t("WhatsApp queue"),
                    sequence: 6,
                };
            },
            eager: true,
        });
        this.whatsappCsThreads = fields.Many("Thread", { inverse: "appAsWhatsappCs" });
        this.whatsappCsLastThread = fields.One("Thread");
    },
    /** Drops what is only known from the queue: nobody tells us any more when it changes. */
    whatsappCsForgetQueue() {
        for (const thread of [...(this.whatsappCsQueueCategory?.threads ?? [])]) {
            if (!thread.self_member_id && !thread.isLocallyPinned && !thread.chat_window && !thread.isOnWhatsappCsDesk) {
                thread.delete();
            }
        }
    },
    _threadOnUpdate() {
        const lastThread = this.whatsappCsLastThread;
        this.whatsappCsLastThread = this.thread;
        if (lastThread?.channel_type === "whatsapp_cs" && lastThread.notEq(this.thread)) {
            lastThread.isLocallyPinned = false;
        }
        super._threadOnUpdate();
    },
});
