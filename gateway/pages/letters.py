"""Where the office fetches letters: one short-lived address, good once, behind the session that was given it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.transport.head import read_head
from gateway.transport.origin import caller, cross_site, presented
from loaders.errors import LoaderError
from resolvers.errors import Refusal, Unauthenticated
from resolvers.portal.letters import PATH, fetch_letters

_HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
}


def letter_routes() -> list[BaseRoute]:
    """The route of letters: a PDF for whom it was ordered; 401, 403 or 404 for everybody else."""
    route = Route(f"{PATH}/{{token}}", _letters, methods=["GET"])
    # Starlette adds HEAD, and looking would use the letters up.
    route.methods = {"GET"}
    return [route]


async def _letters(request: Request) -> Response:
    house: Any = request.app.state.house
    edge = house.edge
    head = read_head(request.scope)
    if cross_site(head, edge):
        return _refused(403, "Open this address from the portal itself.")
    token, by_cookie = presented(head, edge)
    context = await edge.open_context(caller(head, token, by_cookie))
    try:
        document = await fetch_letters(context, request.path_params["token"])
    except Unauthenticated:
        return _refused(401, "Log in first.")
    except Refusal as refusal:
        return _refused(403, str(refusal))
    except LoaderError:
        return _refused(503, "The letters cannot be read now. Try again soon.")
    if document is None:
        return _refused(404, "There are no letters here, or no longer: ask for a new address.")
    headers = {**_HEADERS, "content-disposition": 'attachment; filename="letters.pdf"'}
    return Response(document, headers=headers, media_type="application/pdf")


def _refused(status: int, message: str) -> Response:
    return PlainTextResponse(f"{message}\n", status_code=status, headers=_HEADERS)
