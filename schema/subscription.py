"""What clients are told as it happens."""

from collections.abc import AsyncGenerator, Callable, Hashable, Sequence
from typing import Annotated, Self, cast

import strawberry
from strawberry import ID

from resolvers import arguments
from resolvers.changes import KINDS, ChangeEvent
from resolvers.context import Context
from resolvers.streams import ChangeStream
from schema.changes import AFTER, AssignmentChanged, AttendanceChanged, Change, GradeChanged, MessageReceived, told

_REFUSALS = "UNAUTHENTICATED without a session, FORBIDDEN for staff."

StudentArgument = Annotated[
    ID | None,
    strawberry.argument(
        description="Of this student only. One to whom the viewer has no right is one who never changes."
    ),
]
AfterArgument = Annotated[str | None, strawberry.argument(description=AFTER)]


@strawberry.type(description="What clients are told as it happens.")
class Subscription:
    @strawberry.subscription(
        description="Each change to a grade of the viewer's students, once, in order, from the moment of subscribing. "
        + _REFUSALS
    )
    async def grade_changed(
        self, info: strawberry.Info[Context, None], student_id: StudentArgument = None, after: AfterArgument = None
    ) -> AsyncGenerator[GradeChanged, None]:
        return cast("AsyncGenerator[GradeChanged, None]", await _follow(info, ("grade",), student_id, after))

    @strawberry.subscription(
        description="Each change to an assignment of the viewer's students or to its score, once, in order. "
        + _REFUSALS
    )
    async def assignment_changed(
        self, info: strawberry.Info[Context, None], student_id: StudentArgument = None, after: AfterArgument = None
    ) -> AsyncGenerator[AssignmentChanged, None]:
        return cast("AsyncGenerator[AssignmentChanged, None]", await _follow(info, ("assignment",), student_id, after))

    @strawberry.subscription(
        description="Each mark of attendance of the viewer's students that is not PRESENT, as it comes, changes and "
        "goes, once, in order. " + _REFUSALS
    )
    async def attendance_changed(
        self, info: strawberry.Info[Context, None], student_id: StudentArgument = None, after: AfterArgument = None
    ) -> AsyncGenerator[AttendanceChanged, None]:
        return cast("AsyncGenerator[AttendanceChanged, None]", await _follow(info, ("attendance",), student_id, after))

    @strawberry.subscription(description="Each message to the viewer as it can be read, once, in order. " + _REFUSALS)
    async def message_received(
        self, info: strawberry.Info[Context, None], after: AfterArgument = None
    ) -> AsyncGenerator[MessageReceived, None]:
        return cast("AsyncGenerator[MessageReceived, None]", await _follow(info, ("message",), None, after))

    @strawberry.subscription(
        description="Every change that the viewer may be told of, of all subjects in one stream, once, in order. "
        + _REFUSALS
    )
    async def changes(
        self, info: strawberry.Info[Context, None], after: AfterArgument = None
    ) -> AsyncGenerator[Change, None]:
        return cast("AsyncGenerator[Change, None]", await _follow(info, tuple(KINDS), None, after))


async def _follow(
    info: strawberry.Info[Context, None], subjects: Sequence[str], student_id: ID | None, after: str | None
) -> "_Told":
    # No generator itself: what it refuses is refused at once, and what it promises holds once it has returned.
    context = info.context
    guardian = context.guardian()
    student = None if student_id is None else arguments.student_keys(context, [student_id], "studentId")[0]
    return _Told(await context.live.subscribe(guardian, subjects, student, context.resume or after))


class _Told:
    """A stream of the hub as a subscription's source: to be asked for one event after the other, or listened to."""

    __slots__ = ("_stream",)

    def __init__(self, stream: ChangeStream) -> None:
        self._stream = stream

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Change:
        return told(await anext(self._stream))

    async def aclose(self) -> None:
        await self._stream.aclose()

    @property
    def start(self) -> str:
        """The cursor from which on everything is told."""
        return self._stream.start

    @property
    def level(self) -> bool:
        return self._stream.level

    @property
    def audience(self) -> Hashable:
        return self._stream.audience

    def listen(self, hear: Callable[[ChangeEvent], None], over: Callable[[Exception | None], None]) -> None:
        self._stream.listen(hear, over)

    def value(self, event: ChangeEvent) -> Change:
        return told(event)

    async def standings(self, event: ChangeEvent, contexts: Sequence[Context]) -> Sequence[Hashable | None]:
        return await self._stream.standings(event, contexts)

    def let_go(self) -> None:
        self._stream.let_go()
