import { fields } from "@mail/core/common/record";
import { Store } from "@mail/core/common/store_service";

import { patch } from "@web/core/utils/patch";

patch(Store.prototype, {
    setup() {
        super.setup(...arguments);
        this.isWhatsappCsDeskActive = false;
        this.whatsappCsDeskThread = fields.One("Thread");
    },
    /** @param {import("models").Thread} [thread] the one chat that is open on the desk now */
    whatsappCsShowOnDesk(thread) {
        if (this.whatsappCsDeskThread?.notEq(thread)) {
            this.whatsappCsDeskThread.isOnWhatsappCsDesk = false;
        }
        this.whatsappCsDeskThread = thread;
        if (thread) {
            thread.isOnWhatsappCsDesk = true;
        }
    },
});
