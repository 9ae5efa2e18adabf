"""Which media WhatsApp takes (Meta §7), and what a file really is."""

import struct

MB = 1024 * 1024
IMAGE = ("image/jpeg", "image/png")
AUDIO = ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg")
VIDEO = ("video/mp4", "video/3gpp")
STICKER = ("image/webp",)
_OFFICE = "application/vnd.openxmlformats-officedocument"
DOCUMENT = (
    "text/plain",
    "application/pdf",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    f"{_OFFICE}.wordprocessingml.document",
    f"{_OFFICE}.spreadsheetml.sheet",
    f"{_OFFICE}.presentationml.presentation",
)
UPLOADS = (*AUDIO, *DOCUMENT, *IMAGE, *STICKER, *VIDEO)
# kind of message: (mime types, largest size). A document may be any of the types.
KINDS = {
    "image": (IMAGE, 5 * MB),
    "audio": (AUDIO, 16 * MB),
    "video": (VIDEO, 16 * MB),
    "sticker": (STICKER, 500 * 1024),
    "document": (UPLOADS, 100 * MB),
}
STATIC_STICKER = 100 * 1024
LARGEST = 100 * MB
HEAD = 4096  # bytes that tell what a file is


def base_type(mime_type):
    """``audio/ogg; codecs=opus`` → ``audio/ogg``."""
    return mime_type.partition(";")[0].strip().lower()


def kind_of(mime_type):
    """The kind under which a file of this type is usually sent."""
    for kind in ("image", "audio", "video", "sticker"):
        if mime_type in KINDS[kind][0]:
            return kind
    return "document"


def size_text(size):
    return f"{size // MB} MB" if size >= MB else f"{size // 1024} KB"


def refusal(kind, medium, voice=False):
    """Say why WhatsApp can't send this medium as that kind of message, or None. Meta finds it out after the answer."""
    types, limit = KINDS[kind]
    if medium.mime_type not in types:
        return f"A file of type {medium.mime_type} can't be sent as {kind}."
    if kind == "sticker" and not is_animated(medium.head):
        limit = STATIC_STICKER
    if medium.size > limit:
        return f"The {kind} is too big: {medium.size} bytes. The largest size is {size_text(limit)}."
    if voice and medium.mime_type != "audio/ogg":
        return "A voice message must be an OGG file with the Opus codec."
    return content_problem(medium.mime_type, medium.head, kind)


def content_problem(mime_type, head, kind=None):
    """Say in which way the bytes are not what their type claims, or None."""
    test, wanted = _TESTS.get(mime_type, (None, None))
    if test and not test(head):
        return f"The file is not {wanted}, as its type {mime_type} says."
    if kind == "sticker" and _webp_size(head) != (512, 512):
        return "A sticker must be 512 x 512 pixels."
    return None


# === FILE FORMATS === #


def _starts(*beginnings):
    return lambda head: head.startswith(beginnings)


def _box(*brands):
    return lambda head: head[4:8] == b"ftyp" and (not brands or head[8:11] in brands)


def _opus_mono(head):
    """An Ogg page whose payload begins with an Opus header of one channel (RFC 7845)."""
    return head.startswith(b"OggS") and head[28:36] == b"OpusHead" and head[37:38] == b"\x01"


def _mpeg_audio(head):
    return head.startswith(b"ID3") or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 in (0xE2, 0xE4, 0xE6))


def _png(head):
    """8 bits per channel, RGB or RGBA."""
    return head.startswith(b"\x89PNG\r\n\x1a\n") and len(head) > 25 and head[24] == 8 and head[25] in (2, 6)


def _webp_size(head):
    kind, data = head[12:16], head[20:]
    if kind == b"VP8X" and len(data) >= 10:
        return tuple(1 + int.from_bytes(data[at : at + 3], "little") for at in (4, 7))
    if kind == b"VP8L" and len(data) >= 5:
        bits = int.from_bytes(data[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
        return width & 0x3FFF, height & 0x3FFF
    return None


def is_animated(head):
    return head[12:16] == b"VP8X" and len(head) > 20 and bool(head[20] & 2)


_TESTS = {
    "image/jpeg": (_starts(b"\xff\xd8\xff"), "a JPEG picture"),
    "image/png": (_png, "a PNG picture with 8 bits in RGB or RGBA"),
    "image/webp": (lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP", "a WebP picture"),
    "audio/ogg": (_opus_mono, "OGG with the Opus codec and one channel"),
    "audio/mpeg": (_mpeg_audio, "MP3 audio"),
    "audio/mp4": (_box(), "MP4 audio"),
    "audio/aac": (_starts(b"\xff\xf1", b"\xff\xf9"), "AAC audio"),
    "audio/amr": (_starts(b"#!AMR"), "AMR audio"),
    "video/mp4": (_box(), "an MP4 video"),
    "video/3gpp": (_box(b"3gp", b"3ge", b"3gs"), "a 3GPP video"),
    "application/pdf": (_starts(b"%PDF-"), "a PDF document"),
}
