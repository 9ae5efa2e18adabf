"""Webhook bodies: the documented ones, and what could become of them on the way.

``DOCUMENTED`` holds one value of ``changes[]`` for every kind that WhatsApp's reference describes. ``Mutator`` bends
them; it takes all chance from the ``random.Random`` it is given, so that a number names a body, and hypothesis can
shrink one.
"""

import copy
import itertools
import json

from simulator.envelope import encode

WABA_ID = "101000000000001"
PHONE_NUMBER_ID = "301000000000001"
DISPLAY_PHONE_NUMBER = "15550100100"


# === AS WHATSAPP SENDS THEM === #


def change(messages=(), statuses=(), contacts=None, phone_number_id=PHONE_NUMBER_ID):
    """Return one item of ``changes[]``; contacts are those of the messages unless given."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": DISPLAY_PHONE_NUMBER, "phone_number_id": phone_number_id},
    }
    if contacts:
        value["contacts"] = list(contacts)
    if messages:
        value["messages"] = list(messages)
    if statuses:
        value["statuses"] = list(statuses)
    return {"field": "messages", "value": value}


def envelope(*changes, waba_id=WABA_ID):
    return {"object": "whatsapp_business_account", "entry": [{"id": waba_id, "changes": list(changes)}]}


def contact(wa_id=None, user_id=None, name="Ana"):
    values = {"profile": {"name": name}, "wa_id": wa_id, "user_id": user_id}
    return {key: value for key, value in values.items() if value}


def message(wamid, timestamp, wa_id=None, user_id=None, text=None, **content):
    """Return one item of ``messages[]``: a text, or what ``content`` (``type`` and its object) says."""
    values = {"from": wa_id, "from_user_id": user_id, "id": wamid, "timestamp": str(int(timestamp))}
    if text is not None:
        content = {"type": "text", "text": {"body": text}, **content}
    return {key: value for key, value in values.items() if value} | content


def text_body(wamid, timestamp, text="Hello", wa_id=None, user_id=None, name="Ana", **content):
    """Return a whole body with one text."""
    return envelope(
        change([message(wamid, timestamp, wa_id, user_id, text, **content)], contacts=[contact(wa_id, user_id, name)])
    )


def status(wamid, state, timestamp, wa_id="15550100001", key=None, **extra):
    """Return one item of ``statuses[]``."""
    values = {"id": wamid, "status": state, "timestamp": str(int(timestamp)), "recipient_id": wa_id}
    if key:
        values["biz_opaque_callback_data"] = key
    if state == "failed":
        values["errors"] = [
            {
                "code": 131026,
                "title": "Message undeliverable",
                "message": "Message undeliverable",
                "error_data": {"details": "Message Undeliverable."},
            }
        ]
    return values | extra


# === EVERY DOCUMENTED KIND === #

_MEDIA = {"id": "8810", "mime_type": "image/jpeg", "sha256": "q83v=", "url": "https://lookaside.example/8810"}
_MESSAGES = [
    {"type": "text", "text": {"body": "Where is my parcel? /thanks ünïcode \U0001f4e6"}},
    {"type": "text", "text": {"body": "Yes"}, "context": {"from": DISPLAY_PHONE_NUMBER, "id": "wamid.OUR1"}},
    {"type": "text", "text": {"body": "Read this"}, "context": {"forwarded": True, "frequently_forwarded": True}},
    {
        "type": "text",
        "text": {"body": "Is it in stock?"},
        "context": {"from": DISPLAY_PHONE_NUMBER, "referred_product": {"catalog_id": "1", "product_retailer_id": "S1"}},
    },
    {
        "type": "text",
        "text": {"body": "I saw your ad"},
        "referral": {
            "source_url": "https://fb.example/1",
            "source_id": "120200001",
            "source_type": "ad",
            "headline": "Kayaks",
            "body": "Half price",
            "media_type": "image",
            "image_url": "https://cdn.example/1.jpg",
            "thumbnail_url": "https://cdn.example/2.jpg",
            "ctwa_clid": "ARAkLk",
            "welcome_message": {"text": "Hello!"},
            "ref": "spring",
        },
    },
    {"type": "image", "image": {**_MEDIA, "caption": "The broken one"}},
    {"type": "video", "video": {**_MEDIA, "mime_type": "video/mp4", "caption": "See"}},
    {"type": "audio", "audio": {**_MEDIA, "mime_type": "audio/ogg; codecs=opus", "voice": True}},
    {"type": "document", "document": {**_MEDIA, "filename": "../../invoice.pdf", "caption": "Invoice"}},
    {"type": "sticker", "sticker": {**_MEDIA, "mime_type": "image/webp", "animated": False}},
    {"type": "location", "location": {"latitude": 41.38, "longitude": 2.17, "name": "Shop", "address": "Street 1"}},
    {
        "type": "contacts",
        "contacts": [
            {
                "name": {"formatted_name": "Ana Silva", "first_name": "Ana", "last_name": "Silva"},
                "phones": [{"phone": "+1 555 0100", "wa_id": "15550100009", "type": "CELL"}],
                "emails": [{"email": "ana@example.com", "type": "WORK"}],
                "addresses": [{"street": "1 Main", "city": "X", "country_code": "us"}],
                "org": {"company": "Lakeside"},
                "birthday": "2000-01-01",
                "urls": [{"url": "https://example.com"}],
                "origin": "contact_request",
            }
        ],
    },
    {
        "type": "interactive",
        "interactive": {"type": "button_reply", "button_reply": {"id": "appt:77:yes", "title": "Yes"}},
        "context": {"from": DISPLAY_PHONE_NUMBER, "id": "wamid.OUR2"},
    },
    {
        "type": "interactive",
        "interactive": {"type": "list_reply", "list_reply": {"id": "s:4", "title": "10:00", "description": "Tue"}},
    },
    {
        "type": "interactive",
        "interactive": {
            "type": "nfm_reply",
            "nfm_reply": {"name": "flow", "body": "Sent", "response_json": '{"flow_token": "t", "x": 1}'},
        },
    },
    {
        "type": "interactive",
        "interactive": {
            "type": "call_permission_reply",
            "call_permission_reply": {"response": "accept", "expiration_timestamp": 1790000000},
        },
    },
    {"type": "button", "button": {"payload": "STOP", "text": "Stop"}, "context": {"id": "wamid.OUR3"}},
    {
        "type": "order",
        "order": {
            "catalog_id": "194",
            "text": "Please",
            "product_items": [
                {"product_retailer_id": "S1", "quantity": 2, "item_price": 7.5, "currency": "USD"},
                {"product_retailer_id": "S2", "quantity": 1, "item_price": 30, "currency": "USD"},
            ],
        },
    },
    {"type": "reaction", "reaction": {"message_id": "wamid.OUR1", "emoji": "\U0001f44d"}},
    {"type": "reaction", "reaction": {"message_id": "wamid.OUR1"}},
    {
        "type": "system",
        "system": {
            "type": "user_changed_number",
            "body": "Ana changed from 15550100001 to 15550100002",
            "wa_id": "15550100002",
            "user_id": "US.99",
            "previous_user_id": "US.98",
        },
    },
    {"type": "system", "system": {"type": "user_changed_user_id", "user_id": "US.97", "previous_user_id": "US.96"}},
    {
        "type": "system",
        "system": {"type": "user_identity_changed", "body": "New device"},
        "identity": {"hash": "abc", "created_timestamp": 1790000000, "acknowledged": False},
    },
    {
        "type": "edit",
        "edit": {"original_message_id": "wamid.A1", "message": {"type": "text", "text": {"body": "I meant this"}}},
    },
    {"type": "revoke", "revoke": {"original_message_id": "wamid.A1"}},
    {
        "type": "unsupported",
        "unsupported": {"type": "poll"},
        "errors": [{"code": 131051, "title": "Message type unknown", "error_data": {"details": "not supported"}}],
    },
    {"type": "unknown"},
    {"type": "request_welcome"},
    {"type": "ephemeral"},
    {"type": "text", "text": {"body": "In a group"}, "group_id": "g.1"},
]
_STATUSES = [
    {
        "status": "sent",
        "conversation": {"id": "c1", "expiration_timestamp": "1790086400", "origin": {"type": "service"}},
        "pricing": {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"},
    },
    {"status": "delivered", "recipient_user_id": "US.7Q2x", "biz_opaque_callback_data": "0" * 32},
    {"status": "read"},
    {"status": "played"},
    {"status": "deleted"},
    {"status": "warning"},
    {
        "status": "failed",
        "errors": [
            {
                "code": 131047,
                "title": "Re-engagement message",
                "message": "Re-engagement message",
                "error_data": {"details": "More than 24 hours have passed"},
                "href": "https://developers.example/errors",
            }
        ],
    },
    {"status": "read", "recipient_type": "group", "recipient_participant_id": "15550100003", "template_id": "77"},
]
_OTHER_FIELDS = {
    "message_template_status_update": {
        "event": "REJECTED",
        "message_template_id": 594425479261596,
        "message_template_name": "parcel",
        "message_template_language": "en_US",
        "reason": "INVALID_FORMAT",
        "rejection_info": {"reason": "x", "recommendation": "y"},
    },
    "message_template_quality_update": {"previous_quality_score": "GREEN", "new_quality_score": "RED"},
    "message_template_components_update": {"message_template_title": "t", "message_template_buttons": [{"a": 1}]},
    "template_category_update": {"new_category": "MARKETING", "correct_category": "UTILITY"},
    "template_correct_category_detection": {"category": "UTILITY"},
    "phone_number_quality_update": {
        "display_phone_number": DISPLAY_PHONE_NUMBER,
        "event": "THROUGHPUT_UPGRADE",
        "max_daily_conversations_per_business": "TIER_2K",
    },
    "phone_number_name_update": {"decision": "APPROVED", "requested_verified_name": "Lakeside"},
    "account_update": {
        "event": "ACCOUNT_RESTRICTION",
        "restriction_info": [{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": 1790000000}],
    },
    "account_review_update": {"decision": "APPROVED"},
    "account_alerts": {
        "entity_type": "PHONE_NUMBER",
        "entity_id": 301000000000001,
        "alert_info": {"alert_severity": "CRITICAL", "alert_status": "NONE", "alert_type": "PROFILE_PICTURE_LOST"},
    },
    "business_capability_update": {"max_daily_conversations_per_business": -1, "max_phone_numbers_per_waba": 25},
    "security": {"event": "PIN_CHANGED", "requester": "1001", "display_phone_number": DISPLAY_PHONE_NUMBER},
    "user_preferences": {
        "contacts": [{"profile": {"name": "Ana"}, "wa_id": "15550100001"}],
        "user_preferences": [
            {
                "wa_id": "15550100001",
                "user_id": "US.7Q2x",
                "category": "marketing_messages",
                "value": "stop",
                "timestamp": 1790000000,
            }
        ],
    },
    "business_username_updates": {"username": "lakeside", "status": "approved"},
    "messaging_handovers": {"type": "control_passed", "previous_owner_role": "primary", "new_owner_role": "secondary"},
    "standby": {"standby": {"messages": [{"id": "wamid.S1", "from": "15550100001", "type": "text"}]}},
    "smb_message_echoes": {
        "message_echoes": [
            {
                "from": DISPLAY_PHONE_NUMBER,
                "to": "15550100001",
                "id": "wamid.E1",
                "timestamp": "1790000000",
                "type": "text",
                "text": {"body": "From the phone"},
            }
        ]
    },
    "smb_app_state_sync": {"state_sync": [{"type": "contact", "action": "add", "contact": {"full_name": "Ana"}}]},
    "history": {
        "history": [
            {
                "metadata": {"phase": 0, "chunk_order": 1, "progress": 55},
                "threads": [
                    {"id": "15550100001", "messages": [{"id": "wamid.H1", "history_context": {"status": "READ"}}]}
                ],
            }
        ]
    },
    "calls": {
        "calls": [
            {
                "id": "wacid.1",
                "event": "connect",
                "from": "15550100001",
                "timestamp": "1790000000",
                "session": {"sdp_type": "offer", "sdp": "v=0\r\n"},
            }
        ],
        "statuses": [{"id": "wacid.1", "type": "call", "status": "RINGING", "timestamp": "1790000000"}],
    },
    "flows": {"event": "FLOW_STATUS_CHANGE", "flow_id": "1", "message": "m", "old_status": "DRAFT"},
    "group_lifecycle_update": {"groups": [{"group_id": "g.1", "type": "group_create"}]},
    "payment_configuration_update": {"configuration_name": "c", "status": "ok"},
    "automatic_events": {"automatic_events": [{"id": "1", "event_name": "LeadSubmitted"}]},
}


_OF_A_NUMBER = ("user_preferences", "smb_message_echoes", "calls")  # they name the number they are about


def _get_documented():
    sender = {"wa_id": "15550100001", "user_id": "US.7Q2x"}
    people = [{**contact(**sender), "profile": {"name": "Ana Silva", "username": "ana.s"}}]
    changes = [change([message("wamid.A1", 1790000100, **sender, **item)], contacts=people) for item in _MESSAGES]
    changes.append(change([message("wamid.A1", 1790000100, user_id="US.7Q2x", text="Nobody knows my number")]))
    changes += [change(statuses=[{**status("wamid.OUR1", "", 1790000300), **item}]) for item in _STATUSES]
    changes.append(
        change(
            [message(f"wamid.B{number}", 1790000100 + number, **sender, text=f"Part {number}") for number in range(3)],
            [status("wamid.OUR1", "sent", 1790000300), status("wamid.OUR1", "delivered", 1790000301)],
            contacts=people,
        )
    )
    errors = change()
    errors["value"]["errors"] = [{"code": 131000, "title": "Something went wrong", "message": "m"}]
    changes.append(errors)
    frame = change()["value"]
    changes += [
        {"field": field, "value": {**frame, **value} if field in _OF_A_NUMBER else value}
        for field, value in _OTHER_FIELDS.items()
    ]
    return changes


DOCUMENTED = _get_documented()


# === BENT === #

_TEXTS = (
    "", " ", "\0", "a\0b", "\ud800", "\udfff\ud800", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u202ereversed", "\ufeff", "\x7f\x1b[0m",
    "'; DROP TABLE res_partner; --", "%s %(name)s {0} {name}", "<script>alert(1)</script>", "&lt;b&gt;", "*_~`", "```",
    "../../etc/passwd", "0", "-1", "1e999", "NaN", "null", "true", "[]", "{}", "\u0661\u0662\u0663\u0664\u0665", "+1 555 0100", "٣" * 40, "9" * 30,
    "9" * 5000, "http://[", "\\u0000", "\r\n\r\n", "é", "e\u0301", "ﷺ" * 20, "x" * 511, "x" * 512, "x" * 513,
)  # fmt: skip
_VALUES = (
    None, True, False, 0, -1, 1, 3.5, -0.0, 2**31, -(2**31) - 1, 2**63, -(2**63) - 1, 10**30, -(10**400), 1e308, float("nan"), float("inf"),
    float("-inf"), [], {}, [[]], [{}], {"": ""}, [None], ["x"], {"id": {"id": 1}}, 253402300800, 32503680000, -62135596800,
)  # fmt: skip
_IDS = ("wamid.A1", "wamid.OUR1", "15550100001", "US.7Q2x", PHONE_NUMBER_ID, WABA_ID, "301000000000002", "wamid.B1")
_KINDS = (
    "text", "image", "system", "reaction", "interactive", "contacts", "messages", "statuses", "sent", "delivered", "read", "failed",
    "played", "id", "from", "type", "unknown", "errors", "timestamp",
)  # fmt: skip


class Mutator:
    """Bends documented payloads with the chance of ``random`` (a ``random.Random``)."""

    def __init__(self, random):
        self.random = random

    def get_body(self, sound=None):
        """Return the bytes of a webhook body, and whether the change ``sound`` is in it, as it is, beside what is bent."""
        payload = self._get_payload()
        for _round in range(self._pick((0, 1, 1, 1, 2, 2, 3, 5, 8))):
            payload = self._bend(payload)
        if sound and isinstance(payload, dict) and isinstance(payload.get("entry"), list):
            payload["entry"].append({"id": WABA_ID, "changes": [sound]})
            return self._encode(payload, is_utf8=True), True
        raw = self._encode(payload)
        return (self._bend_bytes(raw) if self._is_chosen(12) else raw), False

    def _get_payload(self):
        """Return one to three documented changes, their people and ids made some of many."""
        changes = [self._pick(DOCUMENTED) for _number in range(self._pick((1, 1, 1, 1, 2, 3)))]
        return envelope(*(_rename(item, self._get_names()) for item in changes))

    def _get_names(self):
        """Return what the documented ids become: a few people write again and again, messages are new."""
        person = self.random.randrange(60)
        names = {
            "15550100001": str(15550200000 + person),
            # As a rule everybody has one number and one id.
            "US.7Q2x": f"US.{self.random.randrange(60) if self._is_chosen(20) else person}",
        }
        number = self.random.randrange(10**9)
        names |= {f"wamid.{name}": f"wamid.{name}.{number}" for name in ("A1", "B0", "B1", "B2", "E1", "H1")}
        return names | {f"wamid.OUR{name}": f"wamid.OUR{name}.{number % 3}.{person}" for name in (1, 2, 3)}

    # --- what is chosen --- #

    def _pick(self, values):
        return values[self.random.randrange(len(values))]

    def _is_chosen(self, one_of):
        return self.random.randrange(one_of) == one_of - 1  # hypothesis prefers 0: shrinking leaves these out

    def _pick_place(self, payload):
        """Return ``(container, key)`` of some value; deep places are as likely as shallow ones."""
        places = [
            (container, key)
            for container in _walk(payload)
            for key in (list(container) if isinstance(container, dict) else range(len(container)))
        ]
        return self._pick(places) if places else (None, None)

    # --- the tree --- #

    def _bend(self, payload):
        container, key = self._pick_place(payload)
        if container is None:
            return self._get_odd_value()
        bend = self._pick(
            (
                self._replace, self._replace, self._replace, self._bend_text, self._bend_text, self._drop, self._drop,
                self._rename_key, self._wrap, self._unwrap, self._empty, self._repeat, self._copy_elsewhere, self._add_key, self._nest,
            )
        )  # fmt: skip
        bend(payload, container, key)
        # Once in a while not even the frame is what it should be.
        return (
            self._pick((payload["entry"], [payload], payload))
            if self._is_chosen(60) and _has_entry(payload)
            else payload
        )

    def _get_odd_value(self):
        return copy.deepcopy(self._pick(self._pick((_VALUES, _TEXTS, _IDS, _KINDS))))

    def _replace(self, _payload, container, key):
        container[key] = self._get_odd_value()

    def _bend_text(self, _payload, container, key):
        text = container[key] if isinstance(container[key], str) else ""
        odd = self._pick(_TEXTS)
        container[key] = self._pick((text + odd, odd + text, text[:1], text.upper(), text * 2, text * 300, odd * 100))
        if self._is_chosen(40):
            container[key] = "long " * self._pick((4000, 40000))

    def _drop(self, _payload, container, key):
        del container[key]

    def _rename_key(self, _payload, container, key):
        if isinstance(container, dict):
            container[self._pick((*_TEXTS[:12], *_KINDS))] = container.pop(key)

    def _wrap(self, _payload, container, key):
        container[key] = self._pick(([container[key]], {"value": container[key]}, {"0": container[key]}))

    def _unwrap(self, _payload, container, key):
        inner = container[key]
        if isinstance(inner, list) and inner:
            container[key] = inner[0]
        elif isinstance(inner, dict) and inner:
            container[key] = next(iter(inner.values()))

    def _empty(self, _payload, container, key):
        container[key] = type(container[key])() if container[key] is not None else None

    def _repeat(self, _payload, container, key):
        """Make a list of many: Meta puts up to 1,000 updates into one body."""
        item = container[key]
        times = 1000 if self._is_chosen(150) else self._pick((2, 3, 20, 60))
        items = [copy.deepcopy(item) for _number in range(times)] if times <= 60 or _count(item) < 30 else [item]
        if isinstance(item, dict) and "id" in item and self._is_chosen(2):
            for number, each in enumerate(items):
                each["id"] = f"{item['id']}.{number}"[:500]
        if isinstance(container, list):
            container[key : key + 1] = items
        else:
            container[key] = items

    def _copy_elsewhere(self, payload, container, key):
        value = copy.deepcopy(container[key])
        other, other_key = self._pick_place(payload)
        if _count(value) < 2000:
            other[other_key] = value

    def _add_key(self, _payload, container, _key):
        if isinstance(container, dict):
            container[self._pick((*_KINDS, *_TEXTS[:8]))] = self._get_odd_value()

    def _nest(self, _payload, container, key):
        kind = self._pick((list, dict))
        for _level in range(self._pick((3, 30, 150))):
            container[key] = [container[key]] if kind is list else {"x": container[key]}

    # --- the bytes --- #

    def _encode(self, payload, is_utf8=False):
        if self._is_chosen(6):  # some other sender's JSON: no escapes, other spaces
            text = json.dumps(payload, ensure_ascii=False, indent=self._pick((None, 1)))
            return text.encode("utf-8", "replace" if is_utf8 else "surrogatepass")
        return encode(payload)

    def _bend_bytes(self, raw):
        place = self.random.randrange(len(raw) + 1)
        depth = self._pick((400, 900, 990, 1100, 20000, 100000))
        changes = (
            lambda: raw[:place],
            lambda: raw[:place] + self._pick((b"\xff", b"\xc3", b"\xed\xa0\x80", b"\0", b"\xf8\x88\x80\x80\x80")) + raw[place:],
            lambda: raw[:place] + self._pick((b'"', b"}", b"]", b",", b"{", b"\\u00", b"\\ud800", b"\\u0000")) + raw[place:],
            lambda: raw + self._pick((b"\n", b" ", b"x", b"{}", b"\0")),
            lambda: b"\xef\xbb\xbf" + raw,
            lambda: raw.decode("utf-8", "replace").encode("utf-16"),
            lambda: b"",
            lambda: self._pick((b"null", b"1", b'"x"', b"[]", b"{}", b"NaN", b"-", b"{" * 50)),
            lambda: b'{"entry": ' + b"[" * depth + b"]" * depth + b"}",
            lambda: raw.replace(b"{", b'{"x": ' + b'{"x": ' * depth + b"1" + b"}" * depth + b", ", 1),
            # The same key twice: the later one counts in Python, the earlier one elsewhere.
            lambda: raw.replace(b'"messages":', b'"messages":[{"id":"wamid.TWICE"}],"messages":', 1),
            lambda: raw.replace(b'"id":', b'"id":1,"id":'),
            lambda: raw.replace(b'"timestamp":"', b'"timestamp":"9999999999'),
            lambda: raw.replace(b"1", self._pick((b"1" * 5000, b"1e400", b"-1"))),
        )  # fmt: skip
        return self._pick(changes)()


def _walk(value):
    """Yield every dict and list of ``value``, by its own stack: it may be nested deeper than Python calls."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, (dict, list)):
            yield value
            waiting.extend(value.values() if isinstance(value, dict) else value)


def _count(value):
    return sum(len(container) for container in itertools.islice(_walk(value), 5000))


def _has_entry(payload):
    return isinstance(payload, dict) and "entry" in payload


def _rename(value, names):
    """Return ``value`` with the texts of ``names`` replaced."""
    if isinstance(value, dict):
        return {key: _rename(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_rename(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value
