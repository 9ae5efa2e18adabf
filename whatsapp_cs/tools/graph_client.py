"""The one door to Meta's Graph API: no other file talks HTTP."""

import hashlib
import time
from collections import deque
from contextlib import contextmanager, suppress
from functools import lru_cache

import requests
from requests_toolbelt import MultipartEncoder

from . import graph_errors, url_guard

CONNECT_TIMEOUT = 5  # seconds
IDLE_SECONDS = 15  # that a connection is kept for the next call; servers close theirs after about a minute
REDIRECTS = 4  # that a download may follow
PIECE = 256 * 1024  # bytes of a file that are in memory at a time
USER_AGENT = "whatsapp_cs"  # Meta's file servers refuse some libraries' own names
READ_TIMEOUT = 30  # seconds; Meta recommends a generous one, a time-out leaves a message in doubt


class GraphError(Exception):
    """A call that did not succeed.

    :ivar code: Meta's error code, or ``"network"``
    :ivar details: Meta's own explanation, in English
    :ivar outcome_unknown: Meta may have taken the request; sending it again could send it twice
    :ivar answer: what Meta said beside the error, as a dict
    """

    def __init__(
        self,
        code,
        details="",
        *,
        http_status=0,
        is_transient=False,
        trace="",
        retryable=None,
        outcome_unknown=False,
        answer=None,
    ):
        super().__init__(f"{code}: {details}")
        self.code = code
        self.details = details
        self.trace = trace
        self.outcome_unknown = outcome_unknown
        self.answer = answer or {}
        self.meaning = graph_errors.get_meaning(code, http_status, is_transient)
        self._retryable = retryable

    @property
    def retryable(self):
        """The same request may simply be sent again later."""
        if self._retryable is not None:
            return self._retryable
        return self.meaning.family in (graph_errors.RETRY, graph_errors.THROTTLE, graph_errors.PAIR, graph_errors.WAIT)

    @property
    def needs_administrator(self):
        """No message of this channel will go before somebody has mended the connection."""
        return self.meaning.family == graph_errors.REAUTHENTICATE


