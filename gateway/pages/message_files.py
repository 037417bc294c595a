"""Where staff hand in the files of a message: the bytes as they are, judged by what they hold, answered by an id."""

import asyncio
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.pages.once import context_of, refused
from gateway.transport.head import Head, read_head
from gateway.transport.origin import cross_site
from gateway.uploads import ContentRefused, TooBusy, WrongLength, check_content
from loaders.errors import LoaderError
from loaders.registration.media import ENDINGS
from resolvers.errors import Overloaded, Refusal, Unauthenticated
from resolvers.portal.message_files import MOST_BYTES, PATH, FileRefused, keep_file, sender

_CLOSED = {"connection": "close"}
_PRIVATE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def message_file_routes() -> list[BaseRoute]:
    """The route: POST with the file's name as `name`, its bytes as the body, and its media type as the content type."""
    return [Route(PATH, _take_in, methods=["POST"])]


async def _take_in(request: Request) -> Response:
    house: Any = request.app.state.house
    head = read_head(request.scope)
    if cross_site(head, house.edge):
        return refused(403, "Hand files in from the portal itself.", _CLOSED)
    try:
        context = await context_of(house, head)
        viewer = sender(context)
        media_type, length = _announced(head)
        with house.intake.of(viewer.account_id) as turn:
            body = await turn.read(request.stream(), length)
            await asyncio.to_thread(check_content, body, media_type)
            made = await keep_file(context, request.query_params.get("name", "file"), media_type, body)
    except _Wrong as wrong:
        return refused(wrong.status, wrong.words, _CLOSED)
    except TooBusy:
        return refused(503, "Too much is being handed in now. Try again soon.", {"retry-after": "5", **_CLOSED})
    except WrongLength:
        return refused(400, "The body does not have the length that was announced.", _CLOSED)
    except (TimeoutError, ClientDisconnect):
        return refused(408, "The file did not arrive in time. Send it again.", _CLOSED)
    except ContentRefused as refusal:
        return refused(422, str(refusal))
    except FileRefused as refusal:
        return refused(429, str(refusal), _CLOSED)
    except (Overloaded, LoaderError):
        return refused(503, "Files cannot be taken in now. Try again soon.", {"retry-after": "5", **_CLOSED})
    except Unauthenticated as refusal:
        return refused(401, str(refusal), _CLOSED)
    except Refusal as refusal:
        return refused(403, str(refusal), _CLOSED)
    return JSONResponse({"fileId": made}, 201, _PRIVATE)


class _Wrong(Exception):
    """What the head says is not what a file's says, before anything of the body is read."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


def _announced(head: Head) -> tuple[str, int]:
    """The media type and the length that the head announces."""
    said = (head.one(b"content-type") or "").partition(";")[0].strip().lower()
    if said not in ENDINGS or head.has(b"content-encoding"):
        raise _Wrong(415, f"Send the bytes as they are, as one of {', '.join(ENDINGS)}.")
    length = head.one(b"content-length") or ""
    if not (length.isascii() and length.isdecimal()):
        raise _Wrong(411, "Say how many bytes come.")
    if not 0 < int(length[:12]) <= MOST_BYTES or len(length) > 12:
        raise _Wrong(413, f"A file has {MOST_BYTES:,} bytes at the most.")
    return said, int(length)
