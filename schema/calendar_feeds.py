"""Calendar feeds: secret addresses under which calendars of phones and desks read a student's schedule."""

import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import ID, Info, Private

from resolvers import people
from resolvers.context import Batch, Context
from resolvers.portal import calendar_feed
from resolvers.portal.calendar_feed import OwnFeed
from resolvers.portal.problems import Refused
from schema.batching import batched
from schema.problems import Problems
from schema.scalars import URL

if TYPE_CHECKING:
    from schema.people import Student

LazyStudent = Annotated["Student", strawberry.lazy("schema.people")]


@strawberry.type(description="A calendar feed of the viewer's. Its address is told nowhere again.")
class CalendarFeed:
    student_key: Private[Any]
    id: ID = strawberry.field(description="Opaque; what `revokeCalendarFeed` takes.")
    created_at: datetime.datetime = strawberry.field(description="When it was made.")
    last_fetched_at: datetime.datetime | None = strawberry.field(
        description="When somebody read it last, to the day, or to the hour where it was read from another network; "
        "null where nobody has."
    )

    @batched("student_key")
    def student(keys: Any, batch: Batch) -> LazyStudent | None:
        """Whose schedule it shows; null where the viewer's right to the student has ended, and it shows nothing."""
        return people.students_by_key(keys, batch)

    @classmethod
    def of(cls, feed: OwnFeed) -> "CalendarFeed":
        """The feed as its maker sees it."""
        return cls(
            student_key=feed.student_key,
            id=ID(feed.id),
            created_at=feed.created_at,
            last_fetched_at=feed.last_fetched_at,
        )


@strawberry.type(description="Whoever has calendar feeds.")
class CalendarFeedOwner:
    @strawberry.field(description="The viewer's calendar feeds, the newest first.")
    async def calendar_feeds(self, info: Info[Context, None]) -> list[CalendarFeed]:
        return [CalendarFeed.of(found) for found in await calendar_feed.own_feeds(info.context)]


@strawberry.type(description="A calendar feed was made.")
class CreateCalendarFeedSuccess:
    feed: CalendarFeed = strawberry.field(description="The feed.")
    url: URL = strawberry.field(
        description="Its address, told only now: an iCalendar file of when and where courses meet and of days without "
        "school, two weeks back and eight ahead. Whoever has the address reads it, until it is revoked or the right to "
        "the schedule ends."
    )


@strawberry.type(description="A calendar feed was ended; its address opens nothing any more.")
class RevokeCalendarFeedSuccess:
    feed_id: ID = strawberry.field(description="The feed that is no more.")


CreateCalendarFeedResult = Annotated[
    CreateCalendarFeedSuccess | Problems,
    strawberry.union("CreateCalendarFeedResult", description="The feed and its address, or why there is none."),
]
RevokeCalendarFeedResult = Annotated[
    RevokeCalendarFeedSuccess | Problems,
    strawberry.union("RevokeCalendarFeedResult", description="The feed that was ended, or why none was."),
]


@strawberry.type(description="The orders on calendar feeds.")
class CalendarFeedMutations:
    @strawberry.mutation(
        description="Make a secret address under which calendars read a student's schedule. For parents, and for "
        "students whose schedule is open to them."
    )
    async def create_calendar_feed(
        self,
        info: Info[Context, None],
        student_id: Annotated[ID, strawberry.argument(description="The student's id.")],
    ) -> CreateCalendarFeedResult:
        done = await calendar_feed.create_calendar_feed(info.context, student_id)
        if isinstance(done, Refused):
            return Problems.of(done)
        return CreateCalendarFeedSuccess(feed=CalendarFeed.of(done.feed), url=URL(done.url))

    @strawberry.mutation(
        description="End a calendar feed of the viewer's at once; somebody else's and made-up ones are refused alike, "
        "with `CALENDAR_FEED_NOT_FOUND`."
    )
    async def revoke_calendar_feed(
        self,
        info: Info[Context, None],
        id: Annotated[ID, strawberry.argument(description="The feed's id, as `calendarFeeds` has it.")],
    ) -> RevokeCalendarFeedResult:
        done = await calendar_feed.revoke_calendar_feed(info.context, id)
        return Problems.of(done) if isinstance(done, Refused) else RevokeCalendarFeedSuccess(feed_id=ID(done.id))
