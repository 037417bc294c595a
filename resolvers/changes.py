"""Changes as viewers are told them: what they are called, their cursors, and the log as one viewer may read it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

import orjson

from loaders.adapter import Adapter
from loaders.portal import change_log
from loaders.portal.change_log import LoggedChange, LogState, Whose
from loaders.posted import MessageKey, Posted
from loaders.statement import Key
from loaders.watched import SUBJECTS, Subject
from resolvers.access import readable
from resolvers.areas import Area
from resolvers.context import Context
from resolvers.errors import BadUserInput, CursorExpired
from resolvers.messages import received
from resolvers.paging import page_of
from resolvers.portal.listing import Listing
from resolvers.portal.sealing import SealBroken, Sealer
from resolvers.portal.service import Portal

SEALED_FOR = "the value before a change"

_NO_CURSOR = "`after` is not a cursor of the changes: give back a cursor exactly as it came."
_MOST = 2**63 - 1
_NO_LOG = LogState(epoch="0" * 16, head=0, forgotten=0)
_TOO_OLD = "`after` reaches back further than the log does: read what you show again, and go on without it."


class ChangeKind(Enum):
    """What has become of it."""

    GRADE_ADDED = "GRADE_ADDED"
    GRADE_CHANGED = "GRADE_CHANGED"
    GRADE_REMOVED = "GRADE_REMOVED"
    ASSIGNMENT_ADDED = "ASSIGNMENT_ADDED"
    ASSIGNMENT_CHANGED = "ASSIGNMENT_CHANGED"
    ASSIGNMENT_SCORED = "ASSIGNMENT_SCORED"
    ASSIGNMENT_REMOVED = "ASSIGNMENT_REMOVED"
    ATTENDANCE_ADDED = "ATTENDANCE_ADDED"
    ATTENDANCE_CHANGED = "ATTENDANCE_CHANGED"
    ATTENDANCE_REMOVED = "ATTENDANCE_REMOVED"
    MESSAGE_RECEIVED = "MESSAGE_RECEIVED"


#: The kinds of each subject of the watcher, that of a new thing first, and the area of the record in which they are.
KINDS: Mapping[str, tuple[ChangeKind, ...]] = {
    "grade": (ChangeKind.GRADE_ADDED, ChangeKind.GRADE_CHANGED, ChangeKind.GRADE_REMOVED),
    "assignment": (
        ChangeKind.ASSIGNMENT_ADDED,
        ChangeKind.ASSIGNMENT_CHANGED,
        ChangeKind.ASSIGNMENT_SCORED,
        ChangeKind.ASSIGNMENT_REMOVED,
    ),
    "attendance": (ChangeKind.ATTENDANCE_ADDED, ChangeKind.ATTENDANCE_CHANGED, ChangeKind.ATTENDANCE_REMOVED),
    "message": (ChangeKind.MESSAGE_RECEIVED,),
}
AREAS: Mapping[str, Area] = {
    "grade": Area.GRADES,
    "assignment": Area.GRADES,
    "attendance": Area.ATTENDANCE,
    "message": Area.MESSAGES,
}

SUBJECT_OF: Mapping[ChangeKind, str] = {kind: subject for subject, kinds in KINDS.items() for kind in kinds}


@dataclass(frozen=True, slots=True)
class ChangeEvent:
    """A change with its place in the order of all, named by keys; what stands there now is read by those who may.

    `corrects` is the cursor of the change before of the same thing, where the log holds it; `retracts` says that the
    thing is again as it was before that one.
    """

    sequence: int
    cursor: str
    occurred_at: datetime
    kind: ChangeKind
    student_key: Key | None
    guardian_key: Key | None
    thing: tuple[Key | date | Posted, ...]
    previous_percent: Decimal | None
    previous_letter: str | None
    corrects: str | None
    retracts: bool

    @property
    def subject(self) -> str:
        """The subject of the watcher that it is of."""
        return SUBJECT_OF[self.kind]

    @property
    def message_key(self) -> MessageKey | None:
        """The key of the message that was received; None where it is no message."""
        return _a_key(self.thing[0]) if self.kind is ChangeKind.MESSAGE_RECEIVED else None


def cursor_of(epoch: str, sequence: int) -> str:
    """The cursor of a place in a log; it names nothing else, and opens nothing: rights are asked at delivery."""
    return urlsafe_b64encode(f"{epoch}:{sequence}".encode()).decode().rstrip("=")


def place_of(cursor: str, state: LogState) -> int:
    """The place that a cursor names in this log.

    CursorExpired where the log does not hold all that came behind it: for one that is too old, of another log, or ahead
    of this one, which was then brought back from a copy. BadUserInput for what is no cursor.
    """
    epoch, place = _parts(cursor)
    if place < 0 or cursor_of(epoch, place) != cursor or len(epoch) != len(state.epoch):
        raise BadUserInput(_NO_CURSOR)
    if epoch != state.epoch or not state.forgotten <= place <= state.head:
        raise CursorExpired(_TOO_OLD)
    return place


def _number(cursor: str) -> int:
    """The number in a cursor, which may be too large for any log; BadUserInput for what is no cursor."""
    return max(-1, min(_parts(cursor)[1], _MOST))


def _parts(cursor: str) -> tuple[str, int]:
    try:
        epoch, _, text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(":")
        return epoch, int(text)
    except (Error, ValueError):
        raise BadUserInput(_NO_CURSOR) from None


def event_of(adapter: Adapter, sealer: Sealer, epoch: str, change: LoggedChange) -> ChangeEvent | None:
    """A logged change as it is told; None for one that this version or this source cannot read."""
    try:
        kind = ChangeKind(change.kind)
        subject = SUBJECTS[SUBJECT_OF[kind]]
        thing = _thing(adapter, subject, orjson.loads(change.entity))
    except ValueError:
        return None
    student = None if change.student_id is None else adapter.parse_key("student", change.student_id)
    guardian = None if change.guardian_id is None else adapter.parse_key("guardian", change.guardian_id)
    if student is None and guardian is None:
        return None
    percent, letter = previous_of(sealer, change.previous_sealed)
    return ChangeEvent(
        sequence=change.seq,
        cursor=cursor_of(epoch, change.seq),
        occurred_at=change.occurred_at,
        kind=kind,
        student_key=student,
        guardian_key=guardian,
        thing=thing,
        previous_percent=percent,
        previous_letter=letter,
        corrects=None if change.corrects is None else cursor_of(epoch, change.corrects),
        retracts=change.retracts,
    )


async def changes_of_viewer(context: Context, first: int | None, after: str | None) -> Listing[ChangeEvent]:
    """The changes behind a cursor that the viewer may be told now, in order; from the log's beginning without one.

    One statement of the portal store. Where nothing is behind the cursor, the page's `end` is where the log stands.
    """
    portal: Portal = context.portal
    page = page_of(first, after)
    whose = await _whose(context)
    answer = await change_log.log_of(portal.writer, whose, None if after is None else _number(after), page.first + 1)
    if answer is None:
        if after is not None:
            place_of(after, _NO_LOG)
        return Listing((), (), has_next=False, has_previous=False)
    state, found = answer
    if after is not None:
        place_of(after, state)
    kept = found[: page.first]
    events = [event_of(context.source.adapter, portal.sealer, state.epoch, change) for change in kept]
    told = await _readable(context, [event for event in events if event is not None])
    return Listing(
        found=told,
        cursors=tuple(event.cursor for event in told),
        has_next=len(found) > page.first,
        has_previous=after is not None,
        end=cursor_of(state.epoch, kept[-1].seq if len(found) > page.first and kept else state.head),
    )


async def change_count(context: Context) -> int:
    """How many changes the log holds that the viewer may be told now."""
    portal: Portal = context.portal
    return await change_log.count_changes(portal.writer, await _whose(context))


async def _whose(context: Context) -> Whose:
    """The viewer's students, of each subject those whose area is open."""
    students = [
        ([kind.value for kind in kinds], [str(student) for student in await readable(context, AREAS[subject])])
        for subject, kinds in KINDS.items()
        if SUBJECTS[subject].owner == "student"
    ]
    return Whose(students, str(context.guardian()), [kind.value for kind in KINDS["message"]])


