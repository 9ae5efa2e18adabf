"""Who calls: bearer tokens, permissions, and ``debug_token``."""

from .errors import GraphError, unknown_object

MANAGEMENT = "whatsapp_business_management"
MESSAGING = "whatsapp_business_messaging"


def _invalid(text="Invalid OAuth access token - Cannot parse access token", subcode=None):
    return GraphError(190, message=text, subcode=subcode)


def bearer(request, scheme="Bearer"):
    """Return the token of the Authorization header; in the URL, where it ends up in logs, it is refused."""
    if "access_token" in request.query:
        raise _invalid("Send the access token in the Authorization header.")
    kind, _blank, token = request.headers.get("Authorization", "").partition(" ")
    if kind != scheme or not token:
        raise _invalid("An access token is required to request this resource.")
    return token


class Caller:
    """A valid token: its app, and which accounts and permissions it has."""

    def __init__(self, token, app_id, waba_ids):
        self.token = token
        self.app_id = app_id
        self.waba_ids = waba_ids

    def require(self, scope):
        if scope not in self.token.scopes:
            raise GraphError(10, f"The access token lacks the permission {scope}.")


def authenticate(simulator, request, scheme="Bearer"):
    """Return the ``Caller``; an unknown or expired token is refused with 190."""
    known = simulator.world.tokens.get(bearer(request, scheme))
    if known is None:
        raise _invalid()
    token, app_id, _name, waba_ids = known
    if _has_expired(token, simulator.clock.now()):
        raise _invalid("Error validating access token: Session has expired.", 463)
    return Caller(token, app_id, waba_ids)


def _has_expired(token, now):
    return 0 < token.expires_at <= now


def find_account(simulator, caller, object_id, method):
    account = simulator.world.accounts.get(object_id)
    if account is None or account.waba_id not in caller.waba_ids:
        raise unknown_object(method, object_id)
    return account


def find_number(simulator, caller, object_id, method):
    account, number = simulator.world.numbers.get(object_id, (None, None))
    if number is None or account.waba_id not in caller.waba_ids:
        raise unknown_object(method, object_id)
    return account, number


# === debug_token === #


def _inspecting_app(simulator, request):
    """Return the id of the app that asks: by its app token ``id|secret``, or by a token of the app."""
    token = bearer(request)
    if "|" not in token:
        return authenticate(simulator, request).app_id
    app_id, _bar, secret = token.partition("|")
    app = simulator.world.apps().get(app_id)
    if app is None or app.app_secret != secret:
        raise _invalid("Error validating application. Cannot get application info due to a system error.")
    return app_id


def debug_token(simulator, request):
    """Describe ``input_token``. An invalid token is a normal answer, not an error."""
    app_id = _inspecting_app(simulator, request)
    inspected = request.query.get("input_token")
    if not inspected:
        raise GraphError(100, "The parameter input_token is required.")
    known = simulator.world.tokens.get(inspected)
    if known is None:
        error = {"code": 190, "message": "The access token could not be decrypted"}
        return {"data": {"error": error, "is_valid": False, "scopes": []}}
    token, owner_id, owner_name, waba_ids = known
    if owner_id != app_id:
        raise GraphError(100, "The access token belongs to another app.")
    data = {
        "app_id": owner_id,
        "type": "SYSTEM_USER",
        "application": owner_name,
        "data_access_expires_at": token.data_access_expires_at,
        "expires_at": token.expires_at,
        "is_valid": True,
        "scopes": token.scopes,
        "granular_scopes": [{"scope": scope, "target_ids": sorted(waba_ids)} for scope in token.scopes],
        "user_id": f"7{owner_id}",
    }
    if _has_expired(token, simulator.clock.now()):
        data["is_valid"] = False
        message = "Error validating access token: Session has expired."
        data["error"] = {"code": 190, "message": message, "subcode": 463}
    return {"data": data}
