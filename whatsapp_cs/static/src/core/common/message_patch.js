import { Message } from "@mail/core/common/message";

import { patch } from "@web/core/utils/patch";

patch(Message.prototype, {
    get attClass() {
        return { ...super.attClass, "o-whatsapp_cs-note": this.message.isWhatsappCsNote };
    },
});
