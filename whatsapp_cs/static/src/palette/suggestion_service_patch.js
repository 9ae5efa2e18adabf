import { SuggestionService } from "@mail/core/common/suggestion_service";
import { cleanTerm } from "@mail/utils/common/format";

import "@mail/discuss/core/common/suggestion_service_patch";

import { patch } from "@web/core/utils/patch";

/** In a WhatsApp chat a slash offers canned replies and macros, before Discuss's own commands. */
patch(SuggestionService.prototype, {
    async fetchSuggestions({ delimiter, term }, { thread, abortSignal } = {}) {
        if (delimiter !== "/" || !thread?.isWhatsappCs) {
            return super.fetchSuggestions(...arguments);
        }
        // The server's list is asked for once each time the palette opens; typing only searches in it.
        if (!term || !thread.whatsappCsPalette) {
            thread.whatsappCsPalette = await this.makeOrmCall(
                "discuss.channel",
                "whatsapp_cs_get_palette",
                [[thread.id]],
                {},
                { abortSignal }
            );
        }
    },
    searchSuggestions({ delimiter, term }, { thread } = {}) {
        if (delimiter !== "/" || !thread?.isWhatsappCs) {
            return super.searchSuggestions(...arguments);
        }
        const search = cleanTerm(term);
        const commands = super.searchSuggestions(...arguments).suggestions;
        return {
            type: "whatsapp_cs.palette",
            suggestions: [
                ...this.searchWhatsappCsPalette(search, thread.whatsappCsPalette ?? []),
                ...commands.map((command) => ({
                    kind: "command",
                    name: command.name,
                    text: command.help,
                })),
            ],
        };
    },
    /** The names that begin with the search first, then those that hold it, then the texts; each as used most. */
    searchWhatsappCsPalette(search, items) {
        const getRank = ({ name, text }) => {
            const position = cleanTerm(name).indexOf(search);
            if (position >= 0) {
                return Math.min(position, 1);
            }
            return cleanTerm(text ?? "").includes(search) ? 2 : undefined;
        };
        return items
            .map((item) => ({ item, rank: getRank(item) }))
            .filter(({ rank }) => rank !== undefined)
            .sort((a, b) => a.rank - b.rank)
            .map(({ item }) => item);
    },
});
