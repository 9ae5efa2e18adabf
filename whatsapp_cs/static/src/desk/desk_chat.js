import { DiscussContent } from "@mail/core/public_web/discuss_content";

/** The chat in the middle: Discuss's own, with what leads to the other panes. */
export class DeskChat extends DiscussContent {
    static template = "whatsapp_cs.DeskChat";
    static props = ["focusesComposer", "isPanelOpen", "onBack", "onTogglePanel"];

    get thread() {
        return this.store.whatsappCsDeskThread;
    }
}
