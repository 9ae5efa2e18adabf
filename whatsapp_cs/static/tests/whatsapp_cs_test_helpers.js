import { mailModels } from "@mail/../tests/mail_test_helpers";
import { DiscussChannel } from "@whatsapp_cs/../tests/mock_server/mock_models/discuss_channel";
import { MailMessage } from "@whatsapp_cs/../tests/mock_server/mock_models/mail_message";
import { ResUsers, whatsappCsGroups } from "@whatsapp_cs/../tests/mock_server/mock_models/res_users";
import { WhatsappCsConversation } from "@whatsapp_cs/../tests/mock_server/mock_models/whatsapp_cs_conversation";

import { beforeEach } from "@odoo/hoot";
import { Command, defineModels, mockService, serverState } from "@web/../tests/web_test_helpers";
import { serializeDateTime } from "@web/core/l10n/dates";

const { DateTime } = luxon;

export const whatsappCsModels = { ...mailModels, DiscussChannel, MailMessage, ResUsers, WhatsappCsConversation };

export function defineWhatsappCsModels() {
    beforeEach(() => setGroups({ agent: true, editor: false, teamIds: [] }));
    return defineModels(whatsappCsModels);
}

export function setGroups(groups) {
    Object.assign(whatsappCsGroups, groups);
}

/** @param {import("luxon").DurationLike} duration negative: in the past */
export function fromNow(duration) {
    return serializeDateTime(DateTime.now().plus(duration));
}

/** `waitForChannels` runs all timers to their end: one that gives signs for ever would take the test's whole time. */
export function giveNoSigns() {
    mockService("whatsapp_cs.agent_status", () => ({ status: { isAgent: false } }));
}

/** A thread of a customer with an open window; assigned to the user unless told otherwise. */
export function createThread(pyEnv, name, { state = "assigned", ...values } = {}) {
    const partnerId = pyEnv["res.partner"].create({ name });
    const isMine = ["assigned", "waiting"].includes(state) && !values.whatsapp_cs_user_id;
    return pyEnv["discuss.channel"].create({
        name,
        channel_type: "whatsapp_cs",
        channel_member_ids: isMine ? [Command.create({ partner_id: serverState.partnerId })] : [],
        whatsapp_cs_channel_name: "Shop",
        whatsapp_cs_partner_id: partnerId,
        whatsapp_cs_state: state,
        whatsapp_cs_user_id: isMine ? serverState.userId : false,
        whatsapp_cs_window_end: fromNow({ hours: 20 }),
        ...values,
    });
}

export function createUser(pyEnv, name) {
    const partnerId = pyEnv["res.partner"].create({ name });
    return pyEnv["res.users"].create({ name, login: name, partner_id: partnerId });
}

export function createMessage(pyEnv, threadId, values = {}) {
    return pyEnv["mail.message"].create({
        author_id: serverState.partnerId,
        body: "Hello",
        message_type: "comment",
        model: "discuss.channel",
        res_id: threadId,
        subtype_id: pyEnv["mail.message.subtype"].search([
            ["subtype_xmlid", "=", "mail.mt_comment"],
        ])[0],
        ...values,
    });
}

export function noteSubtype(pyEnv) {
    return pyEnv["mail.message.subtype"].search([["subtype_xmlid", "=", "mail.mt_note"]])[0];
}
