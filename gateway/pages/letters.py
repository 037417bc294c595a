"""Where the office fetches letters: one short-lived address, good once, behind the session that was given it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.pages.once import handed_out, once_route, refused
from gateway.transport.head import read_head
from gateway.transport.origin import caller, cross_site, presented
from loaders.errors import LoaderError
from resolvers.errors import Refusal, Unauthenticated
from resolvers.portal.letters import PATH, fetch_letters


def letter_routes() -> list[BaseRoute]:
    """The route of letters: a PDF for whom it was ordered; 401, 403 or 404 for everybody else."""
    return [once_route(PATH, _letters)]


async def _letters(request: Request) -> Response:
    house: Any = request.app.state.house
    edge = house.edge
    head = read_head(request.scope)
    if cross_site(head, edge):
        return refused(403, "Open this address from the portal itself.")
    token, by_cookie = presented(head, edge)
    context = await edge.open_context(caller(head, token, by_cookie))
    try:
        document = await fetch_letters(context, request.path_params["token"])
    except Unauthenticated:
        return refused(401, "Log in first.")
    except Refusal as refusal:
        return refused(403, str(refusal))
    except LoaderError:
        return refused(503, "The letters cannot be read now. Try again soon.")
    if document is None:
        return refused(404, "There are no letters here, or no longer: ask for a new address.")
    return handed_out(document, "letters.pdf")
