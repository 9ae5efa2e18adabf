import { DiscussContent } from "@mail/core/public_web/discuss_content";

import { Dropdown } from "@web/core/dropdown/dropdown";

/** What agents do all day has a button of its own; on a phone there is room for the first two. */
const MAIN_ACTIONS = ["take", "resolve", "unblock", "wake", "release", "transfer", "snooze"];
const MAIN_ACTIONS_ON_PHONE = MAIN_ACTIONS.slice(0, 2);

/** The chat in the middle: Discuss's own, with what leads to the other panes. */
export class DeskChat extends DiscussContent {
    static template = "whatsapp_cs.DeskChat";
    static components = { ...DiscussContent.components, Dropdown };
    static props = ["focusesComposer", "isPanelOpen", "onBack", "onTogglePanel"];

    get thread() {
        return this.store.whatsappCsDeskThread;
    }

    /** All actions of the chat: the main ones, and the others in groups for the menu. */
    get deskActions() {
        const { group, other, quick } = this.threadActions.partition;
        const names = this.ui.isSmall ? MAIN_ACTIONS_ON_PHONE : MAIN_ACTIONS;
        const ids = names.map((name) => `whatsapp-cs-${name}`);
        const groups = [...group, other, quick];
        const main = groups.flat().filter(({ id }) => ids.includes(id));
        return {
            main: main.sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id)),
            more: groups
                .map((actions) => actions.filter(({ id }) => !ids.includes(id)))
                .filter(({ length }) => length),
        };
    }
}
