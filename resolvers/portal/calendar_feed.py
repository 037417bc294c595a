"""Calendar feeds: a secret address for a student's schedule, given out once, taken back at once.

Calendars of phones cannot log in, so the address itself lets in whoever has it. It shows when and where courses meet,
never a grade, and at each reading the rights of whoever made it are asked again.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from loaders.ids import node_id, read_node_id
from loaders.portal import calendar_feeds as rows
from loaders.portal.calendar_feeds import CalendarFeed
from loaders.statement import Key
from resolvers.access import Area, closed_in, scope_of, visible
from resolvers.arguments import student_keys
from resolvers.context import Context
from resolvers.errors import BadUserInput
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.tokens import token_hash
from resolvers.portal.trail import note

PATH = "/calendar"
#: How many feeds an account may have: one for each device of a large family.
MOST_FEEDS = 40

_NO_STUDENT = Problem(
    ProblemCode.STUDENT_NOT_FOUND, "No student of yours whose schedule is open has this id.", ("studentId",)
)
_NO_FEED = Problem(ProblemCode.CALENDAR_FEED_NOT_FOUND, "No calendar feed of yours has this id.", ("id",))
_TOO_MANY = Problem(
    ProblemCode.TOO_MANY_CALENDAR_FEEDS, f"You have {MOST_FEEDS} calendar feeds: revoke one that you no longer use."
)


@dataclass(frozen=True, slots=True)
class OwnFeed:
    """A feed of the viewer's; `student_key` is None where the source cannot have had such a student."""

    id: str
    student_key: Key | None
    created_at: datetime
    last_fetched_at: datetime | None


@dataclass(frozen=True, slots=True)
class FeedCreated:
    """A new feed, and its address, which is told only now."""

    feed: OwnFeed
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FeedRevoked:
    """The feed that is no more."""

    id: str


async def own_feeds(context: Context) -> list[OwnFeed]:
    """The viewer's feeds, the newest first; refuses who is no guardian, and before the gate opens."""
    context.guardian()
    portal: Portal = context.portal
    return [_own(context, each) for each in await rows.feeds_of_account(portal.writer, context.signed_in().account_id)]


async def create_calendar_feed(context: Context, student_id: str) -> FeedCreated | Refused:
    """Makes a feed of a student's whose schedule the viewer may read today."""
    context.guardian()
    try:
        (student,) = student_keys(context, [student_id], "studentId")
    except BadUserInput:
        return Refused((_NO_STUDENT,))
    if not await visible(context, [student]) or closed_in(context, await scope_of(context), Area.SCHEDULE, [student]):
        return Refused((_NO_STUDENT,))
    return await undisturbed(_do_create(context, str(student)))


async def revoke_calendar_feed(context: Context, id: str) -> FeedRevoked | Refused:
    """Ends a feed of the viewer's at once; somebody else's and made-up ones are refused alike."""
    context.guardian()
    found = read_node_id(id)
    number = found[1][0] if found is not None and found[0] == "CalendarFeed" and len(found[1]) == 1 else ""
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        return Refused((_NO_FEED,))
    return await undisturbed(_do_revoke(context, int(number)))


async def _do_create(context: Context, student_id: str) -> FeedCreated | Refused:
    portal: Portal = context.portal
    account_id = context.signed_in().account_id
    secret = secrets.token_urlsafe(32)
    async with portal.writer.transaction() as transaction:
        if len(await rows.feeds_of_account(transaction, account_id)) >= MOST_FEEDS:
            return Refused((_TOO_MANY,))
        feed = await rows.add_feed(transaction, account_id, student_id, token_hash(secret), portal.instant())
        await note(context, transaction, "CALENDAR_FEED_CREATED", f"calendar_feed:{feed.id}", account_id=account_id)
    return FeedCreated(_own(context, feed), f"{portal.letterhead.portal_url}{PATH}/{secret}.ics")


async def _do_revoke(context: Context, feed_id: int) -> FeedRevoked | Refused:
    portal: Portal = context.portal
    account_id = context.signed_in().account_id
    async with portal.writer.transaction() as transaction:
        if not await rows.remove_feed(transaction, feed_id, account_id):
            return Refused((_NO_FEED,))
        await note(context, transaction, "CALENDAR_FEED_REVOKED", f"calendar_feed:{feed_id}", account_id=account_id)
    return FeedRevoked(node_id("CalendarFeed", feed_id))


def _own(context: Context, feed: CalendarFeed) -> OwnFeed:
    return OwnFeed(
        node_id("CalendarFeed", feed.id),
        context.source.adapter.parse_key("student", feed.student_id),
        feed.created_at,
        feed.fetched_at,
    )
