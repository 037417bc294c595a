"""Changes: what clients are told as it happens, and what they can ask for afterwards."""

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import Info, Private

from resolvers import changes as log
from resolvers import grades, people
from resolvers.access import Area
from resolvers.changes import ChangeEvent, ChangeKind
from resolvers.context import Batch, Context
from schema.batching import First, batched
from schema.connections import Connection
from schema.enums import described
from schema.gradebook import Grade
from schema.listings import connection

if TYPE_CHECKING:
    from schema.people import Student

LazyStudent = Annotated["Student", strawberry.lazy("schema.people")]

described(
    ChangeKind,
    "ChangeKind",
    "What has happened. More will come with other subjects: read a value you do not know as a change.",
    {
        ChangeKind.GRADE_ADDED: "A grade stands where none stood: entered, or released to families.",
        ChangeKind.GRADE_CHANGED: "A grade's percent, letter or points changed, or the school posted it.",
        ChangeKind.GRADE_REMOVED: "A grade is gone: deleted, emptied, or no longer released.",
    },
)

#: What `after` does wherever changes are told.
AFTER = (
    "The cursor of the last change received, from any subscription or from `me.changes`: all that came behind it is "
    "told first, in order, each once, across disconnects and restarts of the server. CURSOR_EXPIRED where the log no "
    "longer reaches back so far: read again what you show, and go on without it."
)


@strawberry.interface(description="Something that has changed in the school's system.")
class Change:
    student_key: Private[Any]
    cursor: str = strawberry.field(description="Give it as `after` to get what comes behind this change.")
    occurred_at: datetime.datetime = strawberry.field(
        description="When it was seen here, a few seconds after it was made at the most while the source is well."
    )
    kind: ChangeKind = strawberry.field(description="What has happened.")
    corrects: str | None = strawberry.field(
        description="The cursor of the change before of the same thing, where the log holds it: what was told then is "
        "no longer so."
    )
    retracts: bool = strawberry.field(
        description="Whether the thing is again as it was before the change that this one corrects: treat both as if "
        "nothing had happened."
    )

    @batched("student_key", shared=True)
    def student(keys: Any, batch: Batch) -> LazyStudent | None:
        """The student whom it concerns."""
        return people.students_by_key(keys, batch)


@strawberry.type(
    description="A grade whose percent, letter, points or kind changed, that came or went. Comments and dates alone "
    "are no change. Several changes between two looks at the source are told as one."
)
class GradeChanged(Change):
    grade_key: Private[Any]
    before: Private[Any]

    @batched("grade_key", area=Area.GRADES, shared=True)
    def grade(keys: Any, batch: Batch) -> Grade | None:
        """The grade as it is now; null where it is gone, or cannot be read right now."""
        return grades.grades_by_id(keys, batch)

    @batched("before", area=Area.GRADES, shared=True)
    def previous_percent(keys: Any, batch: Batch) -> Decimal | None:
        """The percent before; null where there was none."""
        return [percent for _, percent, _ in keys]

    @batched("before", area=Area.GRADES, shared=True)
    def previous_letter(keys: Any, batch: Batch) -> str | None:
        """The letter before; null where there was none."""
        return [letter for _, _, letter in keys]


@strawberry.type(description="Whoever is told of changes.")
class ChangeReader:
    @strawberry.field(
        description="What is new: the changes that the subscriptions tell of, out of the same log, oldest first. Keep "
        "`pageInfo.endCursor`, which is never null once the gateway has begun to watch: with it as `after` here or in "
        "a subscription nothing is missed and nothing told twice. The log reaches back over two days and a hundred "
        "thousand changes of the district at the least."
    )
    async def changes(
        self,
        info: Info[Context, None],
        first: First = None,
        after: Annotated[str | None, strawberry.argument(description=AFTER)] = None,
    ) -> Connection[Change]:
        context = info.context
        return connection(await log.changes_of_viewer(context, first, after), told, lambda: log.change_count(context))


def told(event: ChangeEvent) -> Change:
    """The event by its keys alone, and what a grade was; every other word is read with the rights of its moment."""
    gone = event.kind is ChangeKind.GRADE_REMOVED
    return GradeChanged(
        student_key=event.student_key,
        cursor=event.cursor,
        occurred_at=event.occurred_at,
        kind=event.kind,
        corrects=event.corrects,
        retracts=event.retracts,
        grade_key=None if gone else (event.student_key, *event.thing),
        before=(event.student_key, event.previous_percent, event.previous_letter),
    )
