import base64
import binascii
import logging
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import media, message_content, text_format
from ..tools.graph_client import GraphClient, GraphError
from ..tools.private_log import queries_hidden
from .whatsapp_cs_queue import CONCURRENCY_ERRORS, MAX_TRIES

_logger = logging.getLogger(__name__)

LOADERS = 8  # downloads at a time
RETRY_DELAYS = (30, 120, 600, 3600, 6 * 3600, 24 * 3600, 48 * 3600)  # seconds; Meta keeps a customer's file for 7 days
ABANDONED_MINUTES = 15  # after which a download counts as dead with its worker: loading once more does no harm
UPLOAD_DAYS = 29  # that an uploaded file may be sent again by its id; Meta keeps it for 30
LARGEST = 100 * media.MEGABYTE  # bytes; Meta's own limit for what customers send


class WhatsappCsMedia(models.Model):
    """The file of a message: a customer's is loaded in the background, ours is uploaded when it is sent."""

    _name = "whatsapp.cs.media"
    _description = "WhatsApp File"
    _order = "id desc"
    _rec_name = "filename"

    message_id = fields.Many2one("whatsapp.cs.message", required=True, readonly=True, index=True, ondelete="cascade")
    channel_id = fields.Many2one(related="message_id.channel_id", store=True, index=True)
    company_id = fields.Many2one(related="message_id.company_id", store=True)
    direction = fields.Selection(related="message_id.direction", store=True)
    kind = fields.Char("Type", required=True, readonly=True)
    is_voice = fields.Boolean("Voice Message", readonly=True)
    media_id = fields.Char("WhatsApp ID", readonly=True, help="Meta's id of the file.")
    uploaded_date = fields.Datetime(readonly=True)
    mimetype = fields.Char("MIME Type", readonly=True)
    checksum = fields.Char(readonly=True, help="SHA-256 of the file, as WhatsApp gives it.")
    filename = fields.Char("File Name", readonly=True)
    size = fields.Integer("Size (Bytes)", readonly=True)
    attachment_id = fields.Many2one("ir.attachment", readonly=True, index="btree_not_null", ondelete="set null")
    state = fields.Selection(
        [
            ("queued", "To Be Loaded"),
            ("loading", "Being Loaded"),
            ("retry", "Will Be Tried Again"),
            ("done", "Here"),
            ("failed", "Not Loaded"),
        ],
        required=True,
        readonly=True,
        default="queued",
    )
    try_count = fields.Integer("Tries", readonly=True)
    claim_date = fields.Datetime(readonly=True)
    next_try_date = fields.Datetime("Not Before", readonly=True)
    error = fields.Char("Last Error", readonly=True)

    _due_idx = models.Index("(next_try_date, id) WHERE state IN ('queued', 'retry', 'loading')")

    # === RECEIVED === #

    @api.model
    def _receive(self, messages):
        """Queue the files of those of ``messages`` (received, or sent from the phone) that have one for loading."""
        with_file = messages.filtered(lambda message: message.message_type in message_content.MEDIA_TYPES)
        rows = self.create([message._prepare_media_values() for message in with_file])
        if any(row.state == "queued" for row in rows):
            self._trigger()

    @api.model
    def _trigger(self, date=None):
        # sudo: ir.cron - whoever brings a file may wake the worker that loads it
        self.env.ref("whatsapp_cs.ir_cron_whatsapp_cs_media_load").sudo()._trigger(date)

    @api.model
    def _cron_load(self):
        """Load what is queued: claim, commit, load in threads, store each file with its own commit."""
        self._free_abandoned()
        end = time.monotonic() + self.env["ir.cron"]._commit_progress()
        with ThreadPoolExecutor(LOADERS) as pool:
            while rows := self._claim(LOADERS):
                downloads = [row._prepare_download() for row in rows]
                self.env.cr.commit()  # no transaction stays open while files are loaded  # pylint: disable=invalid-commit
                for download, result in zip(downloads, pool.map(_load, downloads), strict=True):
                    self._store_safely(download, result)
                if time.monotonic() > end:
                    break
        if next_date := self._get_next_date():
            self._trigger(next_date)

    @api.model
    def _get_next_date(self):
        """Return when something is due next; what a blocked number waits for is no reason to look again at once."""
        domain = [("state", "in", ("queued", "retry")), ("channel_id.state", "=", "live")]
        next_row = self.search(domain, order="next_try_date NULLS FIRST", limit=1)
        return next_row and (next_row.next_try_date or fields.Datetime.now())

    @api.model
    def _free_abandoned(self):
        before = fields.Datetime.now() - timedelta(minutes=ABANDONED_MINUTES)
        self.search([("state", "=", "loading"), ("claim_date", "<", before)]).write({"state": "queued"})

    @api.model
    def _claim(self, limit):
        """Take up to ``limit`` files that are due, in one committed statement."""
        query = SQL(
            """
            UPDATE whatsapp_cs_media
               SET state = 'loading', claim_date = now() AT TIME ZONE 'UTC', try_count = coalesce(try_count, 0) + 1
             WHERE id IN (
                   SELECT media.id FROM whatsapp_cs_media media
                     JOIN whatsapp_cs_channel channel ON channel.id = media.channel_id AND channel.state = 'live'
                    WHERE media.state IN ('queued', 'retry')
                      AND (next_try_date IS NULL OR next_try_date <= now() AT TIME ZONE 'UTC')
                    ORDER BY media.id LIMIT %s FOR UPDATE OF media SKIP LOCKED)
            RETURNING id
            """,
            limit,
        )
        for _try in range(MAX_TRIES):
            try:
                with queries_hidden(*CONCURRENCY_ERRORS):
                    rows = self.env.execute_query(query)
                    self.env.cr.commit()  # pylint: disable=invalid-commit
                self.env.invalidate_all()
                return self.browse(sorted(row_id for (row_id,) in rows))
            except CONCURRENCY_ERRORS:
                self.env.cr.rollback()
        return self.browse()

    def _prepare_download(self):
        self.ensure_one()
        channel = self.channel_id
        return Download(
            self.id, channel.account_id._get_graph_client(), channel.phone_number_id, self.media_id, self.checksum
        )

    @api.model
    def _store_safely(self, download, result):
        """Write down what came of a download. A conflict is tried again: the file would have to be loaded once more."""
        row = self.browse(download.row_id)
        try:
            for _try in range(MAX_TRIES):
                try:
                    with queries_hidden(*CONCURRENCY_ERRORS):
                        row._store(result)
                        self.env["ir.cron"]._commit_progress(1)
                    return
                except CONCURRENCY_ERRORS:
                    self.env.cr.rollback()
                except Exception as error:  # a bug, or a full disk: the other files are stored nevertheless
                    self.env.cr.rollback()
                    _logger.error("WhatsApp file %s could not be stored: %s", row.id, type(error).__name__)
                    result = result._replace(error=GraphError("media", type(error).__name__, retryable=True))
        finally:
            if result.path:
                os.unlink(result.path)

    def _store(self, result):
        self.ensure_one()
        self.env.cr.execute("SELECT state FROM whatsapp_cs_media WHERE id = %s FOR UPDATE", (self.id,))
        if self.env.cr.fetchone() != ("loading",):
            return  # another worker was faster
        if result.error:
            self._note_error(result.error)
        else:
            self._keep(result)
        self.message_id.mail_message_id._whatsapp_cs_broadcast_content()

    def _note_error(self, error):
        delay = RETRY_DELAYS[min(self.try_count, len(RETRY_DELAYS)) - 1]
        next_date = fields.Datetime.now() + timedelta(seconds=delay)
        is_over = next_date > self.message_id.date + timedelta(days=7)
        # A wrong token or a blocked account is mended by people; everything else that is final stays so.
        if (error.retryable or error.needs_administrator or self.try_count < 3) and not is_over:
            self.write({"state": "retry", "next_try_date": next_date, "error": str(error)})
        else:
            self.write({"state": "failed", "error": str(error)})

    def _keep(self, result):
        """Put the file beside the message. It is a stranger's: it is never served as something that runs."""
        with open(result.path, "rb") as file:
            data = file.read()
        mimetype = media.get_safe_mimetype(self.mimetype or result.mimetype)
        limit = media.KINDS["image"].limit
        if mimetype in media.KINDS["image"].mimetypes and len(data) > limit and self.channel_id.compresses_inbound:
            try:
                data, mimetype = media.prepare_image(data, media.INBOUND_BOX, limit)
            except media.NotSendable as error:
                _logger.info("WhatsApp file %s is kept as it came: %s", self.id, error)
        default = f"{self.kind}-{self.message_id.date:%Y%m%d-%H%M%S}.{media.get_extension(mimetype)}"
        attachment = (
            self.env["ir.attachment"]
            # image_no_postprocess: the customer's picture as it came, attachments_mime_plainxml: no HTML, no SVG
            .with_context(image_no_postprocess=True, attachments_mime_plainxml=True)
            .create(
                {
                    "name": media.clean_filename(self.filename, default),
                    "raw": data,
                    "mimetype": mimetype,
                    "res_model": "discuss.channel",
                    "res_id": self.message_id.contact_id.discuss_channel_id.id,
                }
            )
        )
        if self.is_voice:
            attachment._set_voice_metadata()
        self.write({"state": "done", "attachment_id": attachment.id, "size": len(data), "error": False})
        mail_message = self.message_id.mail_message_id
        body = text_format.whatsapp_to_html(self.message_id.body) if self.message_id.body else ""
        mail_message.write({"attachment_ids": [fields.Command.link(attachment.id)], "body": body})

    def action_load(self):
        """Load again what could not be loaded."""
        # sudo: whatsapp.cs.media - whoever may see that it is missing may have it loaded
        self.sudo().filtered(lambda row: row.state == "failed").write(
            {"state": "queued", "next_try_date": False, "try_count": 0}
        )
        self._trigger()

    def _get_reason(self):
        """Return why the file is not there, for an agent."""
        if self.message_id.date < fields.Datetime.now() - timedelta(days=7):
            return self.env._("WhatsApp keeps files for 7 days; this one is gone. Ask the customer to send it again.")
        if not self.media_id:
            return self.env._(
                "WhatsApp could not pass the file on (it may be larger than 100 MB). Ask the customer to send it again."
            )
        return self.env._("The file could not be loaded. Try again, or ask the customer to send it again.")

    # === SENT === #

    def _prepare_upload(self):
        """Return the ``Upload`` of a file to be sent, or None when WhatsApp has it already."""
        self.ensure_one()
        if self.media_id and self.uploaded_date > fields.Datetime.now() - timedelta(days=UPLOAD_DAYS):
            return None
        attachment = self.attachment_id
        path = attachment._full_path(attachment.store_fname) if attachment.store_fname else None
        return media.Upload(
            path=path,
            data=None if path else attachment.raw,
            mimetype=self.mimetype,
            filename=self.filename,
            kind=self.kind,
            is_voice=self.is_voice,
            scales=self.channel_id.scales_images,
        )


