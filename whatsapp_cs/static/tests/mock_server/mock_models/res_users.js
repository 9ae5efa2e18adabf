import { mailModels } from "@mail/../tests/mail_test_helpers";

/** The groups of the user in a test; `defineWhatsappCsModels` sets them. */
export const whatsappCsGroups = { agent: true, editor: false };

/** The own status as an agent, as the server has it. */
export const whatsappCsStatus = {};

export class ResUsers extends mailModels.ResUsers {
    /** @override */
    _init_store_data(store) {
        super._init_store_data(...arguments);
        store.add({
            has_whatsapp_cs_agent: whatsappCsGroups.agent,
            has_whatsapp_cs_editor: whatsappCsGroups.editor,
            whatsapp_cs_team_ids: whatsappCsGroups.teamIds ?? [],
        });
    }

    /** @override */
    has_group(_id, group) {
        return group === "whatsapp_cs.whatsapp_cs_group_agent"
            ? whatsappCsGroups.agent
            : super.has_group(...arguments);
    }

    whatsapp_cs_sign() {
        return whatsappCsStatus;
    }

    whatsapp_cs_set_status(state, reason) {
        return Object.assign(whatsappCsStatus, { state, reason, since: "2026-11-25 09:00:00" });
    }
}
