"""Scans that a business sends in as proof of its licence."""

from io import BytesIO

from PIL import Image

SIZE_LIMIT = 5 * 1024 * 1024  # bytes


def get_kind(content):
    """Return ``"jpg"`` or ``"pdf"`` by what the bytes are, whatever the file is called; else None."""
    if content.startswith(b"\xff\xd8\xff"):
        return "jpg" if _is_image(content) else None
    # The header may come after some bytes, the end before some: readers take both within 1024.
    if b"%PDF-" in content[:1024] and b"%%EOF" in content[-1024:]:
        return "pdf"
    return None


def _is_image(content):
    try:
        with Image.open(BytesIO(content), formats=["JPEG"]) as image:
            image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
    return True
