import { DiscussContent } from "@mail/core/public_web/discuss_content";

import { patch } from "@web/core/utils/patch";

patch(DiscussContent.prototype, {
    get showThreadAvatar() {
        return this.thread.channel_type === "whatsapp_cs" || super.showThreadAvatar;
    },
});
