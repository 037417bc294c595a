"""Where the office fetches letters: one short-lived address, good once, behind the session that was given it."""

from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.pages.once import handed_out, once_route
from resolvers.context import Context
from resolvers.portal.letters import PATH, fetch_letters


def letter_routes() -> list[BaseRoute]:
    """The route of letters: a PDF for whom it was ordered; 401, 403 or 404 for everybody else."""
    return [once_route(PATH, _letters)]


async def _letters(house: Any, context: Context, token: str) -> Response | None:
    document = await fetch_letters(context, token)
    return None if document is None else handed_out(document, "letters.pdf")
