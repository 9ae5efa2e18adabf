from odoo import models
from odoo.fields import Domain

LIST_LIMIT = 60  # templates shown in the picker at once; the search finds the others


class DiscussChannel(models.Model):
    """The chat's template picker. See ``whatsapp.cs.template`` for what is sent."""

    _inherit = "discuss.channel"  # pylint: disable=consider-merging-classes-inherited

    def whatsapp_cs_get_templates(self, search=""):
        """Return the templates that can be sent in this chat, those in the customer's language first."""
        self._whatsapp_cs_get_conversation()._check_is_agent()
        # sudo: whatsapp.cs.* - whose chat it is; who may see it may know that
        contact_sudo = self.sudo().whatsapp_cs_contact_id
        domain = Domain("account_id", "=", contact_sudo.channel_id.account_id.id) & Domain("state", "=", "approved")
        if search:
            domain &= Domain("name", "ilike", search) | Domain("body", "ilike", search)
        templates = self.env["whatsapp.cs.template"].search(domain)
        lang = (contact_sudo.partner_id.lang or "")[:2]
        templates = templates.sorted(lambda template: (template.language[:2] != lang, template.name))
        categories = dict(templates._fields["category"]._description_selection(self.env))
        return {
            "templates": [
                {
                    "id": template.id,
                    "name": template.name,
                    "language": template.language,
                    "category": categories[template.category],
                    "text": template._get_body(),
                }
                for template in templates[:LIST_LIMIT]
            ],
            "more": max(0, len(templates) - LIST_LIMIT),
        }

    def whatsapp_cs_get_template(self, template_id, values=None):
        """Return one template for this chat: its variables, filled, the preview, and why it can't be sent.

        :param values: ``{key: text}`` that the agent has typed; None: everything is filled anew
        """
        self._whatsapp_cs_get_conversation()._check_is_agent()
        template = self.env["whatsapp.cs.template"].browse(template_id)
        template.check_access("read")
        contact = self.sudo().whatsapp_cs_contact_id  # sudo: whatsapp.cs.contact - as above
        texts = template._get_texts(values=values, contact=contact, user=self.env.user)
        verdict = self.env["whatsapp.cs.send.policy"]._check(contact, "template", template.category)
        return {
            "variables": [
                {
                    "key": slot.key,
                    "label": variable._get_label(),
                    "value": texts[slot],
                    "placeholder": (variable.sample and self.env._("such as %s", variable.sample)) or "",
                }
                for variable in template.variable_ids
                for slot in [variable._get_slot()]
            ],
            "preview": template._render_preview(texts),
            "refusal": template._get_refusal() or (verdict.text if verdict else ""),
            "notice": self._whatsapp_cs_get_template_notice(template),
        }

    def _whatsapp_cs_get_template_notice(self, template):
        """Return what to say below the preview: what the message will probably cost, and why."""
        price = self.whatsapp_cs_get_price("template", template.category)
        return f"{price['text']} · {price['category']} · {price['reason']}"

    def whatsapp_cs_send_template(self, template_id, values=None):
        """Send a template in this chat, with the rights of an ordinary answer."""
        conversation = self._whatsapp_cs_get_conversation()
        conversation._lock()
        conversation._check_can_send_template()
        template = self.env["whatsapp.cs.template"].browse(template_id)
        template.check_access("read")
        template._send(self.whatsapp_cs_contact_id, values=values or {}, user=self.env.user)
