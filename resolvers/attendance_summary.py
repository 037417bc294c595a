"""Attendance added up by term, course and month: in class periods and in days, which are not the same.

A school activity (EXEMPT) is not counted as missed. Nothing after today is counted.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from itertools import chain
from typing import TypeVar

from loaders.attendance_tally import DAY, MARK, Span, tally_of_students
from loaders.contract import AttendanceExcuse, AttendanceStatus
from loaders.courses import courses_of_students
from loaders.rows import Rows
from loaders.statement import Key
from resolvers.context import Batch
from resolvers.terms import TermDates, begun_terms_of_students

Pair = tuple[Key, Key]
T = TypeVar("T")


class AttendanceGroup(Enum):
    """By what a summary adds up."""

    TERM = "TERM"
    COURSE = "COURSE"
    MONTH = "MONTH"


@dataclass(frozen=True, slots=True)
class Absence:
    """A mark other than PRESENT, as much of it as a summary needs; the school is that of its course."""

    on_date: date
    section_key: Key | None
    school_key: Key | None
    status: AttendanceStatus
    excuse: AttendanceExcuse


@dataclass(frozen=True, slots=True)
class Taken:
    """A course as its student took it: in which term, and from when until when."""

    course_key: Pair
    term_key: Key | None
    enrolled_on: date | None
    dropped_on: date | None


@dataclass(frozen=True, slots=True)
class Tally:
    """What the source says of one student up to today.

    `days` are the parts of days missed, None where the source does not count them. `school_days` are the days of school
    on which the student was enrolled, by school; a school that is not there has no calendar.
    """

    marks: Sequence[Absence] = ()
    days: Mapping[date, Decimal] | None = None
    school_days: Mapping[Key, frozenset[date]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of one group."""

    key: str
    term_key: Key | None
    course_key: Pair | None
    absent_periods: int
    absent_days: Decimal | None
    tardies: int
    early_releases: int
    excused: int
    unexcused: int
    days_enrolled: int | None = None


async def summaries_of_students(
    keys: Sequence[Key], batch: Batch, group_by: AttendanceGroup
) -> Sequence[list[Summary] | None]:
    """The summaries of the school year that a family looks at today, up to today, a list per student."""
    source, today = batch.context.source, batch.context.today
    if not source.adapter.has("attendance"):
        return [None for _ in keys]
    terms_of = await begun_terms_of_students(batch.context, keys)
    terms = list({term.key: term for term in chain(*terms_of.values())}.values())
    if not terms:
        return [[] for _ in keys]
    years = tuple(sorted({term.school_year for term in terms}))
    last = min(max(term.ends_on for term in terms), today)
    span = Span(min(term.starts_on for term in terms), last, years)
    counted = source.adapter.has("attendance_day")
    statements = [tally_of_students(keys, span, days=counted, calendar=source.adapter.has("calendar_day"))]
    if group_by is AttendanceGroup.COURSE:
        statements.append(courses_of_students(keys, [term.key for term in terms]))
    rows, *courses = await source.fetch(statements)
    taken = _taken(courses[0]) if courses else {}
    tallies = _tallies(rows, terms_of, counted=counted)
    empty = Tally(days={} if counted else None)
    return [summarize(tallies.get(key, empty), terms_of.get(key, []), group_by, taken.get(key, [])) for key in keys]


def summarize(
    tally: Tally, terms: Sequence[TermDates], group_by: AttendanceGroup, taken: Sequence[Taken] = ()
) -> list[Summary]:
    """The summaries of one student, in the order of their terms, courses or months.

    Every begun term and every course taken in one is there, with zeros where nothing was missed, and so is every month
    with a day of school.
    """
    match group_by:
        case AttendanceGroup.TERM:
            return [_of_term(tally, term, {each.school_key for each in terms}) for term in terms]
        case AttendanceGroup.COURSE:
            dates: dict[Key | None, TermDates] = {term.key: term for term in terms}
            return [_of_course(tally, course, dates.get(course.term_key)) for course in taken]
        case AttendanceGroup.MONTH:
            return _of_months(tally)


def _of_term(tally: Tally, term: TermDates, schools: set[Key]) -> Summary:
    """A term of one of the student's schools: marks of another of them stand in its own terms."""
    others = schools - {term.school_key}
    return _add_up(
        f"TERM:{term.key}",
        [mark for mark in tally.marks if _in(mark.on_date, term) and mark.school_key not in others],
        None if tally.days is None else sum((tally.days[d] for d in _missed(tally) if _in(d, term)), Decimal(0)),
        _number(tally.school_days.get(term.school_key), lambda day: _in(day, term)),
        term_key=term.key,
    )


