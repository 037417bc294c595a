"""Files that are fetched by an address that is good once: the route, the headers and the refusal that they share."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

_HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
}


def once_route(path: str, fetch: Callable[[Request], Awaitable[Response]]) -> BaseRoute:
    """The route of such addresses below a path, for GET alone: Starlette adds HEAD, and looking would use one up."""
    route = Route(f"{path}/{{token}}", fetch, methods=["GET"])
    route.methods = {"GET"}
    return route


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
