import { Composer } from "@mail/core/common/composer";
import { SendPrice } from "@whatsapp_cs/price/send_price";

import { patch } from "@web/core/utils/patch";

patch(Composer, { components: { ...Composer.components, SendPrice } });

patch(Composer.prototype, {
    /** While a message to the customer is being written; each new one asks anew. */
    get hasWhatsappCsPrice() {
        return Boolean(
            this.isWhatsappCs && !this.isWhatsappCsNote && this.props.composer.composerText.trim()
        );
    },
});
