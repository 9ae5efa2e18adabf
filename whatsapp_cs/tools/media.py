"""Files as WhatsApp takes them: which kind a file is sent as, the limits, and the conversions.

Kinds, types and sizes are Meta's (Cloud API, Media, November 2026).
"""

import io
import re
from typing import NamedTuple

from PIL import Image, ImageOps, WebPImagePlugin  # noqa: F401 - Odoo leaves this type out unless it is asked for

try:
    import av  # PyAV: makes voice messages out of what browsers record; optional
except ImportError:
    av = None

MEGABYTE = 1024 * 1024
CAPTION_LIMIT = 1024  # characters


class Kind(NamedTuple):
    """A kind of media message: the types WhatsApp takes as they are, and the largest size in bytes."""

    mimetypes: frozenset
    limit: int
    has_caption: bool


KINDS = {
    "image": Kind(frozenset({"image/jpeg", "image/png"}), 5 * MEGABYTE, True),
    "video": Kind(frozenset({"video/mp4", "video/3gpp"}), 16 * MEGABYTE, True),
    "audio": Kind(frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}), 16 * MEGABYTE, False),
    "document": Kind(
        frozenset(
            {
                "text/plain",
                "application/pdf",
                "application/msword",
                "application/vnd.ms-excel",
                "application/vnd.ms-powerpoint",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            }
        ),
        100 * MEGABYTE,
        True,
    ),
    "sticker": Kind(frozenset({"image/webp"}), 500 * 1024, False),
}
STICKER_SIZE = (512, 512)  # pixels
STILL_STICKER_LIMIT = 100 * 1024  # bytes; one that moves may have the limit of its kind
# Pictures that we turn into ones WhatsApp takes
CONVERTED_IMAGES = frozenset({"image/webp", "image/bmp", "image/x-ms-bmp", "image/gif"})
LARGEST_SOURCE_IMAGE = 40 * MEGABYTE  # bytes of a picture that is made smaller before it is sent
IMAGE_BOX = (800, 600)  # pixels a picture is scaled to fit into (MS4)
INBOUND_BOX = (2560, 2560)  # pixels; what customers send is kept sharper
JPEG_QUALITY = 85
# Served to browsers as what they are: none of them runs anything. All else is only ever downloaded.
SAFE_MIMETYPES = frozenset().union(
    *(kind.mimetypes for kind in KINDS.values()), {"image/gif", "audio/wav", "audio/webm", "video/webm", "text/csv"}
)
DOWNLOAD_ONLY = "application/x-download"
_ALIASES = {"image/jpg": "image/jpeg", "audio/mp3": "audio/mpeg", "audio/x-m4a": "audio/mp4", "audio/m4a": "audio/mp4"}
_EXTENSIONS = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "video/mp4": "mp4", "video/3gpp": "3gp",
    "audio/aac": "aac", "audio/amr": "amr", "audio/mpeg": "mp3", "audio/mp4": "m4a", "audio/ogg": "ogg",
    "application/pdf": "pdf", "text/plain": "txt",
}  # fmt: skip


class NotSendable(Exception):
    """The file can't be sent by WhatsApp, or not be read; the text is for logs."""


def clean_mimetype(mimetype):
    """Return a MIME type without parameters, lower case, under its usual name."""
    mimetype = (mimetype or "").split(";")[0].strip().lower()
    return _ALIASES.get(mimetype, mimetype)


def get_safe_mimetype(mimetype):
    """Return the type a file of a stranger may be served as."""
    mimetype = clean_mimetype(mimetype)
    return mimetype if mimetype in SAFE_MIMETYPES else DOWNLOAD_ONLY


def get_kind(mimetype):
    """Return the kind of message that carries a file of this type, None when WhatsApp takes none."""
    mimetype = clean_mimetype(mimetype)
    if mimetype in CONVERTED_IMAGES:
        return "image"
    return next((name for name in ("image", "video", "audio", "document") if mimetype in KINDS[name].mimetypes), None)


