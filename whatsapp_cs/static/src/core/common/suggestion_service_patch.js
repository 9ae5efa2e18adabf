import { SuggestionService } from "@mail/core/common/suggestion_service";

import { patch } from "@web/core/utils/patch";

import "@mail/discuss/core/common/suggestion_service_patch";

/** Mentions are for notes, and for colleagues: a customer can't be notified, and must not read their names. */
patch(SuggestionService.prototype, {
    getSupportedDelimiters(thread) {
        const delimiters = super.getSupportedDelimiters(...arguments);
        return thread?.isWhatsappCs && !thread.composer?.isWhatsappCsNote
            ? delimiters.filter(([delimiter]) => !["@", "#"].includes(delimiter))
            : delimiters;
    },
    isSuggestionValid(partner, thread) {
        return thread?.isWhatsappCs
            ? partner.main_user_id?.share === false && partner.notEq(this.store.odoobot)
            : super.isSuggestionValid(...arguments);
    },
});
