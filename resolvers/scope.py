"""The scope of a viewer: the students they may see today, where those are enrolled, and which areas are shut."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from loaders.contract import GradeLevel, RelationshipKind
from loaders.portal.access_rules import Switch
from loaders.rights import UNKNOWN_AREA, withheld_bit
from loaders.rows import Raw, Rows
from loaders.source import Source
from loaders.statement import Key
from resolvers.areas import Area, AreaReason
from resolvers.of_age import born_by, eighteenth_birthday, midnight, zone_of
from resolvers.registration.forms import forms_of
from resolvers.rules import closing, next_turn, rules_of


class Right(NamedTuple):
    """A guardian's right to one student, as it holds today."""

    guardian_key: Key
    student_key: Key
    kind: RelationshipKind
    legal_guardian: bool | None
    lives_with: bool | None
    contact_priority: int | None
    starts_on: date | None
    ends_on: date | None


class Enrolled(NamedTuple):
    """Where a student is or was, as much as is needed to say what to show."""

    school_key: Key
    school_year: int


class _Standing(NamedTuple):
    """What else of a right decides which areas it opens."""

    adult_right: bool | None
    birth_date: date | None
    time_zone: str | None


_RIGHT = len(Right._fields)
_ENROLLED = _RIGHT + len(Enrolled._fields)
_PLAIN = (*Right._fields, *Enrolled._fields, *_Standing._fields)
_WITHHELD = (*_PLAIN, "withheld")
_OPEN: Mapping[Key, AreaReason] = {}


