"""Schools and terms, and which terms a family looks at today."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from loaders import schools
from loaders.contract import TermKind
from loaders.rows import Layout, Raw
from loaders.statement import Key, Statement
from resolvers.access import scope_of
from resolvers.context import Batch, Context


@dataclass(frozen=True, slots=True)
class TermDates:
    """What is needed of a term to say whether it is the one to show."""

    key: Key
    school_key: Key
    kind: TermKind
    starts_on: date
    ends_on: date
    school_year: int


#: For how many combinations of schools and years the terms to show are kept.
MOST_SHOWN = 10_000
_DATES = tuple(field.name for field in fields(TermDates))


def shown_terms(terms: Sequence[TermDates], today: date) -> list[TermDates]:
    """The terms a family looks at today, per school and kind: those that hold today, else the last that began.

    Only the latest school year that has begun counts, so that the summer shows the year that ended and a winter
    break shows the quarter before it. A school none of whose years has begun shows its first terms.
    """
    shown: list[TermDates] = []
    for school in dict.fromkeys(term.school_key for term in terms):
        own = [term for term in terms if term.school_key == school]
        begun = [term for term in own if term.starts_on <= today]
        year = max(term.school_year for term in begun) if begun else min(term.school_year for term in own)
        for kind in TermKind:
            of_kind = sorted(
                (term for term in own if term.kind is kind and term.school_year == year),
                key=lambda term: term.starts_on,
            )
            current = [term for term in of_kind if term.starts_on <= today <= term.ends_on]
            last = [term for term in of_kind if term.starts_on <= today][-1:] or of_kind[:1]
            shown += current or last
    return shown


def begun_terms(terms: Sequence[TermDates], today: date) -> list[TermDates]:
    """The terms that have begun of the school year a family looks at today, in their order; else its first terms."""
    shown = shown_terms(terms, today)
    years = {(term.school_key, term.school_year) for term in shown}
    return [
        term
        for term in terms
        if (term.school_key, term.school_year) in years and (term.starts_on <= today or term in shown)
    ]


Years = tuple[tuple[Key, int], ...]


class Shown(NamedTuple):
    """The terms of today, and of their school year those that have begun."""

    today: list[TermDates]
    year: list[TermDates]


class _Known(NamedTuple):
    """Which terms are shown to whoever is enrolled in these schools and years, as worked out under a mark."""

    mark: Hashable
    of_years: dict[Years, Shown]


async def shown_terms_of_students(context: Context, students: Sequence[Key]) -> dict[Key, list[TermDates]]:
    """The terms to show today for each of these students, who must be the viewer's; one without any is not there."""
    return {student: shown.today for student, shown in (await _shown(context, students)).items()}


async def begun_terms_of_students(context: Context, students: Sequence[Key]) -> dict[Key, list[TermDates]]:
    """The begun terms of the year to show for each of these students of the viewer's; one without any is not there."""
    return {student: shown.year for student, shown in (await _shown(context, students)).items()}


async def _shown(context: Context, students: Sequence[Key]) -> dict[Key, Shown]:
    scope = await scope_of(context)
    years: dict[Key, Years] = {student: tuple(dict.fromkeys(scope.enrolled.get(student, ()))) for student in students}
    known = _known(context)
    missing = [of_student for of_student in dict.fromkeys(years.values()) if of_student not in known]
    if missing:
        known.update(await _read_shown(context, missing))
    return {student: known[of_student] for student, of_student in years.items() if known[of_student].today}


def _known(context: Context) -> dict[Years, Shown]:
    """What is known under the operation's mark; the operation's own where nothing vouches for it or may be kept."""
    source = context.source
    mark = context.mark if source.shared.most else None
    if mark is None:
        own: dict[Years, Shown] = context.loads.setdefault(_Known, {})
        return own
    known: _Known | None = source.notes.get(_Known)
    if known is None or known.mark != mark or len(known.of_years) > MOST_SHOWN:
        known = source.notes[_Known] = _Known(mark, {})
    return known.of_years


async def _read_shown(context: Context, wanted: Sequence[Years]) -> Mapping[Years, Shown]:
    asked = list(dict.fromkeys([year for years in wanted for year in years]))
    if not asked:
        return {years: Shown([], []) for years in wanted}
    source = context.source
    statement = schools.terms_of_years(asked)
    (rows,) = await source.fetch([statement], mark=context.mark if source.shared.most else None)
    context.known.keep(statement, rows)
    return _worked_out(rows.layout, tuple(rows.raw), tuple(wanted), context.today)


@lru_cache(maxsize=256)
def _worked_out(layout: Layout, raw: tuple[Raw, ...], wanted: tuple[Years, ...], today: date) -> Mapping[Years, Shown]:
    """The terms to show, by what the source says of them and by nothing else: worked out once for the same rows."""
    found: dict[tuple[Key, int], list[TermDates]] = {}
    for row in layout.several(_DATES, raw):
        found.setdefault((row[1], row[5]), []).append(TermDates(*row))
    shown = {}
    for years in wanted:
        terms = [term for year in years for term in found.get(year, ())]
        terms.sort(key=lambda term: (term.starts_on, -term.ends_on.toordinal()))
        shown[years] = Shown(shown_terms(terms, today), begun_terms(terms, today))
    return shown


def school_of_students(keys: Sequence[Key], batch: Batch) -> Statement:
    """The school each student attends."""
    return schools.school_of_students(keys)


def enrollments_of_students(keys: Sequence[Key], batch: Batch) -> Statement:
    """Where each student is and was enrolled."""
    return schools.enrollments_of_students(keys)


def terms_of_students(keys: Sequence[Key], batch: Batch) -> Statement:
    """The terms of each student's schools and years."""
    return schools.terms_of_students(keys)


def schools_of_keys(keys: Sequence[Key], batch: Batch) -> Statement:
    """The schools of these keys; they came from the viewer's own students."""
    return schools.schools(keys)


def terms_of_keys(keys: Sequence[Key], batch: Batch) -> Statement:
    """The terms of these keys; they came from the viewer's own students."""
    return schools.terms(keys)


async def schools_by_id(keys: Sequence[Key], batch: Batch) -> Statement | None:
    """Of these schools those where one of the viewer's students is or was."""
    scope = await scope_of(batch.context)
    if not scope.students:
        return None
    own = {enrolled.school_key for of_student in scope.enrolled.values() for enrolled in of_student}
    allowed = [key for key in keys if key in own]
    return schools.schools(allowed) if allowed else None


async def terms_by_id(keys: Sequence[Key], batch: Batch) -> Statement | None:
    """Of these terms those of the viewer's students' schools and years."""
    scope = await scope_of(batch.context)
    if not scope.students:
        return None
    (rows,) = await batch.context.source.fetch([schools.terms_of_students(scope.students)], [["key"]])
    own = {row[rows.columns.index("key")] for row in rows.rows}
    allowed = [key for key in keys if key in own]
    return schools.terms(allowed) if allowed else None
