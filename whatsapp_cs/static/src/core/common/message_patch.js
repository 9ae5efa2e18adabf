import { Message } from "@mail/core/common/message";
import { MessageCard } from "@whatsapp_cs/core/common/message_card/message_card";

import { patch } from "@web/core/utils/patch";

patch(Message, { components: { ...Message.components, MessageCard } });

patch(Message.prototype, {
    get attClass() {
        return { ...super.attClass, "o-whatsapp_cs-note": this.message.isWhatsappCsNote };
    },
});
