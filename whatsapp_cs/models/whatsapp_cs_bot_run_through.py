import re

from odoo import fields, models

from ..tools.bot_engine import Engine, Input
from ..tools.text_format import whatsapp_to_html


class WhatsappCsBot(models.Model):
    """Trying a bot in the browser: the engine that customers get, and nothing is sent or written."""

    _inherit = "whatsapp.cs.bot"  # pylint: disable=consider-merging-classes-inherited

    def run_through(self, state=None, text="", choice="", lang=None):
        """Return what the bot, as it is edited, does next; for the client's phone.

        :param state: what the last call returned; without one the bot begins
        :param text: what was typed, or the title of what was pressed
        :param choice: the id of the button or row that was pressed
        """
        self.ensure_one()
        self.check_access("read")
        definition = self._get_definition()
        engine = Engine(
            definition,
            state or {},
            0,
            lang or self.env.lang,
            self.company_id.country_id.code or None,
            fields.Date.context_today(self),
            lambda _model, _name: None,
        )
        if not definition["steps"]:
            return self._prepare_run_through(definition, engine)
        if state and state.get("step") in definition["steps"]:
            engine.receive(Input(text=str(text), choice=str(choice)))
        else:
            engine.start()
        if engine.outputs and engine.outputs[-1].kind == "restart":
            engine.start()
        return self._prepare_run_through(definition, engine)

    def _prepare_run_through(self, definition, engine):
        return {
            "state": engine.state,
            "shown": [shown for output in engine.outputs if (shown := self._describe_output(*output))],
            "is_over": engine.state.get("step") is None,
            "map": self._get_map(definition),
            "languages": [list(language) for language in self.env["res.lang"].get_installed()],
            "lang": engine.lang,
        }

    def _describe_output(self, kind, step, values):
        """Return what the phone, or the line between two messages, shows of something that would be done."""
        if kind == "say":
            return {"kind": "say", "html": str(whatsapp_to_html(self._fill_examples(values["body"]))), **values}
        text = self._describe_effect(kind, step, values)
        return text and {"kind": "note", "text": text}

    def _fill_examples(self, text):
        """Return ``text`` with examples for what it says of the customer: nobody is there."""
        for name, variable in self.env["whatsapp.cs.conversation"]._get_auto_reply_variables().items():
            text = re.sub(rf"\{{\{{\s*{name}\s*(\|[^{{}}]*)?\}}\}}", lambda _match: variable.example, text)  # noqa: B023
        return text

    def _describe_effect(self, kind, step, values):
        if kind == "write":
            field = self.env[values["model"]]._fields[values["field"]]
            targets = dict(self.env["whatsapp.cs.bot.step"]._fields["target_model"]._description_selection(self.env))
            return self.env._(
                "Writes “%(value)s” to %(model)s: %(field)s",
                value=values["value"],
                model=targets[values["model"]],
                field=field._description_string(self.env),
            )
        if kind == "tag":
            return self.env._(
                "Sets the tags %s", ", ".join(self.env["whatsapp.cs.tag"].browse(values["tags"]).mapped("name"))
            )
        if kind == "action":
            # sudo: ir.actions.server - its name alone, for who may edit the bot that runs it
            return self.env._("Runs “%s”", self.env["ir.actions.server"].sudo().browse(values["action"]).exists().name)
        if kind == "hand_over":
            if values.get("is_loop"):
                return self.env._("Hands over: the customer came to “%s” too often", step["name"])
            if values.get("is_misunderstood"):
                return self.env._("Hands over: the answers to “%s” were not understood", step["name"])
            return self.env._("Hands over to a person")
        texts = {
            "finish": self.env._("The bot ends; the conversation is resolved")
            if values.get("ending") == "resolved"
            else self.env._("The bot ends; the conversation stays open"),
            "restart": self.env._("Begins anew"),
            "ignored": self.env._("This button belongs to an earlier question: nothing happens"),
        }
        return texts.get(kind, "")