async def _readable(context: Context, events: Sequence[ChangeEvent]) -> tuple[ChangeEvent, ...]:
    """The events less those of messages that the viewer cannot read now: withdrawn, or of others' students."""
    keys = [event.message_key for event in events if event.message_key is not None]
    if not keys:
        return tuple(events)
    shown = await received(context, keys)
    return tuple(event for event in events if event.message_key is None or event.message_key in shown)


def _thing(adapter: Adapter, subject: Subject, texts: Sequence[str]) -> tuple[Key | date | Posted, ...]:
    if subject.name == "message" and (posted := Posted.read(tuple(texts))) is not None:
        return (posted,)
    keys: list[Key | date | Posted] = []
    for entity, text in zip(subject.parts, texts, strict=True):
        key = date.fromisoformat(text) if entity == "date" else adapter.parse_key(entity, text)
        if key is None:
            raise ValueError("Not a key of this source.")
        keys.append(key)
    return tuple(keys)


def _a_key(part: Key | date | Posted) -> MessageKey:
    if isinstance(part, date):
        raise TypeError("A date is no key.")
    return part


def previous_of(sealer: Sealer, sealed: str | None) -> tuple[Decimal | None, str | None]:
    """A grade's percent and letter before a change, as they were sealed in the log; None where they cannot be read."""
    if sealed is None:
        return None, None
    try:
        percent, letter = orjson.loads(sealer.open(SEALED_FOR, sealed))
    except SealBroken:
        return None, None
    return Decimal(percent) if percent else None, letter or None
