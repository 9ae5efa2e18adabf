"""Which addresses a file may be fetched from: the access token travels with the request, and our own network must stay shut."""

from urllib.parse import urljoin, urlsplit

# Meta's own hosts for media (Cloud API): the token is only ever shown to them
META_HOSTS = ("fbsbx.com", "fbcdn.net", "facebook.com", "whatsapp.net", "whatsapp.com")


class ForbiddenAddress(Exception):
    """The address is none of Meta's."""


def check(address, base_url):
    """Return ``address`` when it is Meta's by https, or on the very server that ``base_url`` (an administrator's) names."""
    try:
        target, base = urlsplit(address), urlsplit(base_url)
        is_base = (target.scheme, target.hostname, target.port) == (base.scheme, base.hostname, base.port)
        host = (target.hostname or "").lower().rstrip(".")
        is_meta = target.scheme == "https" and target.port in (None, 443) and _is_below(host)
    except ValueError as error:  # no address at all
        raise ForbiddenAddress("not an address") from error
    if target.username or target.password or not (is_base or is_meta):
        raise ForbiddenAddress(host)
    return address


def follow(address, location, base_url):
    """Return where a redirect leads, checked like the first address."""
    return check(urljoin(address, location or ""), base_url)


def _is_below(host):
    return any(host == name or host.endswith(f".{name}") for name in META_HOSTS)
