import { DiscussAppCategory } from "@mail/discuss/core/public_web/discuss_app_category_model";
import { compareDatetime } from "@mail/utils/common/misc";

import { patch } from "@web/core/utils/patch";

const waitingSince = (thread) => thread.whatsapp_cs_unanswered_date || thread.last_interest_dt;

patch(DiscussAppCategory.prototype, {
    sortThreads(t1, t2) {
        if (this.id === "whatsapp_cs.category_queue") {
            return compareDatetime(waitingSince(t1), waitingSince(t2)) || t1.id - t2.id;
        }
        if (this.id === "whatsapp_cs.category_mine") {
            return compareDatetime(t2.lastInterestDt, t1.lastInterestDt) || t2.id - t1.id;
        }
        return super.sortThreads(...arguments);
    },
});
