from odoo import SUPERUSER_ID, api, models


class WhatsappCsAudited(models.AbstractModel):
    """Writes down in the audit who creates, changes and deletes records of a model (CO5)."""

    _name = "whatsapp.cs.audited"
    _description = "WhatsApp Audited Record"

    _audited_fields = None  # None: everything that people set
    _audited_too = ()  # what is not set by hand and matters as much
    _audited_secrets = ()  # of these it is noted that they changed, never their values
    _audits_system = True  # False: what the system does by itself, without a person, is routine

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        if self._is_audited():
            self.env["whatsapp.cs.audit"]._log(records, "create")
        return records

    def write(self, vals):
        names = [name for name in self._get_audited_names() if name in vals]
        if not names or not self._is_audited():
            return super().write(vals)
        before = self._get_audit_values(names)
        result = super().write(vals)
        after = self._get_audit_values(names)
        self.env["whatsapp.cs.audit"]._append(
            [
                (record, "write", name, *record._format_audit_change(name, before[record][name], after[record][name]))
                for record in self
                for name in names
                if before[record][name] != after[record][name]
            ]
        )
        return result

    def unlink(self):
        self.check_access("unlink")
        if self._is_audited():
            self.env["whatsapp.cs.audit"]._log(self, "unlink")
        return super().unlink()

    def _get_audited_names(self):
        names = self._audited_fields
        if names is None:
            names = [
                name
                for name, field in self._fields.items()
                if field.store and not (field.readonly or field.compute or field.related)
                if field.type not in ("one2many", "binary", "json")
            ]
        return {*names, *self._audited_too, *self._audited_secrets}

    def _is_audited(self):
        return self._audits_system or self.env.uid != SUPERUSER_ID

    def _get_audit_values(self, names):
        # sudo: the audit notes what was changed, also what its author may not read
        return {record: {name: record.sudo()[name] for name in names} for record in self}

    def _format_audit_change(self, name, old, new):
        if name in self._audited_secrets:
            return None, self.env._("(changed)")
        return self._format_audit_value(name, old), self._format_audit_value(name, new)

    def _format_audit_value(self, name, value):
        """Return a value as people read it, in English whoever changes it: the audit is one list."""
        field = self._fields[name]
        if field.relational:
            return ", ".join(record.display_name or "" for record in value.with_context(lang="en_US")) or None
        if field.type == "boolean":
            return str(bool(value))
        if field.type == "selection" and value:
            return dict(field._description_selection(self.with_context(lang="en_US").env)).get(value, value)
        exported = field.convert_to_export(value, self)
        return None if exported is False or exported in ("", None) else str(exported)

    def _get_audit_name(self):
        self.ensure_one()
        # sudo: as in _get_audit_values
        return self.sudo().display_name
