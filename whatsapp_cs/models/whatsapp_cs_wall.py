from odoo import api, fields, models
from odoo.exceptions import AccessError

from .whatsapp_cs_conversation import GROUP_EDITOR
from .whatsapp_cs_desk import WAITING_ORDER

WALL_LIMIT = 60  # waiting conversations that are shown one by one, the longest waiting first


class WhatsappCsConversation(models.Model):
    """What supervisors see on the wall: who waits, for how long, in which queue, and who could answer (CO7)."""

    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def get_wall(self):
        """Return what the wall shows: ``_whatsapp_cs_get_wall``, with ``figures`` and the ``waiting_rows`` in detail."""
        if not self.env.user.has_group(GROUP_EDITOR):
            raise AccessError(
                self.env._("The wall is for WhatsApp editors. An administrator gives the role in your user's settings.")
            )
        waiting = self.search([("state", "=", "queued")], order=WAITING_ORDER, limit=WALL_LIMIT)
        return {
            **self.env["res.users"]._whatsapp_cs_get_wall(),
            "figures": self._get_wall_figures(),
            "waiting_rows": waiting._prepare_desk_rows(),
        }

    @api.model
    def _get_wall_figures(self):
        """Return the figures on top, each with the domain of the list behind it; extend it to add one."""
        unanswered = ["unanswered_date", "!=", False]
        return [
            self._prepare_wall_figure("waiting", self.env._("In the queues"), [["state", "=", "queued"]]),
            self._prepare_wall_figure(
                "unanswered", self.env._("Unanswered with agents"), [["state", "=", "assigned"], unanswered]
            ),
            self._prepare_wall_figure(
                "late", self.env._("Waiting above 15 minutes"), [["waiting_band", "=", "too_long"]]
            ),
            self._prepare_wall_figure("customer", self.env._("Waiting for customer"), [["state", "=", "waiting"]]),
        ]

    @api.model
    def _prepare_wall_figure(self, key, name, domain):
        [(count, since)] = self._read_group(domain, [], ["__count", "unanswered_date:min"])
        return {
            "id": key,
            "name": name,
            "count": count,
            "since": fields.Datetime.to_string(since),
            "domain": domain,
        }
