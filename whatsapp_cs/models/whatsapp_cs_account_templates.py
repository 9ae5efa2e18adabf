import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..tools.graph_client import GraphError
from ..tools.private_log import queries_hidden
from .whatsapp_cs_related import count_by

_logger = logging.getLogger(__name__)

SYNC_HOURS = 23  # between two synchronisations by the cron: once a day, at about the same time


class WhatsappCsAccount(models.Model):
    """The account's message templates: kept as WhatsApp has them."""

    _inherit = "whatsapp.cs.account"  # pylint: disable=consider-merging-classes-inherited

    _TEMPLATE_FIELDS = (
        "id",
        "name",
        "language",
        "status",
        "category",
        "quality_score",
        "rejected_reason",
        "parameter_format",
        "components",
    )

    template_ids = fields.One2many("whatsapp.cs.template", "account_id", string="Templates")
    template_count = fields.Integer(compute="_compute_template_count")
    template_sync_date = fields.Datetime("Templates Fetched On", readonly=True, copy=False)
    template_sync_needed = fields.Boolean(readonly=True, copy=False, help="WhatsApp told of a change: fetched at once.")
    template_sync_error = fields.Char(readonly=True, copy=False)

    @api.depends("template_ids")
    def _compute_template_count(self):
        counts = count_by(self, "whatsapp.cs.template", "account_id")
        for account in self:
            account.template_count = counts.get(account, 0)

    # === BUTTONS === #

    def action_view_templates(self):
        return self._get_list_action("whatsapp_cs.whatsapp_cs_template_action")

    def action_sync_templates(self):
        """Fetch all templates of the account from WhatsApp now, and say how many."""
        messages = []
        for account in self:
            remote, start = account._fetch_templates(), fields.Datetime.now()
            account._apply_templates(remote, start)
            messages.append(
                self.env._(
                    "%(account)s: %(count)s templates are as at WhatsApp.", account=account.name, count=len(remote)
                )
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": "\n".join(messages) or self.env._("Connect a WhatsApp account first."),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _fetch_templates(self):
        """Return Meta's list; before anything is written, so that no transaction holds others up meanwhile."""
        try:
            return self._get_graph_client().get_templates(self.waba_id, self._TEMPLATE_FIELDS)
        except GraphError as error:
            raise UserError(self.env["whatsapp.cs.template"]._explain(error)) from error

    # === SYNCHRONISATION === #

    def _request_template_sync(self):
        """Have the cron fetch the templates once this transaction is committed."""
        self.filtered(lambda account: not account.template_sync_needed).template_sync_needed = True
        # sudo: ir.cron - the system itself wakes it
        self.env.ref("whatsapp_cs.ir_cron_whatsapp_cs_template_sync").sudo()._trigger()

    @api.model
    def _cron_sync_templates(self):
        """Fetch the templates of the accounts that ask for it, and of each account once a day."""
        due = fields.Datetime.now() - timedelta(hours=SYNC_HOURS)
        accounts = self.search(
            [
                ("access_token", "!=", False),
                ("state", "!=", "draft"),
                "|",
                ("template_sync_needed", "=", True),
                "|",
                ("template_sync_date", "=", False),
                ("template_sync_date", "<", due),
            ]
        )
        for account in accounts:
            account.with_company(account.company_id)._sync_templates_safely()

    def _sync_templates_safely(self):
        """Synchronise and commit; what goes wrong is noted at the account and does not stop the others."""
        start = fields.Datetime.now()
        try:
            remote = self._get_graph_client().get_templates(self.waba_id, self._TEMPLATE_FIELDS)
            self.env["ir.cron"]._commit_progress()  # a new snapshot: webhooks may have come while Meta was asked
            with queries_hidden(*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
                self._apply_templates(remote, start)
                self.env["ir.cron"]._commit_progress(1)
        except GraphError as error:
            _logger.warning("WhatsApp account %s: templates not fetched, error %s", self.id, error.code)
            # Tried again tomorrow, or with the next word from WhatsApp; the form says why.
            self.write(
                {
                    "template_sync_error": self.env["whatsapp.cs.template"]._explain(error),
                    "template_sync_needed": False,
                    "template_sync_date": start,
                }
            )
            self.env["ir.cron"]._commit_progress(1)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self.env.cr.rollback()  # somebody wrote on a template: the next run, within the hour, does it

    def _apply_templates(self, remote, start):
        """Make the account's templates what Meta's list says.

        :param start: when the list was asked for; what was submitted later is not missing in it
        """
        self.ensure_one()
        known = self.env["whatsapp.cs.template"].with_context(active_test=False).search([("account_id", "=", self.id)])
        by_id = {template.meta_id: template for template in known if template.meta_id}
        by_name = {(template.name, template.language): template for template in known if template.state != "deleted"}
        seen = self.env["whatsapp.cs.template"]
        for data in remote:
            template = by_id.get(str(data.get("id"))) or by_name.get((data.get("name"), data.get("language")))
            if not template:
                # tracking_disable: it is new here, nothing about it has changed
                template = known.with_context(tracking_disable=True).create(
                    {"account_id": self.id, "name": data["name"], "language": data["language"]}
                )
            # sudo: whatsapp.cs.template - what WhatsApp says of it; people may not write that themselves
            template.sudo()._apply(data)
            seen |= template
        missing = known.filtered(
            lambda template: template.meta_id and not (template.submit_date and template.submit_date >= start)
        )
        (missing - seen).sudo()._set_deleted()  # sudo: as above
        self.write({"template_sync_date": start, "template_sync_needed": False, "template_sync_error": False})
