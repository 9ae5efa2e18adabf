"""Media: uploads of the business, files of customers, and the links from which they are fetched."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import secrets
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp

from . import media_rules

DAY = 24 * 3600
LINK_LIFE = 5 * 60  # Meta: a download link lives 5 minutes
LIFE = {"business": 30 * DAY, "customer": 7 * DAY}  # and so long its id
CHUNK = 64 * 1024
FIRST_ID = 401_000_000_000_000


class MediaError(Exception):
    """A file can't be had; the text says why."""


@dataclass(slots=True)
class Medium:
    id: str
    phone_number_id: str
    origin: str  # "business": uploaded; "customer"; "link": fetched for a message
    mime_type: str
    size: int
    sha256: str  # hex
    time: float
    head: bytes  # the first bytes, to see what it really is
    filename: str | None = None
    voice: bool = False

    @property
    def is_animated(self):
        return media_rules.is_animated(self.head)

    def as_dict(self):
        return asdict(self) | {"head": base64.b64encode(self.head).decode()}

    @classmethod
    def from_dict(cls, data):
        return cls(**data | {"head": base64.b64decode(data["head"])})

    def as_shown(self):
        """What the phone page needs of it."""
        return {"id": self.id, "mime_type": self.mime_type, "size": self.size, "filename": self.filename}


class Draft:
    """A file while it comes in: goes to the disk piece by piece, is measured on the way."""

    def __init__(self, path, limit=None):
        self.path = path
        self.limit = limit
        self.size = 0
        self.head = b""
        self._hash = hashlib.sha256()
        self._file = path.open("wb")

    def write(self, data):
        self.size += len(data)
        if self.limit is not None and self.size > self.limit:
            raise MediaError(f"The file is bigger than {media_rules.size_text(self.limit)}.")
        if len(self.head) < media_rules.HEAD:
            self.head = (self.head + data)[: media_rules.HEAD]
        self._hash.update(data)
        self._file.write(data)

    def close(self):
        self._file.close()

    def discard(self):
        self.close()
        self.path.unlink(missing_ok=True)

    @property
    def sha256(self):
        return self._hash.hexdigest()


class Media:
    """All media. The files lie in a temporary directory, with ``--state`` beside the state file."""

    def __init__(self, clock, directory=None, keep=None):
        self.clock = clock
        self.keep = keep
        self.media = {}  # id: Medium
        self.serial = 0
        self.origin = None  # scheme and host under which clients reach the simulator, once one has called
        self._key = secrets.token_bytes(16)
        self._temporary = None
        self.directory = directory and Path(directory)

    # === STORING === #

    def draft(self, limit=None):
        if self.directory is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="simulator-media-")
            self.directory = Path(self._temporary.name)
        self.directory.mkdir(parents=True, exist_ok=True)
        return Draft(self.directory / f"draft-{secrets.token_hex(8)}", limit)

    def keep_draft(self, draft, phone_number_id, origin, mime_type, filename=None, voice=False):
        """Make a medium of a complete draft."""
        draft.close()
        self.serial += 1
        medium = Medium(
            id=str(FIRST_ID + self.serial),
            phone_number_id=phone_number_id,
            origin=origin,
            mime_type=media_rules.base_type(mime_type),
            size=draft.size,
            sha256=draft.sha256,
            time=self.clock.now(),
            head=draft.head,
            filename=filename,
            voice=voice,
        )
        draft.path.rename(self.path_of(medium))
        self.media[medium.id] = medium
        if self.keep is not None and len(self.media) > self.keep:
            self.remove(next(iter(self.media.values())))
        return medium

    def add_base64(self, text, **values):
        """Store a file that came as base64, without having all of it decoded in memory."""
        draft = self.draft()
        try:
            for start in range(0, len(text), CHUNK):  # CHUNK is a multiple of 4
                draft.write(base64.b64decode(text[start : start + CHUNK], validate=True))
            return self.keep_draft(draft, **values)
        except ValueError:
            draft.discard()
            raise MediaError("bytes_base64 is not base64.") from None

    async def add_stream(self, stream, limit=None, **values):
        """Store what an asynchronous iterator of bytes gives."""
        draft = self.draft(limit)
        try:
            async for data in stream:
                draft.write(data)
            return self.keep_draft(draft, **values)
        except BaseException:  # also when the sender hangs up
            draft.discard()
            raise

    async def fetch(self, session, url, phone_number_id):
        """Fetch what a message links to, as Meta does; raises ``MediaError``."""
        try:
            async with session.get(url, timeout=aiohttp.ClientTimeout(total=20)) as response:
                if response.status != 200:
                    raise MediaError(f"Downloading media from weblink failed with http code {response.status}.")
                return await self.add_stream(
                    response.content.iter_chunked(CHUNK),
                    media_rules.LARGEST,
                    phone_number_id=phone_number_id,
                    origin="link",
                    mime_type=response.content_type,
                    filename=response.content_disposition and response.content_disposition.filename,
                )
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise MediaError(f"Downloading media from weblink failed: {type(error).__name__}.") from None

    def remove(self, medium):
        self.media.pop(medium.id, None)
        self.path_of(medium).unlink(missing_ok=True)

    def clear(self):
        """Forget everything, the files too."""
        self.media.clear()
        if self.directory:
            shutil.rmtree(self.directory, ignore_errors=True)
        self.close()

    def close(self):
        if self._temporary:
            self._temporary.cleanup()
            self._temporary = self.directory = None

    def restore(self, medium):
        """Put back what a state file knows; false if its file is gone."""
        if self.directory is None or not self.path_of(medium).is_file():
            return False
        self.media[medium.id] = medium
        return True

    # === LOOKING UP === #

    def path_of(self, medium):
        return self.directory / medium.id

    def find(self, media_id):
        """Return the medium while its id lives, or None."""
        medium = self.media.get(media_id)
        if medium is None or medium.origin not in LIFE:
            return None
        return medium if self.clock.now() < medium.time + LIFE[medium.origin] else None

    def find_upload(self, media_id, phone_number_id):
        """Return a medium that this number may send: one it has uploaded itself."""
        medium = self.find(media_id)
        return medium if medium and (medium.origin, medium.phone_number_id) == ("business", phone_number_id) else None

    # === LINKS === #

    def link(self, medium, origin=None):
        """A fresh download link, on the simulator's own host."""
        expires = int(self.clock.now()) + LINK_LIFE
        query = f"mid={medium.id}&source=getMedia&ext={expires}&hash={self._sign(medium.id, expires)}"
        return f"{self.origin or origin or 'http://127.0.0.1:8071'}/whatsapp_business/attachments/?{query}"

    def behind(self, media_id, expires, signature):
        """Return the medium of a link, or None for one that is expired or not ours."""
        if not expires.isdigit() or not hmac.compare_digest(self._sign(media_id, expires), signature):
            return None
        return self.find(media_id) if self.clock.now() < int(expires) else None

    def _sign(self, media_id, expires):
        return hmac.new(self._key, f"{media_id}:{expires}".encode(), hashlib.sha256).hexdigest()[:32]


async def read_chunks(path, corrupt=False):
    """Yield a file in pieces; ``corrupt`` flips its last byte."""
    with contextlib.closing(path.open("rb")) as file:
        size, done = path.stat().st_size, 0
        while data := await asyncio.to_thread(file.read, CHUNK):
            done += len(data)
            yield data[:-1] + bytes([data[-1] ^ 0xFF]) if corrupt and done == size else data
