from odoo import fields, models

GROUP_EDITOR = "whatsapp_cs.whatsapp_cs_group_editor"


class WhatsappCsAutomationEvent(models.Model):
    """Something that automation did to a customer, or they to it: a fact without any text, written once.

    Restraint counts these facts (AR6), and the figures of automation are made of them (AR11, AR12).
    """

    _name = "whatsapp.cs.automation.event"
    _description = "WhatsApp Automation"
    _order = "id desc"
    _rec_name = "kind"

    date = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now, index=True)
    kind = fields.Selection(
        [
            ("greeting", "Greeting"),
            ("keyword", "Answer to a Question"),
            ("off_hours", "Outside Office Hours"),
            ("segment", "Time of Day"),
            ("no_match", "Not Understood"),
            ("event", "Customer Event"),
            ("bot", "Bot"),
            ("bot_step", "Bot Step"),
            ("follow_up", "Follow-Up"),
            ("queue", "Place in the Queue"),
            ("rating", "Rating"),
            ("nudge", "Window Closes"),
            ("person_asked", "Person Asked For"),
            ("hand_over", "Handed Over"),
            ("rated_wrong", "Rated Wrong"),
            ("action", "Action"),
        ],
        required=True,
        readonly=True,
    )
    outcome = fields.Selection(
        [
            ("sent", "Sent"),
            ("asked", "Asked"),
            ("answered", "Answered"),
            ("done", "Done"),
            ("failed", "Failed"),
        ],
        required=True,
        readonly=True,
        default="done",
    )
    counts = fields.Boolean(
        readonly=True,
        help="An automatic message that the customer has not chosen: only so many are sent a day.",
    )
    # Analysts read the figures and see no customer.
    contact_id = fields.Many2one(
        "whatsapp.cs.contact", required=True, readonly=True, ondelete="cascade", groups=GROUP_EDITOR
    )
    conversation_id = fields.Many2one(
        "whatsapp.cs.conversation", readonly=True, index="btree_not_null", ondelete="set null", groups=GROUP_EDITOR
    )
    message_id = fields.Many2one(
        "whatsapp.cs.message", readonly=True, index="btree_not_null", ondelete="set null", groups=GROUP_EDITOR
    )
    channel_id = fields.Many2one("whatsapp.cs.channel", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    rule_id = fields.Many2one("whatsapp.cs.auto.reply", readonly=True, index="btree_not_null", ondelete="set null")
    variant_id = fields.Many2one("whatsapp.cs.auto.reply.variant", readonly=True, ondelete="set null")
    step = fields.Char(readonly=True, help="What exactly: an action of a rule, for instance.")
    error = fields.Char(readonly=True, help="The kind of error; its details are in the server's log.")

    _contact_idx = models.Index("(contact_id, date DESC)")
    _failed_idx = models.Index("(date) WHERE outcome = 'failed'")
