import base64
import hashlib
import io
import math
import struct
import wave
from datetime import timedelta
from unittest.mock import patch

import requests
from PIL import Image

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.whatsapp_cs.tools import media, url_guard
from odoo.addons.whatsapp_cs.tools.graph_client import GraphClient, GraphError

from .common import WhatsappCsCommon

CDN = "https://lookaside.fbsbx.com/whatsapp/1"


def make_image(size=(40, 30), form="JPEG", mode="RGB", color=(200, 30, 30)):
    buffer = io.BytesIO()
    Image.new(mode, size, color).save(buffer, form)
    return buffer.getvalue()


def make_sound():
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        sound.writeframes(b"".join(struct.pack("<h", int(8000 * math.sin(i / 10))) for i in range(16000)))
    return buffer.getvalue()


@tagged("post_install", "-at_install")
class TestMedia(WhatsappCsCommon):
    def media_body(self, kind="image", data=b"", wamid="wamid.M1", **part):
        body = self.text_body("x", wamid)
        message = body["entry"][0]["changes"][0]["value"]["messages"][0]
        del message["text"]
        checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
        message.update({"type": kind, kind: {"id": "8810", "sha256": checksum, "mime_type": "image/jpeg", **part}})
        return body

    def load(self, data, url=CDN):
        """Run the loader; Meta has ``data`` (bytes, or an error to raise)."""

        def download(_client, address, file, _limit):
            if isinstance(data, Exception):
                raise data
            self.assertEqual(address, url)
            file.write(data)
            return hashlib.sha256(data).digest()

        with self.mock_graph() as graph, patch.object(GraphClient, "download", autospec=True, side_effect=download):
            graph.answers["8810"] = {"url": url, "mime_type": "image/jpeg"}
            self.run_cron("media_load")
        return self.env["whatsapp.cs.media"].search([], limit=1)

    def get_mail_message(self, wamid="wamid.M1"):
        return self.env["whatsapp.cs.message"].search([("wamid", "=", wamid)]).mail_message_id

    def get_card(self, wamid="wamid.M1"):
        return self.env["whatsapp.cs.message"].search([("wamid", "=", wamid)])._get_card()

    # === RECEIVED === #

    def test_a_picture_is_there_at_once_as_a_promise_and_soon_as_a_picture(self):
        data = make_image()
        self.receive(self.media_body(data=data, caption="My *parcel*"))
        self.assertEqual((self.get_card()["state"], self.get_card()["caption"]), ("queued", "My *parcel*"))
        row = self.load(data)
        attachment = self.get_mail_message().attachment_ids
        self.assertEqual((row.state, attachment.raw, attachment.mimetype), ("done", data, "image/jpeg"))
        self.assertEqual((attachment.res_model, attachment.res_id), ("discuss.channel", self.get_thread().id))
        self.assertEqual(str(self.get_mail_message().body), "<p>My <b>parcel</b></p>")
        self.authenticate("wa_agent", "wa_agent")
        self.assertEqual(self.url_open(f"/web/content/{attachment.id}").content, data)
        self.authenticate("wa_employee", "wa_employee")
        self.assertEqual(self.url_open(f"/web/content/{attachment.id}").status_code, 404)

    def test_a_voice_message_can_be_played(self):
        self.receive(self.media_body("audio", b"OggS\xe2\x80\xa6", voice=True, mime_type="audio/ogg; codecs=opus"))
        self.load(b"OggS\xe2\x80\xa6")
        attachment = self.get_mail_message().attachment_ids
        self.assertEqual(attachment.mimetype, "audio/ogg")
        self.assertTrue(attachment.voice_ids)
        self.assertFalse(self.get_mail_message().body)

    def test_a_strangers_file_is_never_served_as_something_that_runs(self):
        attack = b"<html><script>alert(1)</script></html>"
        for number, (mimetype, filename) in enumerate(
            (
                ("text/html", "x.html"),
                ("image/svg+xml", "x.svg"),
                ("", "../../x.htm"),
                ("text/javascript", "x.js"),
                ("application/pdf", "x.pdf"),
            )
        ):
            with self.subTest(mimetype=mimetype):
                wamid = f"wamid.H{number}"
                self.receive(self.media_body("document", attack, wamid, mime_type=mimetype, filename=filename))
                self.load(attack)
                attachment = self.get_mail_message(wamid).attachment_ids
                self.assertNotIn("/", attachment.name)
                self.authenticate("wa_agent", "wa_agent")
                response = self.url_open(f"/web/content/{attachment.id}")
                self.assertIn(
                    response.headers["Content-Type"].split(";")[0],
                    ("application/x-download", "application/pdf", "image/jpeg"),
                )
                self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")

    @mute_logger("odoo.addons.whatsapp_cs.models.whatsapp_cs_media")
    def test_what_fails_is_tried_again_and_then_said(self):
        data = make_image()
        self.receive(self.media_body(data=data))
        for error in (GraphError("network", "x", retryable=True), GraphError("media", "HTTP 404", retryable=True)):
            row = self.load(error)
            self.assertEqual(row.state, "retry")
            self.assertGreater(row.next_try_date, fields.Datetime.now())
            row.next_try_date = False
        self.assertEqual(self.load(data[:-1]).state, "retry")  # checksum
        row.next_try_date = False
        self.assertEqual(self.load(GraphError("media", "too large", retryable=False)).state, "failed")
        self.assertIn("could not be loaded", self.get_card()["error"])
        self.authenticate("wa_agent", "wa_agent")
        call = {
            "model": "mail.message",
            "method": "whatsapp_cs_load_media",
            "args": [[self.get_mail_message().id]],
            "kwargs": {},
        }
        self.make_jsonrpc_request("/web/dataset/call_kw", call)
        self.assertEqual(self.load(data).state, "done")

    @mute_logger("odoo.addons.whatsapp_cs.models.whatsapp_cs_media")
    def test_after_seven_days_a_file_is_gone(self):
        self.receive(self.media_body())
        message = self.env["whatsapp.cs.message"].search([("wamid", "=", "wamid.M1")])
        message.date -= timedelta(days=8)
        self.assertEqual(self.load(GraphError("media", "HTTP 404", retryable=True)).state, "failed")
        self.assertIn("7 days", self.get_card()["error"])

    def test_a_file_whatsapp_has_not_got_is_said_at_once(self):
        body = self.media_body()
        message = body["entry"][0]["changes"][0]["value"]["messages"][0]
        message.update(image={"mime_type": "image/jpeg"}, errors=[{"code": 131052}])
        self.receive(body)
        self.assertEqual(self.get_card()["state"], "failed")
        self.assertIn("larger than 100 MB", self.get_card()["error"])

    def test_a_worker_that_dies_while_loading_is_made_up_for(self):
        data = make_image()
        self.receive(self.media_body(data=data))
        row = self.env["whatsapp.cs.media"].search([])
        row.write({"state": "loading", "claim_date": fields.Datetime.now()})
        self.assertEqual(self.load(data).state, "loading")
        row.claim_date -= timedelta(minutes=20)
        self.assertEqual(self.load(data).state, "done")

    def test_what_a_blocked_number_waits_for_keeps_no_worker_busy(self):
        self.receive(self.media_body())
        self.channel.state = "blocked"
        self.assertEqual(self.load(b"").state, "queued")
        self.assertFalse(self.env["whatsapp.cs.media"]._get_next_date())

    def test_a_picture_sent_from_the_phone_is_loaded_too(self):
        data = make_image()
        body = self.media_body(data=data)
        change = body["entry"][0]["changes"][0]
        [item] = change["value"].pop("messages")
        change["field"] = "smb_message_echoes"
        change["value"]["message_echoes"] = [{**item, "from": "15550100", "to": item["from"]}]
        self.receive(body)
        self.assertEqual(self.load(data).state, "done")
        self.assertEqual(self.get_mail_message().attachment_ids.raw, data)

    def test_a_large_picture_is_made_smaller_before_it_is_stored(self):
        noise = Image.effect_noise((2200, 2000), 90).convert("RGB")
        buffer = io.BytesIO()
        noise.save(buffer, "PNG")
        data = buffer.getvalue()
        self.assertGreater(len(data), 5 * media.MEGABYTE)
        self.receive(self.media_body(data=data, mime_type="image/png"))
        self.load(data)
        self.assertLess(len(self.get_mail_message().attachment_ids.raw), 5 * media.MEGABYTE)

    # === ONLY FROM META === #

    def test_files_are_loaded_from_meta_only_also_after_a_redirect(self):
        base = "https://graph.facebook.com"
        url_guard.check(CDN, base)
        url_guard.check("http://127.0.0.1:8071/media/1", "http://127.0.0.1:8071")  # the very server that was set
        for address in (
            "http://lookaside.fbsbx.com/1", "https://fbsbx.com.evil.example/1", "https://127.0.0.1/1", "https://169.254.169.254/",
            "https://user@lookaside.fbsbx.com/1", "file:///etc/passwd", "https://lookaside.fbsbx.com:8443/1", None, "https://[::1", "",
        ):  # fmt: skip
            with self.subTest(address=address), self.assertRaises(url_guard.ForbiddenAddress):
                url_guard.check(address, base)

    def test_a_redirect_to_elsewhere_is_not_followed_and_learns_no_token(self):
        asked = []

        def get(_session, address, **kwargs):
            asked.append(address)
            response = requests.Response()
            response.status_code = 302
            response.headers["Location"] = "http://169.254.169.254/latest"
            response.raw = io.BytesIO()
            return response

        client = GraphClient("https://graph.facebook.com", "v25.0", "token")
        with patch.object(requests.Session, "get", get), self.assertRaisesRegex(GraphError, "not an address"):
            client.download(CDN, io.BytesIO(), 100)
        self.assertEqual(asked, [CDN])

    # === SENT === #

    def attach(self, name, data, mimetype, voice=False):
        attachment = (
            self.env["ir.attachment"]
            .with_user(self.agent)
            .sudo()
            .create({"name": name, "raw": data, "mimetype": mimetype, "res_model": "mail.compose.message", "res_id": 0})
        )
        if voice:
            attachment._set_voice_metadata()
        return attachment

    def answer_with(self, *attachments, text=""):
        if not self.get_contact():
            self.receive(self.text_body("Hello"))
        return self.answer(text, attachment_ids=[attachment.id for attachment in attachments])

    def send_files(self):
        """Run the outbox; return ``(uploads, payloads)``; an upload is (bytes, type, name)."""
        uploads = []

        def upload(_client, _phone_number_id, file, mimetype, filename):
            uploads.append((file.read(), mimetype, filename))
            return f"77{len(uploads)}"

        with self.mock_graph() as graph, patch.object(GraphClient, "upload_media", autospec=True, side_effect=upload):
            self.run_cron("outbox_send")
        return uploads, graph.sent

    def test_a_picture_goes_with_its_caption_scaled_in_one_message(self):
        picture = self.attach("shelf.jpg", make_image((1600, 1200)), "image/jpeg")
        self.answer_with(picture, text="Our <b>shelf</b>")
        [(data, mimetype, filename)], [payload] = self.send_files()
        self.assertEqual(
            (mimetype, filename, Image.open(io.BytesIO(data)).size), ("image/jpeg", "shelf.jpg", (800, 600))
        )
        self.assertEqual((payload["type"], payload["image"]), ("image", {"id": "771", "caption": "Our *shelf*"}))

    def test_transparent_pictures_stay_png_and_others_become_what_whatsapp_takes(self):
        clear = self.attach("logo.png", make_image((900, 900), "PNG", "RGBA", (1, 2, 3, 90)), "image/png")
        web = self.attach("photo.webp", make_image((900, 900), "WEBP"), "image/webp")
        self.answer_with(clear, web)
        uploads, payloads = self.send_files()
        self.assertCountEqual([mimetype for _data, mimetype, _name in uploads], ["image/png", "image/jpeg"])
        self.assertEqual([payload["type"] for payload in payloads], ["image", "image"])

    def test_a_picture_of_a_stickers_size_is_sent_as_one_and_text_goes_before(self):
        sticker = self.attach("hello.webp", make_image((512, 512), "WEBP", "RGBA", (1, 2, 3, 90)), "image/webp")
        self.answer_with(sticker, text="See you")
        [(_data, mimetype, _name)], payloads = self.send_files()
        self.assertEqual(mimetype, "image/webp")
        self.assertEqual([payload["type"] for payload in payloads], ["text", "sticker"])
        self.assertEqual(payloads[1]["sticker"], {"id": "771"})

    def test_scaling_can_be_switched_off(self):
        self.channel.scales_images = False
        data = make_image((1600, 1200))
        self.answer_with(self.attach("shelf.jpg", data, "image/jpeg"))
        self.assertEqual(self.send_files()[0][0][0], data)

    def test_several_files_are_several_messages_and_one_state(self):
        files = [self.attach(f"{name}.pdf", b"%PDF-1.4 x", "application/pdf") for name in ("offer", "terms")]
        mail_message = self.answer_with(*files, text="Here you are")
        _uploads, payloads = self.send_files()
        self.assertEqual([payload["document"].get("caption") for payload in payloads], ["Here you are", None])
        self.assertEqual([payload["document"]["filename"] for payload in payloads], ["offer.pdf", "terms.pdf"])
        messages = mail_message.sudo().whatsapp_cs_message_ids.sorted("id")
        for status, message in (("delivered", messages[0]), ("sent", messages[1])):
            self.receive(self.status_body(status, wamid=message.wamid))
        self.authenticate("wa_agent", "wa_agent")
        data = self.make_jsonrpc_request(
            "/discuss/channel/messages", {"channel_id": self.get_thread().id, "fetch_params": {"limit": 30}}
        )["data"]["mail.message"]
        self.assertEqual([m["whatsapp_cs_state"] for m in data if m["id"] == mail_message.id], ["sent"])

    def test_sound_has_no_caption_so_the_text_goes_first(self):
        self.answer_with(self.attach("song.mp3", b"ID3 x", "audio/mpeg"), text="Listen")
        _uploads, payloads = self.send_files()
        self.assertEqual([payload["type"] for payload in payloads], ["text", "audio"])

    def test_what_was_recorded_arrives_as_a_voice_message(self):
        self.answer_with(self.attach("recording.wav", make_sound(), "audio/mpeg", voice=True))
        [(data, mimetype, filename)], [payload] = self.send_files()
        self.assertEqual((mimetype, filename, data[:4]), ("audio/ogg", "recording.ogg", b"OggS"))
        self.assertEqual(payload["audio"], {"id": "771", "voice": True})

    def test_without_converter_a_recording_goes_as_sound_and_says_so(self):
        with patch.object(media, "av", None):
            mail_message = self.answer_with(self.attach("recording.mp3", b"ID3 x", "audio/mpeg", voice=True))
            [upload], [payload] = self.send_files()
        self.assertEqual((upload[1], payload["audio"]), ("audio/mpeg", {"id": "771"}))
        self.assertEqual(mail_message.sudo().whatsapp_cs_message_ids._get_card()["kind"], "plain_voice")

    def test_an_upload_is_not_made_twice(self):
        self.answer_with(self.attach("offer.pdf", b"%PDF-1.4 x", "application/pdf"))
        uploads = []

        def upload(*args):
            uploads.append(args)
            return "771"

        with (
            self.mock_graph() as graph,
            patch.object(GraphClient, "upload_media", autospec=True, side_effect=upload),
        ):
            graph.error = GraphError(131000, "try again")
            self.run_cron("outbox_send")
            graph.error = None
            self.env["whatsapp.cs.outbox"].search([("state", "=", "retry")]).next_try_date = False
            self.run_cron("outbox_send")
        self.assertEqual((len(uploads), graph.sent[-1]["document"]["id"]), (1, "771"))

    def test_a_broken_upload_is_tried_again_and_in_no_doubt(self):
        mail_message = self.answer_with(self.attach("offer.pdf", b"%PDF-1.4 x", "application/pdf"))
        error = GraphError("network", "connection lost", retryable=True)
        with self.mock_graph(), patch.object(GraphClient, "upload_media", autospec=True, side_effect=error):
            self.run_cron("outbox_send")
        self.assertEqual(self.env["whatsapp.cs.outbox"].search([]).state, "retry")
        self.assertFalse(mail_message.sudo().whatsapp_cs_message_ids.is_unknown)

    def test_a_file_that_turns_out_damaged_fails_with_a_sentence(self):
        mail_message = self.answer_with(self.attach("recording.mp3", b"no sound", "audio/mpeg", voice=True))
        self.send_files()
        message = mail_message.sudo().whatsapp_cs_message_ids
        self.assertEqual(message.state, "failed")
        self.assertIn("damaged", message.error)

    def test_what_whatsapp_refuses_is_refused_before_with_the_limit(self):
        self.receive(self.text_body("Hello"))
        large = b"x" * (17 * media.MEGABYTE)
        for name, data, mimetype, sentence in (
            ("film.mp4", large, "video/mp4", "17.0 MB; WhatsApp takes at most 16 MB"),
            ("song.mp3", large, "audio/mpeg", "at most 16 MB"),
            ("film.mov", b"x", "video/quicktime", "as MP4"),
            ("photo.heic", b"x", "image/heic", "as JPG or PNG"),
            ("pack.zip", b"PK", "application/zip", "as PDF"),
            ("photo.jpg", b"no picture", "image/jpeg", "no picture that can be read"),
            ("empty.pdf", b"", "application/pdf", "is empty"),
        ):
            with self.subTest(name=name), self.assertRaisesRegex(UserError, sentence):
                self.answer_with(self.attach(name, data, mimetype))
        self.assertFalse(self.send())

    def test_a_file_needs_no_text(self):
        self.answer_with(self.attach("offer.pdf", b"%PDF-1.4 x", "application/pdf"))
        [payload] = self.send_files()[1]
        self.assertEqual(payload["document"], {"id": "771", "filename": "offer.pdf"})

    def test_a_file_on_a_note_stays_inside(self):
        self.receive(self.text_body("Hello"))
        attachment = self.attach("secret.pdf", b"%PDF-1.4 x", "application/pdf")
        self.answer("For us", subtype_xmlid="mail.mt_note", attachment_ids=[attachment.id])
        self.assertFalse(self.send())