class Download(NamedTuple):
    """What a thread needs to load a file; it knows no ORM."""

    row_id: int
    client: GraphClient
    phone_number_id: str
    media_id: str
    checksum: str | bool


class Result(NamedTuple):
    """A loaded file in a temporary place (``path``), or why there is none."""

    path: str | None
    mimetype: str
    error: GraphError | None


def _load(download):
    path = None
    try:
        found = download.client.get_media(download.media_id, download.phone_number_id)
        with tempfile.NamedTemporaryFile(prefix="whatsapp_cs_", delete=False) as file:
            path = file.name
            digest = download.client.download(found.get("url"), file, LARGEST)
        wanted = [_to_bytes(checksum) for checksum in (download.checksum, found.get("sha256")) if checksum]
        if any(checksum and checksum != digest for checksum in wanted):
            raise GraphError("media", "checksum does not match", retryable=True)
        return Result(path, message_content.get_mimetype(found), None)
    except Exception as error:
        if path:
            os.unlink(path)
        if not isinstance(error, GraphError):
            _logger.exception("WhatsApp file %s could not be loaded", download.row_id)
            error = GraphError("media", type(error).__name__, retryable=True)
        return Result(None, "", error)


def _to_bytes(checksum):
    """Return a SHA-256 that is written in hex or in base64 (Meta does both); None when it is neither."""
    for decode in (bytes.fromhex, lambda text: base64.b64decode(text, validate=True)):
        try:
            value = decode(checksum)
        except (ValueError, TypeError, binascii.Error):
            continue
        if len(value) == 32:
            return value
    return None
