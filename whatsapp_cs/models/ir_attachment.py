from odoo import models
from odoo.exceptions import UserError

from ..tools import media


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    def _whatsapp_cs_get_kind(self):
        """Return ``(kind, is_voice)``: as what WhatsApp carries this file."""
        self.ensure_one()
        # sudo: discuss.voice.metadata - only whether it was recorded in Discuss
        is_voice = bool(self.sudo().voice_ids)
        if media.clean_mimetype(self.mimetype) == "image/webp" and media.is_sticker(self.raw or b""):
            return "sticker", False
        return media.get_kind(self.mimetype), is_voice and media.can_make_voice()

    def _whatsapp_cs_check_sendable(self):
        """Refuse files that WhatsApp would refuse, before anything is written or sent."""
        for attachment in self:
            kind = media.get_kind(attachment.mimetype)
            if not kind:
                raise UserError(attachment._whatsapp_cs_explain_type())
            limit = media.get_limit(kind)
            if attachment.file_size > limit:
                raise UserError(
                    self.env._(
                        "“%(name)s” has %(size).1f MB; WhatsApp takes at most %(limit)d MB for this type of file. "
                        "Nothing was sent: make it smaller, or send a link.",
                        name=attachment.name,
                        size=attachment.file_size / media.MEGABYTE,
                        limit=limit // media.MEGABYTE,
                    )
                )
            if not attachment.file_size:
                raise UserError(self.env._("“%s” is empty. Nothing was sent: choose another file.", attachment.name))
            if kind == "image":
                attachment._whatsapp_cs_check_image()

    def _whatsapp_cs_check_image(self):
        try:
            media.check_image(self.raw)
        except media.NotSendable as error:
            raise UserError(
                self.env._("“%s” is no picture that can be read. Nothing was sent: choose another file.", self.name)
            ) from error

    def _whatsapp_cs_explain_type(self):
        hints = {
            "image": self.env._("Save the picture as JPG or PNG."),
            "video": self.env._("Save the video as MP4."),
            "audio": self.env._("Save the sound as MP3, M4A or OGG."),
        }
        hint = hints.get((self.mimetype or "").partition("/")[0], self.env._("Save it as PDF, or send a link."))
        return self.env._(
            "WhatsApp does not take files like “%(name)s” (%(type)s). Nothing was sent. %(hint)s",
            name=self.name,
            type=self.mimetype,
            hint=hint,
        )
