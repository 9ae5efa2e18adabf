from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

DELETE_BATCH = 10_000
# The guard lets go of nothing younger, whoever asks and whatever the setting says.
SHORTEST_DAYS = 90

GUARD = f"""
CREATE OR REPLACE FUNCTION whatsapp_cs_audit_guard() RETURNS trigger LANGUAGE plpgsql AS $guard$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('whatsapp_cs.audit_retention', true) = 'on' THEN
        IF OLD.date < now() AT TIME ZONE 'UTC' - interval '{SHORTEST_DAYS} days' THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'The WhatsApp audit is append-only: nothing in it is changed or deleted.'
        USING ERRCODE = 'insufficient_privilege';
END
$guard$;
DROP TRIGGER IF EXISTS whatsapp_cs_audit_row ON whatsapp_cs_audit;
CREATE TRIGGER whatsapp_cs_audit_row BEFORE UPDATE OR DELETE ON whatsapp_cs_audit
    FOR EACH ROW EXECUTE FUNCTION whatsapp_cs_audit_guard();
DROP TRIGGER IF EXISTS whatsapp_cs_audit_table ON whatsapp_cs_audit;
CREATE TRIGGER whatsapp_cs_audit_table BEFORE TRUNCATE ON whatsapp_cs_audit
    FOR EACH STATEMENT EXECUTE FUNCTION whatsapp_cs_audit_guard();
"""


class WhatsappCsAudit(models.Model):
    """Who did what, when, on which record, from where. Only ever added to: the database itself refuses the rest.

    A later version that changes the table's rows must drop the triggers first; they come back at the update's end.
    """

    _name = "whatsapp.cs.audit"
    _inherit = ["whatsapp.cs.limits"]
    _description = "WhatsApp Audit"
    _order = "id desc"
    _rec_name = "record_name"
    _log_access = False
    _limits = "audit"

    date = fields.Datetime("When", required=True, readonly=True, default=fields.Datetime.now)
    # Who has left a trace can be archived, not deleted: who it was must stay known.
    user_id = fields.Many2one("res.users", "Who", required=True, readonly=True, index=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", readonly=True, ondelete="restrict")
    action = fields.Selection(
        [
            ("create", "Created"),
            ("write", "Changed"),
            ("unlink", "Deleted"),
            ("role", "Role Changed"),
            ("take_over", "Taken Over"),
            ("export", "Exported"),
        ],
        required=True,
        readonly=True,
    )
    res_model = fields.Selection("_selection_res_model", "Kind of Record", required=True, readonly=True)
    res_id = fields.Integer("Record ID", readonly=True, aggregator=None)
    record_name = fields.Char("Record", readonly=True, help="As it was called then.")
    field_name = fields.Char("Technical Field", readonly=True)
    field_label = fields.Char("Field", compute="_compute_field_label")
    old_value = fields.Text("Before", readonly=True)
    new_value = fields.Text("After", readonly=True)
    origin = fields.Selection(
        [("screen", "Screen"), ("api", "API"), ("job", "Job of the Server")], required=True, readonly=True
    )
    ip_address = fields.Char("IP Address", readonly=True)
    browser = fields.Char(readonly=True)
    platform = fields.Char("System", readonly=True)

    _record_idx = models.Index("(res_model, res_id)")
    _date_idx = models.Index("(date)")

    @api.model
    def _selection_res_model(self):
        names = ["res.users", *sorted(name for name in self.env.registry if name.startswith("whatsapp.cs."))]
        return [(name, self.env[name]._description) for name in names]

    @api.depends("res_model", "field_name")
    @api.depends_context("lang")
    def _compute_field_label(self):
        for entry in self:
            model = self.env.get(entry.res_model, self)
            field = model._fields.get(entry.field_name)
            entry.field_label = field.get_description(self.env, ["string"])["string"] if field else entry.field_name

    def init(self):
        result = super().init()
        self.env.cr.execute(GUARD)
        return result

    @api.model
    def _drop_guard(self):
        """Let the table be removed with the addon."""
        self.env.cr.execute("DROP FUNCTION IF EXISTS whatsapp_cs_audit_guard() CASCADE")

    # === APPEND-ONLY === #

    def write(self, vals):
        self._refuse()
        return super().write(vals)

    def unlink(self):
        self._refuse()
        return super().unlink()

    def _refuse(self):
        if self:
            raise AccessError(self.env._("The audit is only ever added to: nothing in it can be changed or deleted."))

    # === WRITING === #

    @api.model
    def _log(self, records, action, old=None, new=None, field_name=None):
        """Note that the current user did ``action`` to each of ``records``.

        :param old: the value before, and ``new`` the one after, as people read them: never a secret
        """
        self._append([(record, action, field_name, old, new) for record in records])

    @api.model
    def _append(self, entries):
        """Write ``(record, action, field, old, new)`` of the current user and request."""
        origin = self.env["ir.http"]._whatsapp_cs_get_origin()
        # sudo: whatsapp.cs.audit - everybody's deeds are noted; only administrators read them
        return self.sudo().create(
            [
                {
                    **origin,
                    "user_id": self.env.uid,
                    "company_id": self._find_company(record).id,
                    "action": action,
                    "res_model": record._name,
                    "res_id": record.id,
                    "record_name": self._get_record_name(record),
                    "field_name": field_name,
                    "old_value": old,
                    "new_value": new,
                }
                for record, action, field_name, old, new in entries
            ]
        )

    @api.model
    def _find_company(self, record):
        if record and "company_id" in record._fields:
            return record.sudo().company_id  # sudo: only whose record it is
        return self.env.company

    @api.model
    def _get_record_name(self, record):
        if not record:
            return False
        # sudo: the name of what was changed, for those who may read the audit
        return record._get_audit_name() if hasattr(record, "_get_audit_name") else record.sudo().display_name

    # === BUTTONS === #

    def action_open_record(self):
        self.ensure_one()
        record = self.env[self.res_model].browse(self.res_id).exists() if self.res_model in self.env else None
        if not record:
            raise UserError(self.env._("“%s” is not there any more.", self.record_name or self.res_id))
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "views": [(False, "form")],
        }

    # === RETENTION === #

    @api.model
    def _set_limit(self, name, value):
        if value * 30 < SHORTEST_DAYS:
            raise ValidationError(self.env._("The audit is kept for at least %s months.", SHORTEST_DAYS // 30))
        return super()._set_limit(name, value)

    @api.autovacuum
    def _gc_old(self):
        """Delete what is older than the setting says; the database lets only this pass."""
        months = max(self._get_limit("months"), SHORTEST_DAYS // 30)
        before = fields.Datetime.subtract(fields.Datetime.now(), months=months)
        self.env.cr.execute("SELECT set_config('whatsapp_cs.audit_retention', 'on', true)")
        deleted = self.env.execute_query(
            SQL(
                """
                DELETE FROM whatsapp_cs_audit
                 WHERE id = ANY(ARRAY(SELECT id FROM whatsapp_cs_audit WHERE date < %s ORDER BY date LIMIT %s))
                RETURNING id
                """,
                before,
                DELETE_BATCH,
            )
        )
        self.env.cr.execute("SELECT set_config('whatsapp_cs.audit_retention', '', true)")
        return len(deleted), DELETE_BATCH if len(deleted) == DELETE_BATCH else 0
