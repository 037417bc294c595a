"""The portal requests that wait at the office, page by page, and one by its reference."""

from collections.abc import Sequence

from loaders.portal import portal_requests as rows
from loaders.portal.portal_requests import RequestState
from loaders.portal.roles import StaffRole
from resolvers.context import Context
from resolvers.paging import page_of
from resolvers.portal.listing import Listing, instant, listing, number, place_in
from resolvers.portal.portal_request import RequestAndSteps, read_reference, with_steps
from resolvers.portal.service import Portal
from resolvers.staff import staff


async def page_of_requests(
    context: Context, first: int | None, after: str | None, states: Sequence[RequestState] | None
) -> Listing[RequestAndSteps]:
    """The requests in these states (None: in any), the one that has waited longest first; for OFFICE."""
    staff(context, StaffRole.OFFICE)
    portal: Portal = context.portal
    page = page_of(first, after)
    place = place_in(page.after, instant, number)
    found = await rows.requests(portal.writer, _wanted(states), place, page.first + 1)
    steps = await rows.steps_of_requests(portal.writer, [each.id for each in found[: page.first]])
    lines = [((each.submitted_at, each.id), RequestAndSteps(each, tuple(steps.get(each.id, ())))) for each in found]
    return listing(lines, page.first, earlier=place is not None)


async def count_of_requests(context: Context, states: Sequence[RequestState] | None) -> int:
    """How many requests are in these states; for OFFICE."""
    staff(context, StaffRole.OFFICE)
    portal: Portal = context.portal
    return await rows.count_requests(portal.writer, _wanted(states))


async def request_for_office(context: Context, reference: str) -> RequestAndSteps | None:
    """The request of a reference; None where there is none. For OFFICE."""
    staff(context, StaffRole.OFFICE)
    portal: Portal = context.portal
    return await with_steps(portal, read_reference(reference) or "")


def _wanted(states: Sequence[RequestState] | None) -> Sequence[RequestState]:
    return tuple(RequestState) if states is None else states