def is_sticker(data):
    """Tell whether a WebP picture has the size of a sticker: other ones are sent as pictures."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            limit = KINDS["sticker"].limit if getattr(image, "is_animated", False) else STILL_STICKER_LIMIT
            return image.format == "WEBP" and image.size == STICKER_SIZE and len(data) <= limit
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def get_limit(kind):
    """Return how many bytes a file to be sent may have: pictures are made smaller first."""
    return LARGEST_SOURCE_IMAGE if kind == "image" else KINDS[kind].limit


def get_extension(mimetype):
    return _EXTENSIONS.get(clean_mimetype(mimetype), "bin")


def clean_filename(name, default):
    """Return a harmless file name: no path, no control or direction characters, of bounded length."""
    name = re.sub(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", name or "")
    name = re.split(r"[/\\]", name)[-1].strip(" .")
    if len(name) > 128:
        stem, dot, extension = name.rpartition(".")
        name = f"{stem[:110]}.{extension[:16]}" if dot else name[:128]
    return name or default


def check_image(data):
    """Raise NotSendable when ``data`` is no picture; only its head is read."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.verify()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotSendable(f"unreadable picture: {type(error).__name__}") from error


def prepare_image(data, box, limit=KINDS["image"].limit):
    """Return ``(bytes, mimetype)`` of a picture that fits into ``box`` (pixels) and below ``limit`` (bytes).

    One with transparent parts stays PNG, the rest become JPEG. A picture that is small enough already is left as it is,
    unless its type is none that WhatsApp takes. ``box`` None: as large as it is.
    """
    try:
        with Image.open(io.BytesIO(data)) as source:
            mimetype = Image.MIME.get(source.format, "")
            fits = box is None or (source.width <= box[0] and source.height <= box[1])
            if (
                fits
                and len(data) <= limit
                and mimetype in KINDS["image"].mimetypes
                and source.mode in ("RGB", "RGBA", "L")
            ):
                return data, mimetype
            image = ImageOps.exif_transpose(source)
            is_transparent = _is_transparent(image)
            image = image.convert("RGBA" if is_transparent else "RGB")
            if box:
                image.thumbnail(box, Image.Resampling.LANCZOS)
            if is_transparent:
                result = _save(image, "PNG", optimize=True)
                if len(result) <= limit:
                    return result, "image/png"
                flat = Image.new("RGB", image.size, "white")
                flat.paste(image, mask=image.getchannel("A"))
                image = flat
            for quality in (JPEG_QUALITY, 70, 50):
                result = _save(image, "JPEG", quality=quality, optimize=True)
                if len(result) <= limit:
                    return result, "image/jpeg"
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotSendable(f"unreadable picture: {type(error).__name__}") from error
    raise NotSendable("the picture stays too large")


def _is_transparent(image):
    if image.mode == "P":
        image = image.convert("RGBA")
    return image.mode in ("RGBA", "LA") and image.getchannel("A").getextrema()[0] < 255


def _save(image, form, **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def can_make_voice():
    """Tell whether this server can make real voice messages: PyAV is installed."""
    return av is not None


def make_voice(data):
    """Return ``data`` (any sound file) as OGG/Opus, one channel: what WhatsApp shows as a voice message."""
    if av is None:
        raise NotSendable("PyAV is not installed")
    result = io.BytesIO()
    try:
        with av.open(io.BytesIO(data)) as source, av.open(result, "w", format="ogg") as target:
            stream = target.add_stream("libopus", rate=48000, layout="mono")
            stream.bit_rate = 32000  # bits a second: speech
            resampler = av.AudioResampler(format="s16", layout="mono", rate=48000)
            for frame in source.decode(audio=0):
                for part in resampler.resample(frame):
                    target.mux(stream.encode(part))
            for part in resampler.resample(None):
                target.mux(stream.encode(part))
            target.mux(stream.encode(None))
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise NotSendable(f"unreadable sound: {type(error).__name__}") from error
    return result.getvalue()


class Upload(NamedTuple):
    """A file on its way to WhatsApp; prepared and uploaded in a thread that knows no ORM.

    :ivar path: of the file, or None when ``data`` has it
    """

    path: str | None
    data: bytes | None
    mimetype: str
    filename: str
    kind: str
    is_voice: bool
    scales: bool  # to 800 × 600

    def prepare(self):
        """Return ``(open file, mimetype, filename)`` as WhatsApp wants it; the caller closes it."""
        mimetype = clean_mimetype(self.mimetype)
        if self.kind == "image":
            data, mimetype = prepare_image(self._read(), IMAGE_BOX if self.scales else None)
            return io.BytesIO(data), mimetype, self._rename(mimetype)
        if self.is_voice:
            return io.BytesIO(make_voice(self._read())), "audio/ogg", self._rename("audio/ogg")
        return self._open(), mimetype, self.filename

    def _rename(self, mimetype):
        return f"{self.filename.rpartition('.')[0] or self.filename}.{get_extension(mimetype)}"

    def _open(self):
        return open(self.path, "rb") if self.path else io.BytesIO(self.data)

    def _read(self):
        with self._open() as file:
            return file.read()
