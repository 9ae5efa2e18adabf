from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools import message_payload
from .whatsapp_cs_conversation import GROUP_EDITOR

BATCH_SIZE = 50
CHOICE_PREFIX = "whatsapp_cs.rating:"  # of the ids of buttons and rows; after it the rating's id and the choice
SATISFIED = 4  # stars, of 5; below it is a low rating, which an editor looks at


class WhatsappCsRating(models.Model):
    """How satisfied a customer was with one case: planned, asked, answered, each once (KP2).

    The figures are here, for reports, without a word of the customer's; the rating and its comment, as other apps know
    them, are a ``rating.rating`` of the conversation.
    """

    _name = "whatsapp.cs.rating"
    _inherit = ["whatsapp.cs.batch"]
    _batch_cron = "whatsapp_cs.ir_cron_whatsapp_cs_rating_ask"
    _description = "WhatsApp Rating"
    _order = "id desc"
    _rec_name = "rated_date"

    conversation_id = fields.Many2one(
        "whatsapp.cs.conversation", required=True, readonly=True, ondelete="cascade", groups=GROUP_EDITOR
    )
    contact_id = fields.Many2one(related="conversation_id.contact_id", store=True, index=True, groups=GROUP_EDITOR)
    partner_id = fields.Many2one(
        related="conversation_id.partner_id", store=True, index=True, string="Partner", groups=GROUP_EDITOR
    )
    channel_id = fields.Many2one(related="conversation_id.channel_id", store=True, string="Number")
    company_id = fields.Many2one(related="conversation_id.company_id", store=True)
    user_id = fields.Many2one("res.users", "Agent", readonly=True, index="btree_not_null", ondelete="set null")
    team_id = fields.Many2one("whatsapp.cs.team", readonly=True, ondelete="set null")
    lang = fields.Char("Language", readonly=True)

    # state: the states it may be entered from
    _STATE_SOURCES = {
        "due": ("due", "skipped"),
        "asked": ("due",),
        "skipped": ("due",),
        "rated": ("asked", "rated", "commenting", "done"),  # the customer may correct the stars
        "commenting": ("rated", "done"),
        "done": ("rated", "commenting"),
    }
    state = fields.Selection(
        [
            ("due", "To Be Asked"),
            ("asked", "Asked"),
            ("rated", "Rated"),
            ("commenting", "Writes a Comment"),
            ("done", "Done"),
            ("skipped", "Not Asked"),
        ],
        default="due",
        required=True,
        readonly=True,
    )
    state_date = fields.Datetime("In This State Since", readonly=True, default=fields.Datetime.now)
    skip_reason = fields.Selection(
        [
            ("window", "Window closed"),
            ("newer", "The customer has written again"),
            ("policy", "The customer gets no such messages now"),
            ("error", "An internal error; see the server's log"),
        ],
        "Why Not",
        readonly=True,
    )
    due_date = fields.Datetime("To Be Asked On", readonly=True)
    asked_date = fields.Datetime("Asked On", readonly=True)
    reminded_date = fields.Datetime("Reminded On", readonly=True)
    rated_date = fields.Datetime("Rated On", readonly=True)
    value = fields.Integer("Stars", readonly=True, aggregator="avg")
    satisfaction = fields.Float("Satisfied (%)", readonly=True, aggregator="avg", help="4 or 5 stars. The goal: 90 %.")
    rating_id = fields.Many2one("rating.rating", readonly=True, ondelete="set null", groups=GROUP_EDITOR)
    comment = fields.Text(related="rating_id.feedback", groups=GROUP_EDITOR)
    needs_review = fields.Boolean(
        "To Be Looked At", readonly=True, help="Fewer than 4 stars, and no editor has been there."
    )
    reviewed_by_id = fields.Many2one("res.users", "Looked At By", readonly=True, ondelete="set null")

    _conversation_uniq = models.UniqueIndex("(conversation_id)")
    _due_idx = models.Index("(due_date) WHERE state = 'due'")
    _asked_idx = models.Index("(asked_date) WHERE state = 'asked' AND reminded_date IS NULL")
    _commenting_idx = models.Index("(contact_id) WHERE state = 'commenting'")

    def _update_state(self, state, **values):
        """Enter ``state``; the only method that writes it."""
        for rating in self:
            if rating.state not in self._STATE_SOURCES[state]:
                raise UserError(self.env._("This rating can't become “%s” any more.", state))
        self.write({**values, "state": state, "state_date": fields.Datetime.now()})

    # === BUTTONS === #

    def action_view_conversation(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "whatsapp.cs.conversation",
            "res_id": self.conversation_id.id,
            "views": [(False, "form")],
        }

    def action_set_reviewed(self):
        """An editor has looked at low ratings."""
        self.check_access("read")
        if not self.env.user.has_group(GROUP_EDITOR):
            raise UserError(self.env._("Editors look at low ratings."))
        # sudo: whatsapp.cs.rating - nobody writes ratings, except this note of editors
        self.sudo().filtered("needs_review").write({"needs_review": False, "reviewed_by_id": self.env.uid})

    # === ASKING === #

    @api.model
    def _plan(self, conversations):
        """Ask the customers of cases that have just been resolved, after the channel's delay; each case once."""
        known = {
            rating.conversation_id: rating for rating in self.search([("conversation_id", "in", conversations.ids)])
        }
        for conversation in conversations:
            channel = conversation.channel_id
            values = {
                "user_id": conversation.user_id.id,
                "team_id": conversation.team_id.id,
                "due_date": fields.Datetime.now() + timedelta(minutes=channel.rating_delay_minutes),
            }
            rating = known.get(conversation)
            if not rating:
                self.create({"conversation_id": conversation.id, "lang": conversation._get_customer_lang(), **values})
            elif rating.state in self._STATE_SOURCES["due"]:
                rating._update_state("due", skip_reason=False, **values)
            else:
                continue  # asked already: one question for each case
            self._trigger_batches(at=values["due_date"])

    @api.model
    def _cron_ask(self):
        """Ask whose time has come, remind who has not answered; each once."""
        self._run_batches()

    @api.model
    def _claim(self):
        """Lock ratings of resolved cases, and the cases: what the customer writes at this moment comes before or after."""
        self.env.flush_all()
        query = SQL(
            """
            SELECT rating.id
              FROM whatsapp_cs_rating rating
              JOIN whatsapp_cs_conversation conversation ON conversation.id = rating.conversation_id
             WHERE rating.id IN (
                   SELECT id FROM whatsapp_cs_rating WHERE state = 'due' AND due_date <= %(now)s
                   UNION ALL
                   SELECT asked.id FROM whatsapp_cs_rating asked
                     JOIN whatsapp_cs_channel channel ON channel.id = asked.channel_id
                    WHERE asked.state = 'asked' AND asked.reminded_date IS NULL AND channel.rating_reminder_hours > 0
                      AND asked.asked_date <= %(now)s - channel.rating_reminder_hours * interval '1 hour')
               AND conversation.state = 'resolved' AND conversation.active
             ORDER BY rating.id LIMIT %(limit)s
               FOR NO KEY UPDATE OF conversation, rating SKIP LOCKED
            """,
            now=fields.Datetime.now(),
            limit=BATCH_SIZE,
        )
        return self.browse(row_id for (row_id,) in self.env.execute_query(query))

    def _work(self):
        if self.state == "due":
            self._ask()
        else:
            self._remind()

    def _set_failed(self, error):
        """Do without: nobody needs to be asked so much that it is tried again."""
        if self.state == "due":
            self._update_state("skipped", skip_reason="policy" if isinstance(error, UserError) else "error")
        else:
            self.reminded_date = fields.Datetime.now()

    def _ask(self):
        """Ask the customer, unless that would be in the way: then it is noted why not."""
        self.ensure_one()
        reason = self._get_obstacle()
        if not reason and not self._send_first_question():
            reason = "policy"
        if reason:
            self._update_state("skipped", skip_reason=reason)
        else:
            self._update_state("asked", asked_date=fields.Datetime.now())

    def _remind(self):
        """Ask once more who has neither answered nor written anything else."""
        self.ensure_one()
        self.reminded_date = fields.Datetime.now()
        written = [
            ("contact_id", "=", self.contact_id.id), ("direction", "=", "in"), ("date", ">=", self.asked_date)
        ]  # fmt: skip
        if not self._get_obstacle() and not self.env["whatsapp.cs.message"].search_count(written, limit=1):
            env = self._in_customers_language().env
            self._send_question(env._("It takes one tap, and helps us to do better. How was our service?"))

    def _get_obstacle(self):
        """Return why the customer is not asked now, a key of ``skip_reason``, or None."""
        conversation = self.conversation_id
        newer = [("contact_id", "=", self.contact_id.id), ("id", ">", conversation.id)]
        if conversation.search_count(newer, limit=1):
            return "newer"
        if not conversation.is_window_open:
            return "window"
        return "policy" if self.env["whatsapp.cs.send.policy"]._check(self.contact_id, "text") else None

    def _send_first_question(self):
        """Send the channel's question; see ``_send_question``."""
        return self._send_question(self._in_customers_language().channel_id.rating_text)

    def _send_question(self, text):
        """Send a question with the choices of the channel's kind; return the message, none when one more is too many."""
        rating = self._in_customers_language()
        choices = [(rating._get_choice_id(value), title) for value, title in rating._get_choices()]
        content = message_payload.get_reply_content(text, choices, rating.env._("Rate us"))
        return self.conversation_id._answer_automatically("rating", text, message_type="interactive", content=content)

    def _get_choices(self):
        """Return ``[(stars, title)]`` as the channel asks."""
        env = self.env
        words = {5: env._("Excellent"), 4: env._("Good"), 3: env._("Okay"), 2: env._("Poor"), 1: env._("Bad")}
        if self.channel_id.rating_kind == "buttons":
            return [(5, env._("😀 Good")), (3, env._("😐 Okay")), (1, env._("🙁 Bad"))]
        if self.channel_id.rating_kind == "emoji":
            return [(value, f"{emoji} {words[value]}") for value, emoji in zip(words, "😍🙂😐🙁😡", strict=True)]
        return [(value, f"{'★' * value} {word}") for value, word in words.items()]

    def _get_choice_id(self, choice):
        """Return the id of a button: it comes back with the answer, however old the question is."""
        return f"{CHOICE_PREFIX}{self.id}:{choice}"

    def _in_customers_language(self):
        self.ensure_one()
        return self.with_context(lang=self.conversation_id._get_customer_lang())
