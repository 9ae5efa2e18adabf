from odoo import api, models


class PhoneBlacklist(models.Model):
    _inherit = "phone.blacklist"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records.filtered("active")._whatsapp_cs_note_consent()
        return records

    def write(self, vals):
        result = super().write(vals)
        if "active" in vals:
            self._whatsapp_cs_note_consent()
        return result

    def unlink(self):
        self.filtered("active")._whatsapp_cs_note_consent(is_listed=False)
        return super().unlink()

    def _whatsapp_cs_note_consent(self, is_listed=True):
        """Opt the numbers' WhatsApp contacts out, or lift that; not when it was they who told the blacklist."""
        if self.env.context.get("whatsapp_cs_consent"):
            return
        # sudo: whatsapp.cs.contact - who keeps the blacklist decides for all contacts of a number, seen or not
        Contact = self.env["whatsapp.cs.contact"].sudo()
        for record in self:
            if is_listed and record.active:
                Contact._on_blacklisted(record.number)
            else:
                Contact._on_blacklist_lifted(record.number)
