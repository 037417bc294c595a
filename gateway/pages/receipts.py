"""Where a guardian fetches the receipt of what they signed: an address good once, for the session that was given it."""

from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.pages.once import handed_out, once_route
from gateway.papers.receipts import sheet_of_receipt
from resolvers.context import Context
from resolvers.registration.receipts import PATH, fetched_receipt, take_receipt


def receipt_routes() -> list[BaseRoute]:
    """The route of receipts: a PDF for the session that was given the address, once; 404 for everybody else."""
    return [once_route(PATH, _receipt)]


async def _receipt(house: Any, context: Context, token: str) -> Response | None:
    found = await fetched_receipt(context, token)
    if found is None:
        return None
    pdf = await house.press.print(sheet_of_receipt(found.receipt))
    if not await take_receipt(context, found):
        return None
    return handed_out(pdf, f"Registration-{found.registration_id}-receipt.pdf")
