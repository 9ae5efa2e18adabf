"""A bare HTTP client for the one thing that real clients can't do: hang up in the middle."""

import asyncio
from urllib.parse import urlsplit

READ_PAUSE = 0.05  # long enough for the other side to have read the body


async def post_and_hang_up(url, headers, raw, when):
    """Post ``raw`` and close: "before" the body is complete, or "after" it without reading the answer."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    _reader, writer = await asyncio.open_connection(
        parts.hostname, parts.port or (443 if secure else 80), ssl=True if secure else None
    )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"POST {path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(raw)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"
    try:
        writer.write(head + (raw[: len(raw) // 2] if when == "before" else raw))
        await writer.drain()
        await asyncio.sleep(READ_PAUSE)
    finally:
        writer.transport.abort()
