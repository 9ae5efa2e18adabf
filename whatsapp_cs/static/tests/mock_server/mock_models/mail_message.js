import { mailModels } from "@mail/../tests/mail_test_helpers";
import { mailDataHelpers } from "@mail/../tests/mock_server/mail_mock_server";

import { fields } from "@web/../tests/web_test_helpers";

export class MailMessage extends mailModels.MailMessage {
    whatsapp_cs_state = fields.Char();
    whatsapp_cs_error = fields.Char();
    whatsapp_cs_error_code = fields.Char();
    whatsapp_cs_answer = fields.Char();

    get _to_store_defaults() {
        return [
            ...super._to_store_defaults,
            "whatsapp_cs_state",
            "whatsapp_cs_error",
            "whatsapp_cs_error_code",
            "whatsapp_cs_answer",
        ];
    }

    whatsapp_cs_rate_answer([id], isWrong) {
        this.write([id], { whatsapp_cs_answer: isWrong ? "wrong" : "given" });
    }

    whatsapp_cs_retry([id]) {
        this.write([id], { whatsapp_cs_state: "queued", whatsapp_cs_error: false });
        return new mailDataHelpers.Store(this.browse(id)).get_result();
    }
}
