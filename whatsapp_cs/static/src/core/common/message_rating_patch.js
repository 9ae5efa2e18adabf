import { Message } from "@mail/core/common/message_model";

import { patch } from "@web/core/utils/patch";

patch(Message.prototype, {
    setup() {
        super.setup(...arguments);
        /** @type {"given"|"wrong"|false|undefined} an automatic answer, and whether an agent says that it was wrong */
        this.whatsapp_cs_answer = undefined;
    },
    async whatsappCsRateAnswer() {
        const isWrong = this.whatsapp_cs_answer !== "wrong";
        await this.store.env.services.orm.call("mail.message", "whatsapp_cs_rate_answer", [[this.id], isWrong]);
        this.whatsapp_cs_answer = isWrong ? "wrong" : "given";
    },
});
