import psycopg2
from markupsafe import escape

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools.float_utils import float_is_zero

from .whatsapp_cs_queue import CONCURRENCY_ERRORS


class WhatsappCsBotRun(models.Model):
    """What a bot does beside talking: fields, tags, actions. What fails is noted, and never holds up the talk."""

    _inherit = "whatsapp.cs.bot.run"  # pylint: disable=consider-merging-classes-inherited

    def _on_write(self, step, model, field, value):
        label = self.env[model]._fields[field]._description_string(self.env)
        name = self.env._("“%(step)s” could not be written to “%(field)s”", step=step.name, field=label)
        self._attempt(name, lambda: self._write_target(model, field, value))

    def _write_target(self, model, name, value):
        record = self.conversation_id.partner_id if model == "res.partner" else self.conversation_id._get_bot_lead()
        record.write({name: self._convert(record._fields[name], value)})

    def _convert(self, field, value):
        """Return an answer as ``field`` takes it; raise UserError when it can't be."""
        if field.type in ("char", "text"):
            yesno = {True: self.env._("Yes"), False: self.env._("No")}
            return yesno[value] if isinstance(value, bool) else str(value)
        if field.type == "html":
            return str(escape(value))
        if field.type == "boolean":
            return value if isinstance(value, bool) else str(value).strip().lower() in ("1", "true", "yes")
        if field.type == "selection":
            return self._convert_selection(field, value)
        if field.type == "date":
            return fields.Date.to_date(value)
        if field.type == "datetime":
            return fields.Datetime.to_datetime(value)
        number = float(value)
        if field.type == "integer" and not float_is_zero(number - round(number), precision_digits=6):
            raise UserError(self.env._("the field takes whole numbers"))
        return round(number) if field.type == "integer" else number

    def _convert_selection(self, field, value):
        text = ("yes" if value else "no") if isinstance(value, bool) else str(value)
        for key, label in field._description_selection(self.env):
            if text.casefold() in (str(key).casefold(), label.casefold()):
                return key
        raise UserError(self.env._("the field has no such choice"))

    def _on_tag(self, step, tags):
        self.conversation_id.tag_ids |= self.conversation_id.tag_ids.browse(tags).exists()

    def _on_action(self, step, action):
        name = self.env._("the action of “%s” failed", step.name)
        self._attempt(name, lambda: self._run_action(self.env["ir.actions.server"].browse(action)))

    def _run_action(self, action):
        """Run a server action on the conversation, its contact or its lead, whatever it was made for."""
        conversation = self.conversation_id
        records = {"res.partner": conversation.partner_id, "crm.lead": conversation.lead_id}
        record = records.get(action.model_name, conversation)
        if not record:
            raise UserError(self.env._("the customer has no lead"))
        action.with_context(active_model=record._name, active_id=record.id, active_ids=record.ids).run()

    def _attempt(self, name, action):
        """Do something that may fail, all of it or nothing; note ``name`` and why when it does."""
        try:
            with self.env.cr.savepoint():
                action()
        except (*CONCURRENCY_ERRORS, psycopg2.OperationalError):
            raise  # the inbox tries again
        except Exception as error:  # an action holds anybody's code
            # Only what was written for people: other errors may hold what the customer wrote.
            reason = str(error) if isinstance(error, UserError) else type(error).__name__
            self._note_problem(f"{name}: {reason}.")
