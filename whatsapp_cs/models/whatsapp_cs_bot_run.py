from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import phone
from ..tools.bot_engine import Engine, Input

ACTIVE = ("running", "asking")
BATCH_SIZE = 50  # deadlines of one transaction
NEXT_TRY = timedelta(hours=1)  # to give up, after that has failed


class WhatsappCsBotRun(models.Model):
    """A customer's way through a bot, kept between messages.

    What a message changes and what is sent because of it are written in the inbox's transaction: a worker that dies leaves
    neither, or both. Two messages of one customer come one after the other: whoever takes one in has locked the case.
    """

    _name = "whatsapp.cs.bot.run"
    _inherit = ["whatsapp.cs.batch"]
    _batch_cron = "whatsapp_cs.ir_cron_whatsapp_cs_bot_deadlines"
    _description = "WhatsApp Bot Run"
    _order = "id desc"
    _rec_name = "bot_id"

    version_id = fields.Many2one(
        "whatsapp.cs.bot.version", required=True, readonly=True, index=True, ondelete="restrict"
    )
    bot_id = fields.Many2one("whatsapp.cs.bot", required=True, readonly=True, index=True, ondelete="restrict")
    conversation_id = fields.Many2one(
        "whatsapp.cs.conversation", required=True, readonly=True, index=True, ondelete="cascade"
    )
    contact_id = fields.Many2one(related="conversation_id.contact_id", store=True, index=True)
    channel_id = fields.Many2one(related="conversation_id.channel_id", store=True)
    company_id = fields.Many2one(related="conversation_id.company_id", store=True, index=True)

    # state: the states it may be entered from
    _STATE_SOURCES = {
        "running": ("asking",),
        "asking": ("running",),
        "handed_over": ("running", "asking"),
        "finished": ("running", "asking"),
        "timed_out": ("asking",),
    }
    state = fields.Selection(
        [
            ("running", "Running"),
            ("asking", "Waiting for an Answer"),
            ("handed_over", "Handed Over"),
            ("finished", "Finished"),
            ("timed_out", "Given Up"),
        ],
        default="running",
        required=True,
        readonly=True,
        index=True,
    )
    state_date = fields.Datetime("In This State Since", readonly=True, default=fields.Datetime.now)
    step_id = fields.Many2one("whatsapp.cs.bot.step", "Present Step", readonly=True, ondelete="restrict")
    data = fields.Json(readonly=True, help="How far the customer has got, as tools/bot_engine.py keeps it.")
    lang = fields.Char("Language", readonly=True)
    reason = fields.Char("Started By", readonly=True)
    end_reason = fields.Char("Ended By", readonly=True)
    problem = fields.Char(readonly=True, help="What the bot could not do, and went on without.")
    start_date = fields.Datetime("Started", required=True, readonly=True, default=fields.Datetime.now)
    end_date = fields.Datetime("Ended", readonly=True)
    asked_date = fields.Datetime("Asked On", readonly=True)
    reminder_date = fields.Datetime("To Be Reminded On", readonly=True)
    timeout_date = fields.Datetime("Gives Up On", readonly=True)
    answer_ids = fields.One2many("whatsapp.cs.bot.answer", "run_id", "Answers")
    path = fields.Char(compute="_compute_path")

    _one_active = models.UniqueIndex("(conversation_id) WHERE state IN ('running', 'asking')")
    _deadline_idx = models.Index("(LEAST(reminder_date, timeout_date)) WHERE state = 'asking'")

    @api.depends("data", "version_id.definition")
    def _compute_path(self):
        for run in self:
            steps = run.version_id.definition["steps"]
            run.path = " → ".join(steps[key]["name"] for key in (run.data or {}).get("path", ()))

    @api.depends("bot_id.name", "contact_id.name")
    def _compute_display_name(self):
        for run in self:
            run.display_name = f"{run.bot_id.name}: {run.contact_id.name}"

    # === BUTTONS === #

    def action_view_conversation(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "whatsapp.cs.conversation",
            "res_id": self.conversation_id.id,
            "views": [(False, "form")],
        }

    # === A CUSTOMER'S MESSAGES === #

    @api.model
    def _find_active(self, conversations):
        """Return the runs that go on in ``conversations``, at most one in each."""
        return self.search([("conversation_id", "in", conversations.ids), ("state", "in", ACTIVE)])

    @api.model
    def _begin(self, version, conversation, reason, is_asked_for=False):
        """Begin a version of a bot with a customer, up to its first question; return the run.

        :param is_asked_for: the customer wants it; else what it says first counts as automatic (AR6)
        """
        run = self.create(
            {
                "version_id": version.id,
                "bot_id": version.bot_id.id,
                "conversation_id": conversation.id,
                "lang": conversation._get_customer_lang(),
                "reason": reason,
                "data": {},
            }
        )
        if conversation.state != "bot":
            conversation._set_bot()
        engine = run._get_engine()
        engine.start()
        run._apply(engine, is_first=not is_asked_for)
        return run

    def _answer_messages(self, messages, _conversation):
        """Take in messages as automation's plan wants it; return that no person is needed beside."""
        self._on_messages(messages)
        return True

    def _on_messages(self, messages):
        """Take in what a customer has written, in order; the run may end, or begin anew, with one of them."""
        self.ensure_one()
        run = self
        conversation = self.conversation_id
        for number, message in enumerate(messages):
            run = run if run.state in ACTIVE else self._find_active(conversation)
            if not run:
                # What came in one go with the last answer is not answered by it: a person looks.
                if conversation.state in ("waiting", "resolved"):
                    conversation._set_queued()
                    conversation.unanswered_date = message.date
                return
            run._on_message(message, is_early=number > 0)

    def _on_message(self, message, is_early):
        """Take in one message.

        :param is_early: it came together with the one that the present question follows
        """
        self._update_state("running")
        engine = self._get_engine()
        content = message.content if isinstance(message.content, dict) else {}
        is_reply = content.get("kind") == "reply"
        engine.receive(
            Input(
                text=message.body or "",
                choice=(is_reply and content.get("id")) or "",
                is_words=message.message_type == "text" or is_reply,
                is_early=is_early or bool(self.asked_date and message.date < self.asked_date),
            )
        )
        self._apply(engine)

    def _get_engine(self):
        self.ensure_one()
        return Engine(
            self.version_id.definition,
            self.data or {},
            self.id,
            self.lang,
            phone.get_country_code(self.contact_id.wa_id) or None,
            fields.Date.context_today(self.with_context(tz=self.channel_id.tz)),
            self._look_up,
        )

    def _look_up(self, model, name):
        """Return a field of the customer's contact or lead, as conditions compare it."""
        record = self.conversation_id.partner_id if model == "res.partner" else self.conversation_id.lead_id
        if not record or name not in record._fields:
            return None
        value = record[name]
        if isinstance(value, models.BaseModel):
            return value.display_name or None
        if value is False and record._fields[name].type != "boolean":
            return None
        return value if isinstance(value, (bool, int, float)) else str(value)

    # === WHAT FOLLOWS === #

    def _apply(self, engine, is_first=False):
        """Do what the engine wants done, in order, and keep how far the customer has got.

        :param is_first: the bot begins without having been asked for: what it says first counts as automatic (AR6)
        """
        self.ensure_one()
        self.data = engine.state
        for kind, step, values in engine.outputs:
            step = self.step_id.browse(int(step["key"]))
            if kind == "say":
                self.conversation_id._say_as_bot(step, values, counts=is_first)
                is_first = False
            else:
                getattr(self, f"_on_{kind}")(step, **values)
        if self.state == "running":
            self._update_state("asking")
            self._set_deadlines()
            self.conversation_id.unanswered_date = False  # it is the customer who is waited for

    def _set_deadlines(self):
        now, definition = fields.Datetime.now(), self.version_id.definition
        minutes = definition["reminder_minutes"]
        self.write(
            {
                "reminder_date": fields.Datetime.add(now, minutes=minutes) if minutes else False,
                "timeout_date": fields.Datetime.add(now, hours=definition["timeout_hours"]),
            }
        )

    def _on_asked(self, step):
        self.env["whatsapp.cs.bot.answer"].create({"run_id": self.id, "step_id": step.id})
        self.write({"step_id": step.id, "asked_date": fields.Datetime.now()})

    def _on_answered(self, step, answer):
        now = fields.Datetime.now()
        if answer is None:
            self._close_answer("skipped", answered_date=now)
        else:
            self._close_answer("answered", answered_date=now, text=answer["text"], value=answer["value"])

    def _on_refused(self, step):
        row = self._get_open_answer()
        row.wrong_count += 1
        self.asked_date = fields.Datetime.now()

    def _on_ignored(self, step):
        """What answers nothing stays in the chat; nothing is said to it."""

    def _on_recommend(self, step, products, names):
        self.env["whatsapp.cs.bot.answer"].create(
            {
                "run_id": self.id,
                "step_id": step.id,
                "outcome": "recommended",
                "text": ", ".join(names),
                "value": products,
            }
        )

    def _on_hand_over(self, step, reason, team=None, skill=None, is_misunderstood=False, is_loop=False):
        outcome = "person" if reason == "person_asked" else "misunderstood" if is_misunderstood else "taken"
        reasons = {
            "person": self.env._("the customer asked for a person at “%s”", step.name),
            "misunderstood": self.env._("the answers to “%s” were not understood", step.name),
            "taken": self.env._("the customer came to “%s” too often", step.name)
            if is_loop
            else self.env._("the bot: “%s”", step.name),
        }
        self._end("handed_over", outcome, reasons[outcome])
        if outcome == "person":
            self.conversation_id._note_automation("person_asked", bot_step_id=step.id)
        self.conversation_id._hand_over_from_bot(reason, self, team, skill)

    def _on_finish(self, step, ending):
        self._end("finished", "left", self.env._("the bot: “%s”", step.name))
        if ending == "waiting":
            self.conversation_id.unanswered_date = False
            self.conversation_id._set_waiting()
        else:
            self.conversation_id._set_resolved()

    def _on_restart(self, step):
        self._end("finished", "restarted", self.env._("the customer began anew"))
        version = self.bot_id.version_id or self.version_id
        self._begin(version, self.conversation_id, self.env._("began anew"), is_asked_for=True)

    def _get_answer_lines(self):
        """Return ``[(question, answer)]`` of what the customer has said, for the person who goes on."""
        return [(answer.step_id.name, answer.text) for answer in self.answer_ids.sorted("id") if answer.text]

    def _get_open_answer(self):
        return self.answer_ids.filtered(lambda answer: answer.outcome == "open")

    def _close_answer(self, outcome, **values):
        self._get_open_answer().write({"outcome": outcome, **values})

    def _note_problem(self, text):
        """Keep what the bot could not do; it goes on without, and an editor finds it in the list of runs."""
        self.problem = "\n".join(filter(None, [self.problem, text]))

    # === THE END === #

    def _end(self, state, outcome, reason):
        """End the run; ``outcome`` is that of the question that is open, if one is."""
        self._close_answer(outcome)
        self._update_state(
            state,
            end_date=fields.Datetime.now(),
            end_reason=reason,
            reminder_date=False,
            timeout_date=False,
            step_id=False,
        )
        self.flush_recordset()  # the next run of the case may begin in the same transaction

    def _on_taken(self, state):
        """End runs whose case somebody has taken, released or closed, or which is going to a person for another reason."""
        for run in self:
            run._end(
                "finished" if state == "resolved" else "handed_over", "taken", self.env._("somebody else took over")
            )

    def _update_state(self, state, **values):
        """Enter ``state``; the only method that writes it."""
        for run in self:
            if run.state not in self._STATE_SOURCES[state]:
                raise ValueError(f"whatsapp.cs.bot.run {run.id}: {run.state} can't become {state}")
            run.write({**values, "state": state, "state_date": fields.Datetime.now()})

    # === DEADLINES === #

    @api.model
    def _cron_deadlines(self):
        """Remind of questions that nobody has answered, and give up on others; each once."""
        self._run_batches()

    @api.model
    def _claim(self):
        """Lock runs whose deadline is over, and their cases before whoever takes in a message; return the runs."""
        self.env.flush_all()
        query = SQL(
            """
            SELECT run.id FROM whatsapp_cs_bot_run run
              JOIN whatsapp_cs_conversation conversation ON conversation.id = run.conversation_id
             WHERE run.state = 'asking' AND LEAST(run.reminder_date, run.timeout_date) <= %s
             ORDER BY LEAST(run.reminder_date, run.timeout_date), run.id
             LIMIT %s FOR NO KEY UPDATE OF conversation, run SKIP LOCKED
            """,
            fields.Datetime.now(),
            BATCH_SIZE,
        )
        return self.browse(row_id for (row_id,) in self.env.execute_query(query))

    def _work(self):
        """Take a deadline away in the transaction that brings what follows from it."""
        self.ensure_one()
        if self.timeout_date <= fields.Datetime.now():
            self._give_up()
        else:
            self.reminder_date = False
            self._remind()

    def _set_failed(self, error):
        """Do without the reminder; giving up is tried again, or the customer would be waited for for ever."""
        self.reminder_date = False
        self.timeout_date = max(self.timeout_date, fields.Datetime.now() + NEXT_TRY)
        text = self.env._("Reminding or giving up failed, see the server's log: it is tried again every hour.")
        if text not in (self.problem or ""):
            self._note_problem(text)

    def _remind(self):
        """Ask once more, while free text is allowed and wanted."""
        if not self.contact_id.is_window_open or self.contact_id.consent == "out":
            return
        engine = self._get_engine()
        engine.remind()
        for _kind, step, said in engine.outputs:
            self.conversation_id._say_as_bot(self.step_id.browse(int(step["key"])), said, counts=True)

    def _give_up(self):
        """End with a customer who does not answer any more."""
        self._end("timed_out", "left", self.env._("the customer did not answer"))
        if self.version_id.definition["timeout_action"] == "hand_over":
            self.conversation_id._hand_over_from_bot("timeout", self)
        else:
            self.conversation_id._set_resolved()
