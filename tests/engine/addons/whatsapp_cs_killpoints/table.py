"""The kill points: the one place that names methods of the engine."""

from typing import NamedTuple

ENGINE = "odoo.addons.whatsapp_cs."
EVENT = "models.whatsapp_cs_event.WhatsappCsEvent."
QUEUE = "models.whatsapp_cs_queue.WhatsappCsQueue."
MESSAGE = "models.whatsapp_cs_message.WhatsappCsMessage."
CONTACT = "models.whatsapp_cs_contact.WhatsappCsContact."
CONVERSATION = "models.whatsapp_cs_conversation.WhatsappCsConversation."
THREAD = "models.discuss_channel.DiscussChannel."
EARLY = "models.whatsapp_cs_early_status.WhatsappCsEarlyStatus."
SENDER = "models.whatsapp_cs_outbox_sender.WhatsappCsOutbox."
COMPENSATION = "models.whatsapp_cs_outbox_compensation.WhatsappCsOutbox."
CLIENT = "tools.graph_client.GraphClient."

BEFORE = "before the call"
AFTER = "after the call"
# of the next commit of the cursor that the method has worked with:
BEFORE_COMMIT = "before the commit"
COMMITTED = "after the commit, before what follows it"  # such as waking a cron, telling screens
AFTER_COMMIT = "after the commit"
BEFORE_ANSWER = "request sent, answer not read"


# Whether there was something to do at all; the result is None as long as there is none.
def _always(_self, _arguments, _result):
    return True


def _with_records(self, _arguments, _result):
    return bool(self)


def _with_argument(_self, arguments, _result):
    return bool(arguments[0])


def _with_result(_self, _arguments, result):
    return bool(result)


class Point(NamedTuple):
    method: str
    moment: str
    counts: object = _always


POINTS = {
    # a webhook, in an HTTP worker
    "webhook: before the insert": Point(EVENT + "_store", BEFORE),
    "webhook: inserted": Point(EVENT + "_store", AFTER),
    "webhook: before the commit": Point(EVENT + "_store", BEFORE_COMMIT),
    "webhook: committed, nobody woken": Point(EVENT + "_store", COMMITTED),
    "webhook: committed, not answered": Point(EVENT + "_store", AFTER_COMMIT),
    # the inbox, in a cron worker
    "inbox: before the claim": Point(EVENT + "_claim", BEFORE),
    "inbox: claimed": Point(EVENT + "_claim", AFTER, _with_result),
    "inbox: parsed": Point(MESSAGE + "_receive", BEFORE),
    "inbox: contact created": Point(CONTACT + "_link_partner", BEFORE, _with_records),
    "inbox: partner created": Point(CONTACT + "_create_partner", AFTER, _with_records),
    "inbox: messages created": Point(CONVERSATION + "_on_customer_messages", BEFORE, _with_argument),
    "inbox: lead linked": Point(CONVERSATION + "_link_lead", AFTER, _with_records),
    "inbox: thread shown": Point(CONVERSATION + "_show_in_thread", AFTER, _with_records),
    "inbox: posted": Point(THREAD + "_whatsapp_cs_post_received", AFTER, _with_argument),
    "inbox: marked as done": Point(EVENT + "_set_done", AFTER),
    "inbox: before the commit": Point(EVENT + "_process", BEFORE_COMMIT),
    "inbox: committed, screens not told": Point(EVENT + "_process", COMMITTED),
    "inbox: committed": Point(EVENT + "_process", AFTER_COMMIT),
    "inbox: falling asleep": Point(QUEUE + "_fall_asleep", BEFORE),
    "inbox: asleep": Point(QUEUE + "_fall_asleep", AFTER),
    "inbox: second worker helps": Point(EVENT + "_cron_help", BEFORE),
    "status: before it is written": Point(MESSAGE + "_receive_statuses", BEFORE),
    "status: written": Point(MESSAGE + "_receive_statuses", AFTER),
    "status: early ones applied": Point(EARLY + "_apply", AFTER, _with_argument),
    # an agent's message, in an HTTP worker
    "agent: posted, not queued": Point(MESSAGE + "_queue", BEFORE),
    "agent: queued": Point(MESSAGE + "_queue", AFTER),
    "agent: before the commit": Point(MESSAGE + "_queue", BEFORE_COMMIT),
    "agent: committed, sender not woken": Point(MESSAGE + "_queue", COMMITTED),
    "agent: committed, not answered": Point(MESSAGE + "_queue", AFTER_COMMIT),
    # the sender, in a cron worker
    "sender: before the claim": Point(SENDER + "_claim", BEFORE),
    "sender: claimed, not committed": Point(SENDER + "_claim", BEFORE_COMMIT, _with_argument),
    "sender: claim committed": Point(SENDER + "_claim", AFTER, _with_result),
    "sender: before the call": Point(CLIENT + "send_message", BEFORE),
    "sender: in the call": Point(CLIENT + "send_message", BEFORE_ANSWER),
    "sender: answered, result not written": Point(CLIENT + "send_message", AFTER),
    "sender: before the result is written": Point(SENDER + "_write_results", BEFORE, _with_argument),
    "sender: result written, not committed": Point(SENDER + "_write_results", BEFORE_COMMIT, _with_argument),
    "sender: result committed": Point(SENDER + "_write_results", AFTER_COMMIT, _with_argument),
    "compensation: found what the dead have left": Point(COMPENSATION + "_lock", AFTER, _with_result),
    "compensation: before its commit": Point(COMPENSATION + "_lock", BEFORE_COMMIT, _with_result),
    "compensation: between two steps": Point(COMPENSATION + "_settle_unknown", BEFORE),
}
