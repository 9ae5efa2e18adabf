import { reactive } from "@odoo/owl";

import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";

export const SIGN_DELAY = 60 * 1000;
/** Who comes back after so long says so at once: conversations may be waiting. */
export const BACK_DELAY = 4 * 60 * 1000;

/**
 * The own status as an agent. The browser gives the server a sign every minute, with how long nobody
 * has used it; whatever dies, the server learns of it by the signs that don't come.
 */
export const agentStatusService = {
    dependencies: ["bus_service", "multi_tab", "orm", "presence"],
    start(env, { bus_service, multi_tab, orm, presence }) {
        const status = reactive({
            isAgent: false,
            state: "offline",
            reason: false,
            since: false,
            load: 0,
            capacity: 0,
        });
        let lastSign = 0;

        async function sign() {
            lastSign = Date.now();
            const inactive = presence.getInactivityPeriod() / 1000;
            try {
                const values = await orm.silent.call("res.users", "whatsapp_cs_sign", [inactive]);
                Object.assign(status, values);
            } catch {
                // Offline, or the server restarts: the next sign comes in a minute.
            }
        }

        async function set(state, reason = false) {
            Object.assign(
                status,
                await orm.call("res.users", "whatsapp_cs_set_status", [state, reason])
            );
        }

        async function begin() {
            if (!(await user.hasGroup("whatsapp_cs.whatsapp_cs_group_agent"))) {
                return;
            }
            status.isAgent = true;
            bus_service.subscribe("whatsapp_cs.status", (values) => Object.assign(status, values));
            browser.setInterval(async () => {
                if (await multi_tab.isOnMainTab()) {
                    sign();
                }
            }, SIGN_DELAY);
            let lastPresence = Date.now();
            presence.bus.addEventListener("presence", () => {
                const wasAway = Date.now() - lastPresence > BACK_DELAY;
                lastPresence = Date.now();
                if (wasAway && Date.now() - lastSign > 1000) {
                    sign();
                }
            });
            sign();
        }

        begin();
        return { status, set, sign };
    },
};

registry.category("services").add("whatsapp_cs.agent_status", agentStatusService);
