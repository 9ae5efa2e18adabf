import base64

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.mimetypes import guess_mimetype

from ..tools.graph_client import GraphError
from .whatsapp_cs_channel_registration import INDUSTRIES
from .whatsapp_cs_queue import CONCURRENCY_ERRORS

# field here: (name at Meta, most characters)
_TEXTS = {
    "profile_about": ("about", 139),
    "profile_address": ("address", 256),
    "profile_description": ("description", 512),
    "profile_email": ("email", 128),
}
_WEBSITES = ("profile_website", "profile_website_2")
_WEBSITE_LIMIT = 256
_FIELDS = {*_TEXTS, *_WEBSITES, "profile_vertical", "profile_picture"}
_PICTURE_TYPES = ("image/jpeg", "image/png")


class WhatsappCsChannel(models.Model):
    """What customers see of the business behind a number: read from WhatsApp, and written there when it is changed here.

    A job asks WhatsApp, outside of the transaction of whoever saves.
    """

    _inherit = "whatsapp.cs.channel"  # pylint: disable=consider-merging-classes-inherited

    profile_about = fields.Char("About", copy=False, help="One line below the name.")
    profile_description = fields.Text("Description", copy=False)
    profile_address = fields.Char("Address", copy=False)
    profile_email = fields.Char("E-Mail", copy=False)
    profile_website = fields.Char("Website", copy=False)
    profile_website_2 = fields.Char("Second Website", copy=False)
    profile_vertical = fields.Selection(INDUSTRIES, "Industry", copy=False)
    profile_picture = fields.Image("Picture", copy=False, max_width=640, max_height=640)
    is_picture_new = fields.Boolean(readonly=True, copy=False, help="It has not been handed over to WhatsApp yet.")
    profile_state = fields.Selection(
        [
            ("reading", "Being Read"),
            ("saving", "Being Saved"),
            ("done", "As at WhatsApp"),
            ("failed", "Not Saved"),
        ],
        "Profile",
        readonly=True,
        copy=False,
    )
    profile_error = fields.Char(readonly=True, copy=False)

    @api.constrains(*_TEXTS, *_WEBSITES)
    def _check_profile(self):
        limits = {name: limit for name, (_key, limit) in _TEXTS.items()} | dict.fromkeys(_WEBSITES, _WEBSITE_LIMIT)
        for channel in self:
            for name, limit in limits.items():
                if len(channel[name] or "") > limit:
                    raise ValidationError(
                        self.env._(
                            "“%(field)s” has %(length)s characters; WhatsApp takes at most %(limit)s.",
                            field=self._fields[name]._description_string(self.env),
                            length=len(channel[name]),
                            limit=limit,
                        )
                    )
            for name in _WEBSITES:
                if channel[name] and not channel[name].startswith(("http://", "https://")):
                    raise ValidationError(
                        self.env._("“%s” is no address of a website. Begin it with https://.", channel[name])
                    )

    @api.constrains("profile_picture")
    def _check_picture(self):
        for channel in self.filtered("profile_picture"):
            if channel._get_picture()[1] not in _PICTURE_TYPES:
                raise ValidationError(self.env._("The picture must be a JPG or a PNG. Save it as one of these."))

    def write(self, vals):
        """Have what people change of the profile saved at WhatsApp."""
        if _FIELDS & set(vals) and "profile_state" not in vals:
            vals = {**vals, "profile_state": "saving", "profile_error": False}
            if "profile_picture" in vals:
                vals["is_picture_new"] = bool(vals["profile_picture"])
            self._wake_profile_job()
        return super().write(vals)

    def action_read_profile(self):
        self.check_access("write")
        self.write({"profile_state": "reading", "profile_error": False})
        self._wake_profile_job()

    @api.model
    def _wake_profile_job(self):
        # sudo: ir.cron - the system itself wakes it
        self.env.ref("whatsapp_cs.ir_cron_whatsapp_cs_channel_profile").sudo()._trigger()

    @api.model
    def _cron_profile(self):
        """Read or save the profiles that wait for it; without an answer again with the next run."""
        for channel in self.search([("profile_state", "in", ("reading", "saving"))]):
            payload = channel._prepare_profile() if channel.profile_state == "saving" else None
            picture = channel._get_picture() if payload and channel.is_picture_new else None
            number_id, client = channel.phone_number_id, channel.account_id._get_graph_client()
            app_id = channel.account_id.app_id
            self.env.cr.commit()  # no transaction stays open while WhatsApp is asked  # pylint: disable=invalid-commit
            try:
                if payload:
                    handle = {"profile_picture_handle": client.upload_sample(app_id, *picture)} if picture else {}
                    answer = client.set_profile(number_id, {**payload, **handle})
                else:
                    answer = client.get_profile(number_id)
            except GraphError as error:
                answer = error
            channel._store_profile(payload, picture, answer)

    def _store_profile(self, payload, picture, answer):
        """Write down what WhatsApp answered, and commit; again when somebody saves the channel at the same time."""
        while True:
            try:
                self._take_profile_answer(payload, picture, answer)
                self.env.flush_all()
                self.env.cr.commit()  # pylint: disable=invalid-commit
                return
            except CONCURRENCY_ERRORS:
                self.env.cr.rollback()

    def _take_profile_answer(self, payload, picture, answer):
        if isinstance(answer, GraphError):
            if not answer.retryable and answer.code != "network":
                meaning = self.env["whatsapp.cs.outbox"]._get_meaning(answer.code)
                self.write({"profile_state": "failed", "profile_error": answer.details or meaning})
        elif payload is None:
            if self.profile_state == "reading":
                self.write({**self._prepare_values_from_profile(answer), "profile_state": "done"})
        elif payload == self._prepare_profile() and (not picture or picture == self._get_picture()):
            self.write({"profile_state": "done", "is_picture_new": False})
        # else somebody has changed it meanwhile: it is saved once more

    def _get_picture(self):
        """Return the picture's name, type and bytes."""
        content = base64.b64decode(self.with_context(bin_size=False).profile_picture)
        return "picture", guess_mimetype(content), content

    def _prepare_profile(self):
        """Return the profile as the API takes it; what is empty here becomes empty there."""
        profile = {key: self[name] or "" for name, (key, _limit) in _TEXTS.items()}
        if not profile["about"]:
            del profile["about"]  # the one text that WhatsApp does not take empty
        profile["websites"] = [self[name] for name in _WEBSITES if self[name]]
        if self.profile_vertical:
            profile["vertical"] = self.profile_vertical
        return profile

    @api.model
    def _prepare_values_from_profile(self, profile):
        websites = [*(profile.get("websites") or []), False, False]
        vertical = profile.get("vertical")
        return {
            **{name: profile.get(key) or False for name, (key, _limit) in _TEXTS.items()},
            **dict(zip(_WEBSITES, websites, strict=False)),
            "profile_vertical": vertical if vertical in dict(INDUSTRIES) else False,
        }
