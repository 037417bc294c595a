"""Files that are fetched by an address that is good once: the door, the headers and the refusals that they share."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.transport.head import Head, read_head
from gateway.transport.origin import caller, cross_site, presented
from loaders.errors import LoaderError
from resolvers.context import Context
from resolvers.errors import Overloaded, Refusal, Unauthenticated

#: Gives out what stands behind a token, asked of the house by somebody; None where nothing does that is theirs to have.
Give = Callable[[Any, Context, str], Awaitable[Response | None]]

_HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
}


def once_route(path: str, give: Give) -> BaseRoute:
    """The route of such addresses below a path, for GET alone: Starlette adds HEAD, and looking would use one up.

    401, 403 or 404 for whom an address was not given, 503 where it cannot be said now.
    """

    async def fetch(request: Request) -> Response:
        house: Any = request.app.state.house
        head = read_head(request.scope)
        if cross_site(head, house.edge):
            return refused(403, "Open this address from the portal itself.")
        try:
            found = await give(house, await context_of(house, head), request.path_params["token"])
        except Overloaded as refusal:
            return refused(503, str(refusal), {"retry-after": str(refusal.retry_after)})
        except Unauthenticated:
            return refused(401, "Log in first.")
        except Refusal as refusal:
            return refused(403, str(refusal))
        except LoaderError:
            return refused(503, "This cannot be read now. Try again soon.")
        return nothing() if found is None else found

    route = Route(f"{path}/{{token}}", fetch, methods=["GET"])
    route.methods = {"GET"}
    return route


async def context_of(house: Any, head: Head) -> Context:
    """Who sends a request; refuses as the edge does."""
    token, by_cookie = presented(head, house.edge)
    context: Context = await house.edge.open_context(caller(head, token, by_cookie))
    return context


def nothing(more: dict[str, str] | None = None) -> Response:
    """The refusal where nothing is, or nothing that is theirs: both look alike."""
    return refused(404, "There is nothing here, or no longer: ask for a new address.", more)


def handed_out(pdf: bytes, file_name: str) -> Response:
    """A PDF to be saved under a name; nobody on the way keeps it."""
    return file_handed_out(pdf, file_name, "application/pdf")


def file_handed_out(content: bytes, file_name: str, media_type: str) -> Response:
    """A file of any kind to be saved under a name; opened in a browser all the same, it can do nothing there."""
    headers = {
        **_HEADERS,
        "content-security-policy": f"sandbox; {_HEADERS['content-security-policy']}",
        "content-disposition": f'attachment; filename="{file_name}"',
    }
    return Response(content, headers=headers, media_type=media_type)


def refused(status: int, message: str, more: dict[str, str] | None = None) -> Response:
    """A refusal in a sentence, with more header fields where there are any."""
    return PlainTextResponse(f"{message}\n", status_code=status, headers={**_HEADERS, **(more or {})})
