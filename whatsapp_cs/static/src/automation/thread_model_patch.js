import { fields } from "@mail/core/common/record";
import { Thread } from "@mail/core/common/thread_model";

import { patch } from "@web/core/utils/patch";

const { DateTime } = luxon;

patch(Thread.prototype, {
    setup() {
        super.setup(...arguments);
        /** @type {"human"|"handed_over"|"switch"|false|undefined} */
        this.whatsapp_cs_rest_reason = undefined;
        /** Empty with a reason: until somebody switches automation on. */
        this.whatsapp_cs_rest_until = fields.Datetime();
    },
    get isWhatsappCsAutomationResting() {
        const until = this.whatsapp_cs_rest_until;
        return Boolean(this.whatsapp_cs_rest_reason) && (!until || until > DateTime.now());
    },
});
