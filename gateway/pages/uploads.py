"""Where families hand documents in, and where they and the office fetch them: addresses good once, for one session."""

import asyncio
import hashlib
import logging
import re
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.pages.once import context_of, file_handed_out, nothing, once_route, refused
from gateway.transport.head import Head, read_head
from gateway.transport.origin import cross_site
from gateway.uploads import ContentRefused, TooBusy, UploadMissing, WrongLength, check_content
from loaders.errors import LoaderError
from loaders.portal.registration_uploads import Upload
from loaders.registration.media import ENDINGS
from resolvers.context import Context
from resolvers.errors import Overloaded, Refusal
from resolvers.portal.service import undisturbed
from resolvers.registration.upload_links import fetched_upload, take_upload
from resolvers.registration.uploading import PATH, claim, expected_upload, receive
from resolvers.registration.uploads import Document

_log = logging.getLogger(__name__)


def upload_routes() -> list[BaseRoute]:
    """The routes of handed-in documents: PUT takes one in, GET gives one out; 404 for whom an address was not given."""
    return [Route(f"{PATH}/{{token}}", _take_in, methods=["PUT"]), once_route(PATH, _give_out)]


async def _take_in(request: Request) -> Response:
    house: Any = request.app.state.house
    head = read_head(request.scope)
    if cross_site(head, house.edge):
        return refused(403, "Hand documents in from the portal itself.")
    try:
        context = await context_of(house, head)
        upload = None if house.uploads is None else await expected_upload(context, request.path_params["token"])
        if upload is None:
            return nothing(_CLOSED)
        wrong = _wrong_head(head, upload)
        if wrong is not None:
            return wrong
        with house.intake.of(upload.account_id) as turn:
            body = await turn.read(request.stream(), upload.bytes)
            await asyncio.to_thread(check_content, body, upload.media_type)
            kept = await undisturbed(_keep(house, context, upload, body))
    except TooBusy:
        return refused(503, "Too much is being handed in now. Try again soon.", {"retry-after": "5"})
    except WrongLength:
        return refused(400, "The body does not have the length that was announced.", _CLOSED)
    except (TimeoutError, ClientDisconnect):
        return refused(408, "The document did not arrive in time. Send it again.", _CLOSED)
    except ContentRefused as refusal:
        return refused(422, str(refusal))
    except (Overloaded, LoaderError):
        return refused(503, "Documents cannot be taken in now. Try again soon.", {"retry-after": "5"})
    except Refusal as refusal:
        return refused(403, str(refusal))
    except OSError as error:
        _log.error("A document cannot be kept (%s).", type(error).__name__)
        return refused(503, "Documents cannot be taken in now. Try again soon.", {"retry-after": "60"})
    return PlainTextResponse("The document is here.\n", 201, _PRIVATE) if kept else nothing(_CLOSED)


async def _keep(house: Any, context: Context, upload: Upload, body: bytes) -> bool:
    """Writes the file under a name that the store knows, then has the store say that it is there.

    Where the store does not answer the file stays: it may have said so. What it has not is cleared away later.
    """
    name = house.uploads.new_name()
    if not await claim(context, upload, name):
        return False
    if upload.stored_as is not None:
        await asyncio.to_thread(house.uploads.remove, upload.stored_as)
    await asyncio.to_thread(house.uploads.put, name, upload.id, body)
    sha256 = await asyncio.to_thread(lambda: hashlib.sha256(body).hexdigest())
    if not await receive(context, upload, name, sha256, scanned=house.examiner.scans):
        await asyncio.to_thread(house.uploads.remove, name)
        return False
    context.portal.uploads_moved.set()
    return True


async def _give_out(house: Any, context: Context, token: str) -> Response | None:
    found = None if house.uploads is None else await fetched_upload(context, token)
    if found is None:
        return None
    upload = found.document.upload
    try:
        content = await asyncio.to_thread(house.uploads.get, upload.stored_as, upload.id)
    except UploadMissing as missing:
        _log.error("A document cannot be given out: %s", missing)
        return refused(503, "The document cannot be read now. Tell the school if it stays like this.")
    if not await take_upload(context, found):
        return None
    return file_handed_out(content, _file_name(found.document), upload.media_type)


def _wrong_head(head: Head, upload: Upload) -> Response | None:
    """What the head says otherwise than was announced, before anything of the body is read."""
    said = (head.one(b"content-type") or "").partition(";")[0].strip().lower()
    if said != upload.media_type or head.has(b"content-encoding"):
        return refused(415, f"Send the bytes as they are, as {upload.media_type}.", _CLOSED)
    length = head.one(b"content-length")
    if head.has(b"content-length") and length != str(upload.bytes):
        return refused(400, f"Send the {upload.bytes} bytes that were announced.", _CLOSED)
    return None


def _file_name(document: Document) -> str:
    """The family's name of it in letters that every file system takes, with the ending of what it is."""
    stem = document.name.rpartition(".")[0] or document.name
    words = re.sub(r"[^A-Za-z0-9]+", "-", stem).strip("-")[:60] or "document"
    return f"{words}.{ENDINGS[document.upload.media_type]}"


_CLOSED = {"connection": "close"}
_PRIVATE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