class GraphClient:
    """Calls of one account. Knows no database and may be used from many threads at once."""

    def __init__(self, base_url, version, token):
        self.base_url = base_url.rstrip("/")
        self.version = version
        self.token = token
        self._idle = deque()  # (since when, session): connections are kept, and never used by two at once

    @contextmanager
    def _get_session(self):
        session = None
        with suppress(IndexError):
            since, kept = self._idle.pop()
            # One that has been idle for long may be hung up on the very moment we send: nobody would know what arrived.
            if time.monotonic() - since < IDLE_SECONDS:
                session = kept
            else:
                kept.close()
        session = session or requests.Session()
        try:
            yield session
        finally:
            self._idle.append((time.monotonic(), session))

    # === ACCOUNT === #

    def debug_token(self, app_id, app_secret):
        """Return what Meta knows of the token: ``is_valid``, ``expires_at`` (Unix seconds, 0 = never), ``scopes``.

        Asked with the app's own token, so a wrong app secret shows up here too (code 190).
        """
        return self._request(
            "GET", "debug_token", token=f"{app_id}|{app_secret}", params={"input_token": self.token}
        ).get("data", {})

    def get_phone_numbers(self, waba_id, fields):
        """Return all numbers of a business account, every page, as a list of dicts with ``fields``."""
        return self._get_pages(f"{waba_id}/phone_numbers", fields)

    def _get_pages(self, path, fields):
        """Return the entries of all pages of a list, as dicts with ``fields``."""
        entries, after = [], None
        while True:
            params = {"fields": ",".join(fields), "limit": 100, **({"after": after} if after else {})}
            page = self._request("GET", path, params=params)
            entries += page.get("data", [])
            paging = page.get("paging", {})
            after = paging.get("cursors", {}).get("after")
            if not after or not paging.get("next"):
                return entries

    def subscribe_app(self, waba_id, callback_url, verify_token):
        """Have Meta deliver this account's webhooks to ``callback_url``; Meta checks it by a GET at once."""
        return self._request(
            "POST",
            f"{waba_id}/subscribed_apps",
            json={"override_callback_uri": callback_url, "verify_token": verify_token},
        )

    def get_phone_number(self, phone_number_id, fields, timeout=READ_TIMEOUT):
        """Return one number's ``fields`` as a dict."""
        return self._request("GET", phone_number_id, params={"fields": ",".join(fields)}, timeout=timeout)

    def get_health(self, waba_id):
        """Return what Meta says of sending from an account: ``can_send_message``, ``entities`` with their errors."""
        return self._request("GET", waba_id, params={"fields": "health_status"}).get("health_status") or {}

    def get_profile(self, phone_number_id):
        """Return a number's business profile: ``about``, ``address``, ``description``, ``email``, ``websites``, ``vertical``."""
        fields = "about,address,description,email,websites,vertical"
        answer = self._request("GET", f"{phone_number_id}/whatsapp_business_profile", params={"fields": fields})
        return (answer.get("data") or [{}])[0]

    def set_profile(self, phone_number_id, profile):
        """Replace the given parts of a number's business profile."""
        return self._request(
            "POST", f"{phone_number_id}/whatsapp_business_profile", json={"messaging_product": "whatsapp", **profile}
        )

    # === MESSAGES === #

    def send_message(self, phone_number_id, payload):
        """Send one message and return its id (``wamid.…``): Meta accepted it, it is not delivered yet."""
        answer = self._request("POST", f"{phone_number_id}/messages", json=payload)
        try:
            return answer["messages"][0]["id"]
        except (KeyError, IndexError, TypeError) as error:
            raise GraphError("network", "answer without a message id", outcome_unknown=True) from error

    def mark_read(self, phone_number_id, wamid, is_typing=False):
        """Tell the customer that this message and all before it were read; with ``is_typing`` also that an answer comes."""
        payload = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
        if is_typing:
            payload["typing_indicator"] = {"type": "text"}
        return self._request("POST", f"{phone_number_id}/messages", json=payload, is_safe=True)

    # === PEOPLE === #

    def block(self, phone_number_id, recipient):
        """Let WhatsApp keep away what a person writes to this number; only who wrote within 24 hours can be blocked.

        :param recipient: ``{"user": "+15550100001"}`` or ``{"user_id": …}``
        """
        return self._change_block("POST", phone_number_id, recipient)

    def unblock(self, phone_number_id, recipient):
        """Let a blocked person write to this number again."""
        return self._change_block("DELETE", phone_number_id, recipient)

    def _change_block(self, method, phone_number_id, recipient):
        payload = {"messaging_product": "whatsapp", "block_users": [recipient]}
        try:
            return self._request(method, f"{phone_number_id}/block_users", json=payload, is_safe=True)
        except GraphError as error:
            # The answer's own error says only that some of the users failed; why is said beside each.
            failed = error.answer.get("block_users", {}).get("failed_users") or [{}]
            reason = (failed[0].get("errors") or [{}])[0]
            if not reason.get("code"):
                raise
            raise GraphError(reason["code"], reason.get("message") or "", answer=error.answer) from error

    # === MEDIA === #

    def get_media(self, media_id, phone_number_id):
        """Return what Meta knows of a file: ``url`` (for 5 minutes), ``mime_type``, ``sha256``, ``file_size`` (bytes)."""
        return self._request("GET", media_id, params={"phone_number_id": phone_number_id})

    def download(self, address, file, limit):
        """Write the file at ``address`` (from ``get_media``) into ``file``, piece by piece; return its SHA-256 (bytes).

        Only from Meta's hosts, also after a redirect. More than ``limit`` bytes are a GraphError "too large".
        """
        try:
            with self._get_session() as session:
                for _redirect in range(REDIRECTS):
                    url_guard.check(address, self.base_url)
                    with session.get(
                        address,
                        headers={"Authorization": f"Bearer {self.token}", "User-Agent": USER_AGENT},
                        timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
                        allow_redirects=False,
                        stream=True,
                    ) as response:
                        if response.is_redirect:
                            address = url_guard.follow(address, response.headers.get("Location"), self.base_url)
                            continue
                        if response.status_code == 200:
                            return _write(response, file, limit)
                        raise GraphError(
                            "media", f"HTTP {response.status_code}", retryable=response.status_code not in (401, 403)
                        )
        except url_guard.ForbiddenAddress as error:
            raise GraphError("media", f"not an address of WhatsApp: {error}", retryable=False) from error
        except requests.RequestException as error:
            raise GraphError("network", type(error).__name__, retryable=True) from error
        raise GraphError("media", "too many redirects", retryable=False)

    def upload_media(self, phone_number_id, file, mimetype, filename):
        """Hand an open file over, piece by piece, and return the id to send it by; it is valid for 30 days."""
        form = MultipartEncoder({"messaging_product": "whatsapp", "type": mimetype, "file": (filename, file, mimetype)})
        answer = self._request(
            "POST", f"{phone_number_id}/media", data=form, headers={"Content-Type": form.content_type}, is_safe=True
        )
        if not isinstance(answer.get("id"), (str, int)):
            raise GraphError("network", "answer without a media id", retryable=True)
        return str(answer["id"])

    # === TEMPLATES === #

    def get_templates(self, waba_id, fields):
        """Return all message templates of a business account, every page, as a list of dicts with ``fields``."""
        return self._get_pages(f"{waba_id}/message_templates", fields)

    def get_template(self, template_id, fields):
        """Return one template as ``get_templates`` does."""
        return self._request("GET", template_id, params={"fields": ",".join(fields)})

    def create_template(self, waba_id, payload):
        """Submit a new template for review; return Meta's ``id``, ``status`` and ``category``."""
        return self._request("POST", f"{waba_id}/message_templates", json=payload)

    def edit_template(self, template_id, payload):
        """Replace the content of a template, which is reviewed again."""
        return self._request("POST", template_id, json=payload)

    def delete_template(self, waba_id, template_id, name):
        """Delete one language of a template; its name stays taken for 30 days."""
        return self._request("DELETE", f"{waba_id}/message_templates", params={"hsm_id": template_id, "name": name})

    def upload_sample(self, app_id, filename, mimetype, data):
        """Upload a file by Meta's resumable upload and return the handle that a template's sample names."""
        session = self._request(
            "POST",
            f"{app_id}/uploads",
            params={"file_name": filename, "file_length": len(data), "file_type": mimetype},
        )
        answer = self._request(
            "POST",
            session.get("id", ""),
            headers={"Authorization": f"OAuth {self.token}", "file_offset": "0"},  # this one call wants another word
            data=data,
        )
        return answer.get("h", "")

    # === TRANSPORT === #

    def _request(self, method, path, *, token=None, headers=None, is_safe=None, timeout=READ_TIMEOUT, **kwargs):
        # What only reads may be asked again after any failure; what sends may not.
        is_safe = method == "GET" if is_safe is None else is_safe
        try:
            with self._get_session() as session:
                response = session.request(
                    method,
                    f"{self.base_url}/{self.version}/{path}",
                    headers={"Authorization": f"Bearer {token or self.token}", **(headers or {})},
                    timeout=(CONNECT_TIMEOUT, timeout),
                    allow_redirects=False,
                    **kwargs,
                )
        except requests.ConnectTimeout as error:  # never reached Meta
            raise GraphError("network", "no connection", retryable=True) from error
        except requests.ConnectionError as error:
            refused = _was_never_sent(error)
            raise GraphError(
                "network",
                "no connection" if refused else "connection lost",
                retryable=refused or is_safe,
                outcome_unknown=not (refused or is_safe),
            ) from error
        except requests.RequestException as error:
            raise GraphError("network", type(error).__name__, retryable=is_safe, outcome_unknown=not is_safe) from error
        return self._read(response, is_safe)

    def _read(self, response, is_safe):
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if response.ok and isinstance(answer, dict) and "error" not in answer:
            return answer
        error = answer.get("error") if isinstance(answer, dict) else None
        if isinstance(error, dict):
            data = error.get("error_data")
            raise GraphError(
                error.get("code"),
                (data.get("details") if isinstance(data, dict) else None)
                or error.get("error_user_msg")  # of template management: the text meant for people
                or error.get("message")
                or "",
                http_status=response.status_code,
                is_transient=bool(error.get("is_transient")),
                trace=error.get("fbtrace_id") or "",
                answer=answer,
            )
        # No word from Meta in it: a proxy's page, or an answer cut off. It may have passed on the request.
        unknown = not is_safe and (response.ok or response.status_code >= 500)
        raise GraphError(
            "network",
            f"HTTP {response.status_code} without an answer of Meta",
            retryable=not unknown,
            outcome_unknown=unknown,
        )


@lru_cache(maxsize=32)
def get_client(base_url, version, token):
    """Return the client of these credentials, always the same one, so that connections are used again."""
    return GraphClient(base_url, version, token)


def post_signed(url, body, signature):
    """Post a webhook body to our own public address, as Meta would; return the HTTP status.

    Raises GraphError when the address can't be reached from here.
    """
    try:
        response = requests.post(
            url,
            data=body,
            headers={"Content-Type": "application/json", "X-Hub-Signature-256": signature},
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            allow_redirects=False,
        )
    except requests.RequestException as error:
        raise GraphError("network", type(error).__name__, retryable=True) from error
    return response.status_code


def _write(response, file, limit):
    digest, size = hashlib.sha256(), 0
    for piece in response.iter_content(PIECE):
        size += len(piece)
        if size > limit:
            raise GraphError("media", "too large", retryable=False)
        digest.update(piece)
        file.write(piece)
    return digest.digest()


def _was_never_sent(error):
    """Tell a refused or unresolved connection from one that broke after the request had left."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return type(reason).__name__ in ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")
