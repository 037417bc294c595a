"""What clients are told as it happens."""

import datetime
from collections.abc import AsyncGenerator, Callable, Hashable, Sequence
from decimal import Decimal
from typing import Annotated, Any, Self, cast

import strawberry
from strawberry import ID, Private

from resolvers import arguments, grades, people
from resolvers.access import Area
from resolvers.context import Batch, Context
from resolvers.history import GradeEvent
from resolvers.streams import GradeStream
from resolvers.watcher import ChangeKind
from schema.batching import batched
from schema.enums import described
from schema.gradebook import Grade
from schema.people import Student

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


@strawberry.interface(description="Something that has changed in the school's system.")
class Change:
    student_key: Private[Any]
    cursor: str = strawberry.field(description="Give it as `after` to get what comes behind this change.")
    occurred_at: datetime.datetime = strawberry.field(
        description="When it was seen here, a few seconds after it was made at the most while the source is well."
    )
    kind: ChangeKind = strawberry.field(description="What has happened.")

    @batched("student_key", shared=True)
    def student(keys: Any, batch: Batch) -> Student | None:
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


@strawberry.type(description="What clients are told as it happens.")
class Subscription:
    @strawberry.subscription(
        description="Each change to a grade of the viewer's students, once, in order, from the moment of subscribing. "
        "UNAUTHENTICATED without a session, FORBIDDEN for staff. RATE_LIMITED ends a stream whose reader fell behind "
        "by a hundred changes: subscribe again with the last cursor."
    )
    async def grade_changed(
        self,
        info: strawberry.Info[Context, None],
        student_id: Annotated[
            ID | None,
            strawberry.argument(
                description="Of this student only. One to whom the viewer has no right is one who never changes."
            ),
        ] = None,
        after: Annotated[
            str | None,
            strawberry.argument(
                description="The cursor of the last change received: what came behind it is told first. It reaches "
                "back over the last 10,000 changes, until ten minutes after the last subscription to the student, and "
                "never across a restart of the server. Beyond that BAD_USER_INPUT: read the grades again and "
                "subscribe without it."
            ),
        ] = None,
    ) -> AsyncGenerator[GradeChanged, None]:
        # No generator itself: what it refuses is refused at once, and what it promises holds once it has returned.
        context = info.context
        guardian = context.guardian()
        student = None if student_id is None else arguments.student_keys(context, [student_id], "studentId")[0]
        told = _Told(await context.live.subscribe_grades(guardian, student, after))
        return cast("AsyncGenerator[GradeChanged, None]", told)


class _Told:
    """A stream of the hub as a subscription's source: to be asked for one event after the other, or listened to."""

    __slots__ = ("_stream",)

    def __init__(self, stream: GradeStream) -> None:
        self._stream = stream

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> GradeChanged:
        return _grade_changed(await anext(self._stream))

    async def aclose(self) -> None:
        await self._stream.aclose()

    @property
    def level(self) -> bool:
        return self._stream.level

    @property
    def audience(self) -> Hashable:
        return "gradeChanged", self._stream.audience

    def listen(self, hear: Callable[[GradeEvent], None], over: Callable[[Exception | None], None]) -> None:
        self._stream.listen(hear, over)

    def value(self, event: GradeEvent) -> GradeChanged:
        return _grade_changed(event)

    async def standings(self, event: GradeEvent, contexts: Sequence[Context]) -> Sequence[Hashable | None]:
        return await self._stream.standings(event, contexts)

    def let_go(self) -> None:
        self._stream.let_go()


def _grade_changed(event: GradeEvent) -> GradeChanged:
    """The event by its keys alone, and what the grade was; every other word is read with the rights of its moment."""
    change = event.change
    gone = change.kind is ChangeKind.GRADE_REMOVED
    return GradeChanged(
        student_key=change.student_key,
        cursor=event.cursor,
        occurred_at=event.occurred_at,
        kind=change.kind,
        grade_key=None if gone else (change.student_key, change.grade_key),
        before=(change.student_key, change.previous_percent, change.previous_letter),
    )
