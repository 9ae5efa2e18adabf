import { MessagingMenu } from "@mail/core/public_web/messaging_menu";

import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

patch(MessagingMenu.prototype, {
    get hasWhatsappCsTab() {
        return this.store.has_whatsapp_cs_agent || this.store.discuss.whatsappCsThreads.length > 0;
    },
    get _tabs() {
        const items = super._tabs;
        if (this.hasWhatsappCsTab) {
            items.push({
                counter: this.store.discuss.whatsappCsThreads.filter(
                    (thread) => thread.self_member_id?.message_unread_counter > 0
                ).length,
                icon: "fa fa-whatsapp",
                id: "whatsapp_cs",
                label: _t("WhatsApp"),
                sequence: 15,
            });
        }
        return items;
    },
    /** Own conversations first, then those that wait: a phone has no sidebar to show the queue. */
    get threads() {
        const threads = super.threads;
        if (this.store.discuss.activeTab !== "whatsapp_cs") {
            return threads;
        }
        const queued = this.store.discuss.whatsappCsQueueCategory?.threads ?? [];
        return [...threads, ...queued.filter((thread) => thread.notIn(threads))];
    },
});
