import re
import secrets

from odoo import api, fields, models
from odoo.tools.mail import TEXT_URL_REGEX

CODE_BYTES = 12  # of chance in a short link: nobody finds another customer's by trying


class WhatsappCsChannel(models.Model):
    _inherit = "whatsapp.cs.channel"  # pylint: disable=consider-merging-classes-inherited

    tracks_links = fields.Boolean(
        "Track Links",
        help="Links in automatic messages (replies, bots, follow-ups) are made short ones of this server, one for each "
        "customer, so that follow-ups and rules can react to a click.",
    )


class WhatsappCsConversation(models.Model):
    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    def _post_automatic(self, text, message_type="text", content=None, **kwargs):
        """Put short links of this customer in place of the links, when the number tracks them."""
        trackers = self.env["link.tracker"]
        if self.channel_id.tracks_links:
            text, content, trackers = self._track_links(text, content)
        message = super()._post_automatic(text, message_type, content, **kwargs)
        trackers.whatsapp_cs_message_id = message
        return message

    def _track_links(self, text, content):
        """Return ``(text, content, trackers)`` with short links in place of those in the text, and under a link button."""
        body = (content or {}).get("body") or {}
        parameters = ((content or {}).get("action") or {}).get("parameters") or {}
        words = [text or "", body.get("text") or "", parameters.get("url") or ""]
        urls = dict.fromkeys(url for word in words for url in _find_urls(word))
        # sudo: link.tracker - the system makes them; the target stays what the administrator has written
        trackers = self.env["link.tracker"].sudo()._whatsapp_cs_shorten(self.contact_id, list(urls))
        short = {url: tracker.short_url for url, tracker in zip(urls, trackers, strict=True)}
        if content and trackers:
            content = dict(content)
            if body.get("text"):
                content["body"] = {**body, "text": _replace_urls(body["text"], short)}
            if parameters.get("url"):
                content["action"] = {
                    **content["action"],
                    "parameters": {**parameters, "url": _replace_urls(parameters["url"], short)},
                }
        return _replace_urls(text, short), content, trackers


class LinkTracker(models.Model):
    _inherit = "link.tracker"

    whatsapp_cs_contact_id = fields.Many2one(
        "whatsapp.cs.contact", "WhatsApp Contact", readonly=True, index="btree_not_null", ondelete="set null"
    )
    whatsapp_cs_message_id = fields.Many2one(
        "whatsapp.cs.message", "WhatsApp Message", readonly=True, index="btree_not_null", ondelete="set null"
    )

    @api.model
    def _whatsapp_cs_shorten(self, contact, urls):
        """Return a new short link of ``contact`` for each of ``urls``, which are kept as they are: no redirect is open."""
        if not urls:
            return self.browse()
        # By name, without an XML id: as for leads, it must survive uninstalling.
        source = self.env["utm.mixin"]._find_or_create_record("utm.source", "WhatsApp")
        codes = [secrets.token_urlsafe(CODE_BYTES) for _url in urls]
        trackers = self.create(
            [
                {
                    "url": url,
                    "title": url,  # else Odoo would load the page to find it
                    "label": code,  # Odoo wants each link with the same target to have another one
                    "source_id": source.id,
                    "whatsapp_cs_contact_id": contact.id,
                }
                for url, code in zip(urls, codes, strict=True)
            ]
        )
        for tracker, code in zip(trackers, codes, strict=True):
            tracker.link_code_ids.code = code
        return trackers


class LinkTrackerClick(models.Model):
    _inherit = "link.tracker.click"

    @api.model
    def add_click(self, code, **route_values):
        """Note the first click of a customer on a link as an event."""
        click = super().add_click(code, **route_values)
        if click and click.link_id.whatsapp_cs_contact_id:
            click.link_id.whatsapp_cs_contact_id._on_customer_event(
                "link_clicked", record=click.link_id, detail=click.link_id.url
            )
        return click


def _split_url(match):
    """Return the web address that was found, and the marks of the sentence that follow it."""
    url = match.group().rstrip(".,;:!?)]}*_~'\"")
    return url, match.group()[len(url) :]


def _find_urls(text):
    return [_split_url(match)[0] for match in re.finditer(TEXT_URL_REGEX, text)]


def _replace_urls(text, short):
    def replace(match):
        url, rest = _split_url(match)
        return short.get(url, url) + rest

    return re.sub(TEXT_URL_REGEX, replace, text)
