"""The portal requests that wait at the office, page by page, and one by its reference."""

import json
from base64 import urlsafe_b64decode
from binascii import Error
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from loaders.portal import portal_requests as rows
from loaders.portal.portal_requests import PortalRequest, RequestState
from loaders.portal.roles import StaffRole
from resolvers.context import Context
from resolvers.errors import BadUserInput
from resolvers.paging import cursor, page_of
from resolvers.portal.portal_request import RequestAndSteps, read_reference
from resolvers.portal.service import Portal
from resolvers.staff import staff


@dataclass(frozen=True, slots=True)
class RequestPage:
    """A page of requests, each with its cursor, and whether more stand before or behind it."""

    found: tuple[RequestAndSteps, ...]
    cursors: tuple[str, ...]
    has_next: bool
    has_previous: bool


async def page_of_requests(
    context: Context, first: int | None, after: str | None, states: Sequence[RequestState] | None
) -> RequestPage:
    """The requests in these states (None: in any), the one that has waited longest first; for OFFICE."""
    staff(context, StaffRole.OFFICE)
    portal: Portal = context.portal
    page = page_of(first, after)
    place = None if page.after is None else _place(page.after)
    found = await rows.requests(portal.writer, _wanted(states), place, page.first + 1)
    kept = found[: page.first]
    return RequestPage(
        found=tuple([RequestAndSteps(each, tuple(await rows.steps_of(portal.writer, each.id))) for each in kept]),
        cursors=tuple(_cursor(each) for each in kept),
        has_next=len(found) > page.first,
        has_previous=place is not None,
    )


async def count_of_requests(context: Context, states: Sequence[RequestState] | None) -> int:
    """How many requests are in these states; for OFFICE."""
    staff(context, StaffRole.OFFICE)
    portal: Portal = context.portal
    return await rows.count_requests(portal.writer, _wanted(states))


async def request_for_office(context: Context, reference: str) -> RequestAndSteps | None:
    """The request of a reference; None where there is none. For OFFICE."""
    staff(context, StaffRole.OFFICE)
    portal: Portal = context.portal
    request = await rows.request_by_reference(portal.writer, read_reference(reference) or "")
    return None if request is None else RequestAndSteps(request, tuple(await rows.steps_of(portal.writer, request.id)))


def _wanted(states: Sequence[RequestState] | None) -> Sequence[RequestState]:
    return tuple(RequestState) if states is None else states


def _cursor(request: PortalRequest) -> str:
    return cursor([request.submitted_at, request.id])


def _place(text: str) -> tuple[datetime, int]:
    refusal = BadUserInput("`after` is not a cursor of this connection: give back a cursor exactly as it came.")
    try:
        at, number = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        instant = datetime.fromisoformat(at)
        # What is not between these is no id of any store.
        known = instant.tzinfo is not None and 0 < int(number) < 2**63
    except (Error, ValueError, TypeError, RecursionError):
        raise refusal from None
    if not known:
        raise refusal
    return instant, int(number)
