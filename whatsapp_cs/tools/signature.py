"""Meta's webhook signature: HMAC-SHA256 with the app secret over the raw bytes of the body."""

import hashlib
import hmac


def sign(secret, body):
    """Return the value of ``X-Hub-Signature-256`` for ``body`` (bytes)."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_valid(secret, body, header):
    """Tell whether ``header`` signs ``body`` (bytes); never without a secret. Compares in constant time."""
    if not secret or not header:
        return False
    return hmac.compare_digest(sign(secret, body).encode(), header.encode("utf-8", "replace"))
