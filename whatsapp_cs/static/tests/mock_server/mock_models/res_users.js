import { mailModels } from "@mail/../tests/mail_test_helpers";

/** The groups of the user in a test; `defineWhatsappCsModels` sets them. */
export const whatsappCsGroups = { agent: true, editor: false };

export class ResUsers extends mailModels.ResUsers {
    /** @override */
    _init_store_data(store) {
        super._init_store_data(...arguments);
        store.add({
            has_whatsapp_cs_agent: whatsappCsGroups.agent,
            has_whatsapp_cs_editor: whatsappCsGroups.editor,
        });
    }
}
