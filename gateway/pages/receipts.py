"""Where a guardian fetches the receipt of what they signed: an address good once, for the session that was given it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.pages.once import handed_out, once_route, refused
from gateway.papers.receipts import sheet_of_receipt
from gateway.transport.head import read_head
from gateway.transport.origin import caller, cross_site, presented
from loaders.errors import LoaderError
from resolvers.errors import Overloaded, Refusal
from resolvers.registration.receipts import PATH, fetched_receipt, take_receipt


def receipt_routes() -> list[BaseRoute]:
    """The route of receipts: a PDF for the session that was given the address, once; 404 for everybody else."""
    return [once_route(PATH, _receipt)]


async def _receipt(request: Request) -> Response:
    house: Any = request.app.state.house
    edge = house.edge
    head = read_head(request.scope)
    if cross_site(head, edge):
        return refused(403, "Open this address from the portal itself.")
    token, by_cookie = presented(head, edge)
    try:
        context = await edge.open_context(caller(head, token, by_cookie))
        found = await fetched_receipt(context, request.path_params["token"])
        if found is None:
            return _nothing()
        pdf = await house.press.print(sheet_of_receipt(found.receipt))
        if not await take_receipt(context, found):
            return _nothing()
    except Overloaded as refusal:
        return refused(503, str(refusal), {"retry-after": str(refusal.retry_after)})
    except Refusal as refusal:
        return refused(403, str(refusal))
    except LoaderError:
        return refused(503, "The receipt cannot be read now. Try again soon.")
    return handed_out(pdf, f"Registration-{found.registration_id}-receipt.pdf")


def _nothing() -> Response:
    return refused(404, "There is no receipt here, or no longer: ask for a new address.")
