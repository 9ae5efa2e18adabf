import io
from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError

from ..tools import media
from ..tools.graph_client import GraphError

UPLOAD_DAYS = 29  # that a file is sent again by its id; Meta keeps it for 30


class WhatsappCsTemplate(models.Model):
    """The files that go with every message of a template: handed over once for each number, and then sent by their ids."""

    _inherit = "whatsapp.cs.template"  # pylint: disable=consider-merging-classes-inherited

    uploads = fields.Json(
        readonly=True, copy=False, help="The files that WhatsApp has: number and checksum, id, since when."
    )

    def _get_media_id(self, owner, field, channel):
        """Return WhatsApp's id of a file for messages of ``channel``; the file is handed over when there is none.

        That call happens once in a month for each file and number, before anything is written for the message.

        :param owner: the template or the card
        """
        self.ensure_one()
        # sudo: ir.attachment - the file behind a field of a record that the user reads
        attachment_sudo = self.env["ir.attachment"].sudo()
        attachment_sudo = attachment_sudo.search(
            [("res_model", "=", owner._name), ("res_id", "=", owner.id), ("res_field", "=", field)], limit=1
        )
        key = f"{channel.id}/{attachment_sudo.checksum}"
        oldest = fields.Datetime.to_string(fields.Datetime.now() - timedelta(days=UPLOAD_DAYS))
        valid = {key: upload for key, upload in (self.uploads or {}).items() if upload["date"] > oldest}
        if key not in valid:
            media_id = self._upload(attachment_sudo, owner[f"{field}_name"], channel)
            valid[key] = {"id": media_id, "date": fields.Datetime.to_string(fields.Datetime.now())}
            self.sudo().uploads = valid  # sudo: whatsapp.cs.template - a note of the system
        return valid[key]["id"]

    def _upload(self, attachment, filename, channel):
        # sudo: whatsapp.cs.channel - its account's token, for the system's own call
        channel_sudo = channel.sudo()
        try:
            return channel_sudo.account_id._get_graph_client().upload_media(
                channel_sudo.phone_number_id,
                io.BytesIO(attachment.raw or b""),
                attachment.mimetype,
                media.clean_filename(filename or self.name, "file"),
            )
        except GraphError as error:
            raise UserError(self._explain(error)) from error
