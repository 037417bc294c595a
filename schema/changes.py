"""Changes: what clients are told as it happens, and what they can ask for afterwards."""

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import Info, Private

from resolvers import assignments, attendance, grades, messages, people
from resolvers import changes as log
from resolvers.access import Area
from resolvers.changes import ChangeEvent, ChangeKind
from resolvers.context import Batch, Context
from schema.attendance import Attendance
from schema.batching import First, batched
from schema.connections import Connection
from schema.enums import described
from schema.gradebook import Assignment
from schema.grades import Grade
from schema.listings import connection
from schema.messages import Message

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
        ChangeKind.ASSIGNMENT_ADDED: "An assignment can be seen that could not: given, or come into sight.",
        ChangeKind.ASSIGNMENT_CHANGED: "An assignment has another title, due date or number of points.",
        ChangeKind.ASSIGNMENT_SCORED: "A score was entered, changed or taken away: points, letter, flags or comment.",
        ChangeKind.ASSIGNMENT_REMOVED: "An assignment is gone: deleted, or no longer shown.",
        ChangeKind.ATTENDANCE_ADDED: "A mark other than PRESENT stands where none stood.",
        ChangeKind.ATTENDANCE_CHANGED: "A mark says something else: its status, excuse, minutes, code or comment.",
        ChangeKind.ATTENDANCE_REMOVED: "A mark other than PRESENT is gone: the student was present, or it was deleted.",
        ChangeKind.MESSAGE_RECEIVED: "A message can be read that could not.",
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
        """The student whom it concerns; null where it concerns none, or cannot be read right now."""
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


@strawberry.type(
    description="An assignment that came, changed, was scored or went: one without a due date, or due in the last 120 "
    "days or later."
)
class AssignmentChanged(Change):
    assignment_key: Private[Any]

    @batched("assignment_key", area=Area.GRADES, shared=True)
    def assignment(keys: Any, batch: Batch) -> Assignment | None:
        """The assignment with its score as they are now; null where it is gone, or cannot be read right now."""
        return assignments.assignments_by_id(keys, batch)


@strawberry.type(
    description="A mark of attendance of the last 30 days that is not PRESENT, or was not: entered, changed, or gone."
)
class AttendanceChanged(Change):
    attendance_key: Private[Any]

    @batched("attendance_key", area=Area.ATTENDANCE, shared=True)
    def attendance(keys: Any, batch: Batch) -> Attendance | None:
        """The mark as it is now, PRESENT after a correction; null where it is gone, or cannot be read right now."""
        return attendance.attendance_by_id(keys, batch)


@strawberry.type(description="A message to the viewer that can be read since.")
class MessageReceived(Change):
    message_key: Private[Any]

    @batched("message_key")
    def message(keys: Any, batch: Batch) -> Message | None:
        """The message; null where it can no longer be read."""
        return messages.messages_by_id(keys, batch)


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
    thing = (event.student_key, *event.thing)
    common: dict[str, Any] = {
        "student_key": event.student_key,
        "cursor": event.cursor,
        "occurred_at": event.occurred_at,
        "kind": event.kind,
        "corrects": event.corrects,
        "retracts": event.retracts,
    }
    match event.subject:
        case "grade":
            gone = event.kind is ChangeKind.GRADE_REMOVED
            before = (event.student_key, event.previous_percent, event.previous_letter)
            return GradeChanged(**common, grade_key=None if gone else thing, before=before)
        case "assignment":
            return AssignmentChanged(**common, assignment_key=thing)
        case "attendance":
            return AttendanceChanged(**common, attendance_key=thing)
        case _:
            return MessageReceived(**common, message_key=event.message_key)
