"""The Graph endpoints of templates, and of the resumable upload that gives handles for their samples."""

import secrets
from dataclasses import dataclass

from . import graph_auth, graph_fields, media_rules
from .errors import GraphError, unknown_object
from .graph_auth import MANAGEMENT
from .graph_paging import page
from .media import CHUNK
from .template_rules import refuse

MOST_PER_PAGE = 1000
FILTERS = {
    "name": lambda value, template: template.name == value,
    "name_or_content": lambda value, template: value in template.name or value in str(template.components),
    "language": lambda value, template: template.language == value,
    "status": lambda value, template: template.status == value,
    "category": lambda value, template: template.category == value,
    "quality_score": lambda value, template: template.quality_score == value,
}
SAMPLE_TYPES = ("image/jpeg", "image/jpg", "image/png", "video/mp4", "application/pdf")


async def read_list(call):
    """List an account's templates, filtered, page by page."""
    account = graph_auth.find_account(call.sim, call.caller(MANAGEMENT), call.object_id, "get")
    query = call.query("fields", "limit", "after", *FILTERS)
    tests = [(test, query[name]) for name, test in FILTERS.items() if name in query]
    found = [template for template in account.templates if all(test(value, template) for test, value in tests)]
    return page(call, found, lambda template: template.id, lambda template: _read(call, template), MOST_PER_PAGE)


async def create(call):
    account = graph_auth.find_account(call.sim, call.caller(MANAGEMENT), call.object_id, "post")
    call.query()
    template = call.sim.templates.create(account, _body(call))
    return {"id": template.id, "status": template.status, "category": template.category}


def _body(call):
    data = call.json()
    if not isinstance(data, dict):
        raise refuse("The body must be a JSON object.")
    return data


async def delete(call):
    """Delete by name (all languages), by id and name (one), or by up to 100 ids."""
    account = graph_auth.find_account(call.sim, call.caller(MANAGEMENT), call.object_id, "delete")
    query = call.query("name", "hsm_id", "hsm_ids")
    ids = _ids(query)
    if ids is None and "name" not in query:
        raise refuse("The parameter name is required.")
    found = [
        template
        for template in account.templates
        if (ids is None or template.id in ids) and query.get("name", template.name) == template.name
    ]
    if not found or (ids is not None and len(found) != len(ids)):
        raise refuse("The message template could not be found.", 2593002, "Message template not found")
    call.sim.templates.delete(account, found, whole_name=ids is None)
    return {"success": True}


def _ids(query):
    if "hsm_ids" in query:
        ids = [text.strip(' "') for text in query["hsm_ids"].strip("[]").split(",")]
        if not 1 <= len(set(ids)) == len(ids) <= 100:
            raise refuse("hsm_ids must be 1 to 100 different ids.")
        return ids
    if "hsm_id" in query and "name" not in query:
        raise refuse("The parameter name is required.")
    return [query["hsm_id"]] if "hsm_id" in query else None


def _find(call, method):
    caller = call.caller(MANAGEMENT)
    account, template = call.sim.templates.find(call.object_id)
    if template is None or account.waba_id not in caller.waba_ids:
        raise unknown_object(method, call.object_id)
    return template


async def read(call):
    template = _find(call, "get")
    call.query("fields")
    return _read(call, template)


def _read(call, template):
    components = call.sim.templates.all_read(template.components, call.sim.media.origin)
    return graph_fields.read_template(template, components, call.request.query.get("fields"))


async def edit(call):
    template = _find(call, "post")
    call.query()
    call.sim.templates.edit(template, _body(call))
    return {"success": True}


async def unpause(call):
    template = _find(call, "post")
    call.query()
    call.sim.templates.unpause(template)
    return {"success": True}


# === RESUMABLE UPLOAD === #


@dataclass
class Session:
    app_id: str
    length: int
    mime_type: str
    filename: str
    signature: str
    draft: object


async def start_upload(call):
    """Begin an upload; the answer is the session, whose id contains a query."""
    caller = call.caller(MANAGEMENT)
    query = call.query("file_length", "file_type", "file_name")
    if call.object_id != caller.app_id:
        raise unknown_object("post", call.object_id)
    for name in ("file_length", "file_type"):
        if name not in query:
            raise GraphError(100, f"The parameter {name} is required.")
    if not query["file_length"].isdigit() or not 0 < int(query["file_length"]) <= media_rules.LARGEST:
        raise GraphError(100, "Param file_length must be the number of bytes.")
    if query["file_type"] not in SAMPLE_TYPES:
        raise GraphError(100, f"Param file_type must be one of {', '.join(SAMPLE_TYPES)}.")
    session_id, signature = f"upload:{secrets.token_urlsafe(24)}", secrets.token_urlsafe(12)
    mime_type = query["file_type"].replace("/jpg", "/jpeg")
    draft = call.sim.media.draft(int(query["file_length"]))
    call.sim.uploads[session_id] = Session(
        caller.app_id, int(query["file_length"]), mime_type, query.get("file_name"), signature, draft
    )
    return {"id": f"{session_id}?sig={signature}"}


def _session(call):
    caller = graph_auth.authenticate(call.sim, call.request, scheme="OAuth")
    session = call.sim.uploads.get(call.object_id)
    if session is None or session.app_id != caller.app_id or call.query("sig").get("sig") != session.signature:
        raise unknown_object(call.request.method, call.object_id)
    return session


async def upload(call):
    """Take the bytes, from ``file_offset`` on; when all are there, the answer is the handle."""
    session = _session(call)
    if call.request.headers.get("file_offset") != str(session.draft.size):
        raise GraphError(100, f"The header file_offset must be {session.draft.size}.")
    async for data in call.request.content.iter_chunked(CHUNK):
        if session.draft.size + len(data) > session.length:
            raise GraphError(100, "There are more bytes than file_length says.")
        session.draft.write(data)
    if session.draft.size < session.length:
        return {"id": f"{call.object_id}?sig={session.signature}", "file_offset": session.draft.size}
    problem = media_rules.content_problem(session.mime_type, session.draft.head)
    if problem:
        raise GraphError(100, problem)
    del call.sim.uploads[call.object_id]
    sample = call.sim.media.keep_draft(session.draft, "", "sample", session.mime_type, session.filename)
    return {"h": call.sim.templates.handle_of(sample)}


async def read_upload(call):
    session = _session(call)
    return {"id": f"{call.object_id}?sig={session.signature}", "file_offset": session.draft.size}
