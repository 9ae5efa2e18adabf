import { DeskCard } from "@whatsapp_cs/desk/desk_cards";
import { deskCards } from "@whatsapp_cs/desk/desk_panel";

import { _t } from "@web/core/l10n/translation";

/** What will be written to the customer by itself, so that the agent does not write the same. */
class FollowUpCard extends DeskCard {
    static template = "whatsapp_cs.FollowUpCard";
    static props = { ...DeskCard.props, data: Array };
}

deskCards.add(
    "follow_ups",
    { component: FollowUpCard, icon: "fa-hourglass-half", title: _t("Planned follow-ups") },
    { sequence: 60 }
);
