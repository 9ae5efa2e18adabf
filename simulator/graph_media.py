"""The Graph endpoints of media: upload, look-up, download, delete."""

from aiohttp import web

from . import graph_auth, media_rules
from .errors import GraphError, unknown_object
from .graph_auth import MESSAGING
from .media import CHUNK, MediaError, read_chunks

FIELDS = ("messaging_product", "type")


async def upload(call):
    """Take a file (multipart) for a number; the answer is its id."""
    _account, number = graph_auth.find_number(call.sim, call.caller(MESSAGING), call.object_id, "post")
    call.query()
    if call.request.content_type != "multipart/form-data":
        raise GraphError(100, "The Content-Type must be multipart/form-data.")
    form = _Form(call.sim.media)
    try:
        try:
            await form.read(call.request)
        except ValueError:
            raise GraphError(100, "The body is not valid multipart/form-data.") from None
        form.check()
        medium = call.sim.media.keep_draft(
            form.draft, number.phone_number_id, "business", form.mime_type, form.filename
        )
    except BaseException:
        form.discard()
        raise
    call.entry["json"] = form.values | {
        "file": {"name": medium.filename, "type": medium.mime_type, "size": medium.size}
    }
    return {"id": medium.id}


class _Form:
    """The parts of an upload; the file goes to the disk while it comes in."""

    def __init__(self, media):
        self.media = media
        self.values = {}
        self.draft = self.mime_type = self.filename = None

    async def read(self, request):
        async for part in await request.multipart():
            if part.name == "file" and self.draft is None:
                await self._read_file(part)
            elif part.name in FIELDS and part.name not in self.values:
                self.values[part.name] = await part.text()
            else:
                raise GraphError(100, f"Unexpected key '{part.name}'.")

    async def _read_file(self, part):
        self.mime_type = media_rules.base_type(part.headers.get("Content-Type", ""))
        self.filename = part.filename
        self.draft = self.media.draft(media_rules.LARGEST)
        try:
            while data := await part.read_chunk(CHUNK):
                self.draft.write(data)
        except MediaError as error:
            raise GraphError(131053, str(error)) from None

    def check(self):
        if self.values.get("messaging_product") != "whatsapp":
            raise GraphError(100, "The parameter messaging_product is required and must be 'whatsapp'.")
        for name, value in (("type", self.values.get("type")), ("file", self.draft)):
            if value is None:
                raise GraphError(131008, f"Parameter '{name}' is required.")
        if not self.filename:
            raise GraphError(100, "Param file must be a file with a name.")
        if self.mime_type not in media_rules.UPLOADS:
            raise GraphError(
                100,
                f"Param file must be a file with one of the following types: {', '.join(media_rules.UPLOADS)}. "
                f"Received file of type '{self.mime_type}'.",
            )
        if media_rules.base_type(self.values["type"]) != self.mime_type:
            raise GraphError(100, f"Param type must be the type of the file, {self.mime_type}.")
        limit = media_rules.KINDS[media_rules.kind_of(self.mime_type)][1]
        if not 0 < self.draft.size <= limit:
            raise GraphError(
                131053,
                f"The file has {self.draft.size} bytes. A file of type {self.mime_type} may have 1 byte to "
                f"{media_rules.size_text(limit)}.",
            )

    def discard(self):
        if self.draft:
            self.draft.discard()


def _find(call, method):
    """Return a medium in the reach of the caller's token."""
    caller = call.caller(MESSAGING)
    medium = call.sim.media.find(call.object_id)
    asked = call.query("phone_number_id").get("phone_number_id")
    if medium is None or asked not in (None, medium.phone_number_id):
        raise unknown_object(method, call.object_id)
    graph_auth.find_number(call.sim, caller, medium.phone_number_id, method)
    return medium


async def read(call):
    """Describe a medium; the link in the answer lives five minutes."""
    medium = _find(call, "get")
    return {
        "url": call.sim.media.link(medium),
        "mime_type": medium.mime_type,
        "sha256": medium.sha256,
        "file_size": medium.size,
        "id": medium.id,
        "messaging_product": "whatsapp",
    }


async def delete(call):
    medium = _find(call, "delete")
    call.sim.media.remove(medium)
    return {"success": True}


async def download(call):
    """The bytes behind a link; the token is needed here too."""
    caller = call.caller(MESSAGING)
    query = call.query("mid", "source", "ext", "hash")
    medium = call.sim.media.behind(query.get("mid", ""), query.get("ext", ""), query.get("hash", ""))
    if medium is None:
        return web.Response(status=404, text="URL signature expired")
    graph_auth.find_number(call.sim, caller, medium.phone_number_id, "get")
    where = (medium.phone_number_id, "download")
    faults = call.sim.faults
    if faults.hit("expired_media", *where):
        return web.Response(status=404, text="URL signature expired")
    redirect = faults.hit("redirect_media", *where)
    if redirect:
        return web.Response(status=302, headers={"Location": redirect.location})
    body = read_chunks(call.sim.media.path_of(medium), corrupt=bool(faults.hit("corrupt_media", *where)))
    return web.Response(body=body, headers={"Content-Type": medium.mime_type, "Content-Length": str(medium.size)})