class Scope:
    """The students a viewer may see today, where they are enrolled, and how fresh that knowledge is.

    A student's enrolments stand in the order in which a family would name them, the present one first. A student from
    whom the guardian is kept is not there at all, and the scope is then `narrowed`. `until` is when the clock next
    changes what is shut.
    """

    __slots__ = (
        "_first",
        "_forms",
        "_grown",
        "_layout",
        "_rules",
        "_shut",
        "_withheld",
        "_zone",
        "as_of",
        "enrolled",
        "narrowed",
        "now",
        "rights",
        "stale",
        "until",
    )

    def __init__(self, rows: Rows | None, source: Source) -> None:
        self.rights: dict[Key, Right] = {}
        self.enrolled: dict[Key, list[Enrolled]] = {}
        self.now = source.now()
        self.as_of = (rows.as_of if rows is not None else None) or self.now
        self.stale = rows is not None and rows.stale
        self.narrowed = False
        self.until: datetime | None = None
        self._first: dict[Key, Raw] = {}
        self._layout = rows.layout if rows is not None else None
        self._rules = rules_of(source)
        self._forms = forms_of(source)
        self._zone: tzinfo = source.adapter.time_zone
        self._grown: dict[Key, _Standing] = {}
        self._withheld: dict[Key, int] = {}
        self._shut: dict[Area, Mapping[Key, AreaReason]] = {}
        if rows is not None:
            self._take(rows, source.today())

    def _take(self, rows: Rows, today: date) -> None:
        names = _WITHHELD if "withheld" in rows.layout.columns else _PLAIN
        blocks, grown = self._rules.blocks, born_by(today)
        # The grade level is left unread: a word that nobody knows must not close everything else.
        for part, raw in zip(rows.layout.several(names, rows.raw), rows.raw, strict=True):
            student = part[1]
            if student not in self.rights:
                if blocks and self._rules.blocked(part[0], student, today):
                    self.narrowed = True
                    continue
                self.rights[student] = Right._make(part[:_RIGHT])
                self.enrolled[student] = []
                self._first[student] = raw
                born_on = part[_ENROLLED + 1]
                if born_on is not None and born_on <= grown:
                    self._grown[student] = _Standing._make(part[_ENROLLED : len(_PLAIN)])
                if names is _WITHHELD and part[-1]:
                    self._withheld[student] = part[-1]
            self.enrolled[student].append(Enrolled._make(part[_RIGHT:_ENROLLED]))

    def again(self, source: Source) -> "Scope | None":
        """The same scope for an operation of now; None where the school has ordered something since."""
        if self._rules is not rules_of(source) or self._forms is not forms_of(source):
            return None
        made: Scope = object.__new__(Scope)
        made.rights, made.enrolled, made.stale, made.until = self.rights, self.enrolled, self.stale, None
        made.narrowed = self.narrowed
        made.now = made.as_of = source.now()
        made._first, made._layout, made._zone = self._first, self._layout, self._zone
        made._forms = self._forms
        made._rules, made._grown, made._withheld, made._shut = self._rules, self._grown, self._withheld, {}
        return made

    def __contains__(self, student: object) -> bool:
        return student in self.rights

    @property
    def students(self) -> list[Key]:
        """The students' keys, in no order that means anything."""
        return list(self.rights)

    def grade_levels(self, students: Sequence[Key]) -> list[GradeLevel | None]:
        """The grade level of each student's first enrolment; ValueInvalid where the source's word is none we know."""
        if self._layout is None:
            return [None for _ in students]
        layout, first = self._layout, self._first
        return [layout.values("grade_level", [first[key]])[0] if key in first else None for key in students]

    def shut(self, area: Area) -> Mapping[Key, AreaReason]:
        """The students of the scope whose area is shut to the viewer by a right, an age or a switch, and which."""
        windowed = area is Area.REGISTRATION and bool(self._forms)
        if not (self._grown or self._withheld or self._rules.switching or windowed):
            return _OPEN
        found = self._shut.get(area)
        if found is None:
            reasons = {student: self._reason(area, right) for student, right in self.rights.items()}
            found = {student: reason for student, reason in reasons.items() if reason is not None} or _OPEN
            self._shut[area] = found
        return found

    def reopens_at(self, area: Area, student: Key) -> datetime | None:
        """When a switch or window of the school opens the area again; None where none closes it, or it is not known."""
        switch = closing([*self._switches(area, student), *self._windows(area, student)], self.now)
        return None if switch is None else switch.reopens_at

    def _reason(self, area: Area, right: Right) -> AreaReason | None:
        student = right.student_key
        if student in self._grown and self._has_outgrown(right, self._grown[student]):
            return AreaReason.ELIGIBLE_STUDENT
        if self._withheld.get(student, 0) & (withheld_bit(area.value) | UNKNOWN_AREA):
            return AreaReason.NO_RIGHT
        switches, windows = self._switches(area, student), self._windows(area, student)
        if not switches and not windows:
            return None
        self._holds_until(next_turn([*switches, *windows], self.now))
        switch = closing(switches, self.now)
        if switch is None and closing(windows, self.now) is not None:
            return AreaReason.REGISTRATION_WINDOW
        return None if switch is None else AreaReason(switch.reason.value)

    def _has_outgrown(self, right: Right, standing: _Standing) -> bool:
        """Whether the student is of age by the school's own clock, and nothing keeps the right open."""
        zone = zone_of(standing.time_zone, self._zone)
        today = self.now.astimezone(zone).date()
        self._holds_until(midnight(today + timedelta(days=1), zone))
        assert standing.birth_date is not None
        if today < eighteenth_birthday(standing.birth_date):
            return False
        by_source = bool(standing.adult_right)
        return not self._rules.keeps(right.guardian_key, right.student_key, today, by_source=by_source)

    def _switches(self, area: Area, student: Key) -> list[Switch]:
        return self._rules.switches(area.value, self._school(student))

    def _windows(self, area: Area, student: Key) -> list[Switch]:
        """When the district's forms keep the school from taking registrations."""
        if area is not Area.REGISTRATION or not self._forms:
            return []
        return self._forms.closures(self._school(student), self._zone)

    def _school(self, student: Key) -> Key | None:
        enrolled = self.enrolled.get(student)
        return enrolled[0].school_key if enrolled else None

    def _holds_until(self, instant: datetime | None) -> None:
        if instant is not None and (self.until is None or instant < self.until):
            self.until = instant
