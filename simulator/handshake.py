"""The GET handshake with a callback URL, before Meta accepts it."""

import secrets

import aiohttp

from .errors import GraphError

TIMEOUT = 10


async def verify_callback(session, url, verify_token):
    """Raise Meta's error unless the URL echoes the challenge: 200, bare, as text/plain, without redirect."""
    if not url.startswith(("http://", "https://")) or len(url) > 2000:
        raise GraphError(100, "Param 'override_callback_uri' must be a URL.")
    challenge = str(secrets.randbelow(9 * 10**9) + 10**9)
    query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
    try:
        async with session.get(
            url, params=query, allow_redirects=False, timeout=aiohttp.ClientTimeout(total=TIMEOUT)
        ) as response:
            body = await response.content.read(1000)
            problem = _problem(response, body, challenge)
    except TimeoutError:
        problem = "curl_errno = 28; curl_error = Operation timed out"
    except (aiohttp.ClientError, OSError, ValueError) as error:
        problem = f"curl_errno = 7; curl_error = {error}"
    if problem:
        text = f"Callback verification failed with the following errors: {problem}"
        raise GraphError(2200, text, message=f"(#2200) {text}")


def _problem(response, body, challenge):
    if response.status != 200:
        return f"HTTP Status Code = {response.status}; HTTP Message = {response.reason}"
    if body != challenge.encode():
        return "The response does not match challenge"
    if response.content_type != "text/plain":
        return f"The response is {response.content_type}, not text/plain"
    return None