def _of_course(tally: Tally, course: Taken, term: TermDates | None) -> Summary:
    """A course: its days are those on which a class of it was missed."""
    marks = [mark for mark in tally.marks if mark.section_key == course.course_key[1]]
    days = {mark.on_date for mark in _counted(marks) if mark.status is AttendanceStatus.ABSENT}
    known = tally.school_days
    school_days = (
        known.get(term.school_key) if term is not None else frozenset(chain(*known.values())) if known else None
    )

    def attended(day: date) -> bool:
        begun = course.enrolled_on is None or course.enrolled_on <= day
        return begun and (course.dropped_on is None or day <= course.dropped_on) and (term is None or _in(day, term))

    return _add_up(
        f"COURSE:{course.course_key[1]}",
        marks,
        Decimal(len(days)),
        _number(school_days, attended),
        course_key=course.course_key,
    )


def _of_months(tally: Tally) -> list[Summary]:
    marks = _by_month(tally.marks, lambda mark: mark.on_date)
    missed = _by_month(_missed(tally), lambda day: day)
    school_days = _by_month(frozenset(chain(*tally.school_days.values())), lambda day: day)
    days = tally.days
    return [
        _add_up(
            month,
            marks.get(month, []),
            None if days is None else sum((days[day] for day in missed.get(month, ())), Decimal(0)),
            len(school_days.get(month, ())) if tally.school_days else None,
        )
        for month in sorted({*marks, *missed, *school_days})
    ]


def _add_up(
    key: str,
    marks: Sequence[Absence],
    absent_days: Decimal | None,
    days_enrolled: int | None,
    term_key: Key | None = None,
    course_key: Pair | None = None,
) -> Summary:
    counted = _counted(marks)
    statuses = [mark.status for mark in counted]
    excuses = [mark.excuse for mark in counted]
    return Summary(
        key=key,
        term_key=term_key,
        course_key=course_key,
        absent_periods=statuses.count(AttendanceStatus.ABSENT),
        absent_days=absent_days,
        tardies=statuses.count(AttendanceStatus.TARDY),
        early_releases=statuses.count(AttendanceStatus.EARLY_RELEASE),
        excused=excuses.count(AttendanceExcuse.EXCUSED),
        unexcused=excuses.count(AttendanceExcuse.UNEXCUSED),
        days_enrolled=days_enrolled,
    )


def _counted(marks: Iterable[Absence]) -> list[Absence]:
    return [mark for mark in marks if mark.excuse is not AttendanceExcuse.EXEMPT]


def _missed(tally: Tally) -> list[date]:
    """The days of which a part was missed; not those on which everything marked was a school activity."""
    marked = {mark.on_date for mark in tally.marks}
    counted = {mark.on_date for mark in _counted(tally.marks)}
    return [day for day in tally.days or () if day not in marked or day in counted]


def _in(day: date, term: TermDates) -> bool:
    return term.starts_on <= day <= term.ends_on


def _number(days: frozenset[date] | None, wanted: Callable[[date], bool]) -> int | None:
    return None if days is None else sum(wanted(day) for day in days)


def _by_month(items: Iterable[T], day: Callable[[T], date]) -> dict[str, list[T]]:
    months: dict[str, list[T]] = defaultdict(list)
    for item in items:
        months[f"{day(item):%Y-%m}"].append(item)
    return months


_READ = (
    "student_key", "what", "on_date", "section_key", "school_key", "status", "excuse", "absent_part", "school_year",
)  # fmt: skip


def _tallies(rows: Rows, terms_of: Mapping[Key, Sequence[TermDates]], *, counted: bool) -> dict[Key, Tally]:
    """Each student's tally; a day of school counts in the school year in which its term lies."""
    marks: dict[Key, list[Absence]] = defaultdict(list)
    days: dict[Key, dict[date, Decimal]] = defaultdict(dict)
    school_days: dict[Key, dict[Key, set[date]]] = defaultdict(lambda: defaultdict(set))
    for student, what, day, section, school, status, excuse, part, year in rows.layout.several(_READ, rows.raw):
        if what == MARK:
            marks[student].append(Absence(day, section, school, status, excuse))
        elif what == DAY:
            days[student][day] = part
        elif any(
            _in(day, term) and (term.school_key, term.school_year) == (school, year)
            for term in terms_of.get(student, ())
        ):
            school_days[student][school].add(day)
    return {
        student: Tally(
            marks.get(student, ()),
            days.get(student, {}) if counted else None,
            {school: frozenset(found) for school, found in school_days.get(student, {}).items()},
        )
        for student in {*marks, *days, *school_days}
    }


def _taken(rows: Rows) -> dict[Key, list[Taken]]:
    taken: dict[Key, list[Taken]] = defaultdict(list)
    for key, *dates in rows.layout.several(("key", "term_key", "enrolled_on", "dropped_on"), rows.raw):
        taken[key[0]].append(Taken(key, *dates))
    return taken
