import { Thread } from "@mail/core/common/thread_model";

import { patch } from "@web/core/utils/patch";

patch(Thread.prototype, {
    /**
     * Who resolves a conversation is no member any more. Core would jump to another channel; the agent
     * stays and reads on until another thread is chosen.
     */
    onPinStateUpdated() {
        if (
            this.channel_type === "whatsapp_cs" &&
            !this.displayToSelf &&
            !this.isLocallyPinned &&
            this.store.discuss?.isActive &&
            this.eq(this.store.discuss.thread)
        ) {
            this.isLocallyPinned = true;
            return;
        }
        super.onPinStateUpdated();
    },
});
