"""The unofficial transcript: years, terms and courses, credits by area, averages on the source's scale, and rank."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from typing import TypeVar

from loaders import transcript
from loaders.contract import GradeLevel
from loaders.rows import Rows
from loaders.statement import Key, Statement
from resolvers.context import Batch, Context
from resolvers.credits import (
    ClassRank,
    CreditArea,
    Entry,
    Gpa,
    GpaKind,
    Record,
    Requirement,
    counted_once,
    credits_by_area,
    gpa_of,
    rank_of,
)
from resolvers.documents import Paper, transcript_paper

T = TypeVar("T", Entry, Record, Requirement)


@dataclass(frozen=True, slots=True)
class TranscriptTerm:
    """A term at one school."""

    name: str | None
    school_name: str | None
    courses: list[Entry]


@dataclass(frozen=True, slots=True)
class TranscriptYear:
    """A school year, called by the calendar year in which it ends."""

    school_year: int
    grade_level: GradeLevel | None
    terms: list[TranscriptTerm]


@dataclass(frozen=True, slots=True)
class Transcript:
    """A student's transcript."""

    student_key: Key
    years: list[TranscriptYear]
    gpa: list[Gpa]
    credits: list[CreditArea]
    rank: ClassRank | None
    document: Paper
    official: bool = False


async def transcripts_of_students(keys: Sequence[Key], batch: Batch) -> list[Transcript | None]:
    """The transcript of each student, read in one trip; None where the source has none."""
    if not batch.context.source.adapter.has("transcript_entry"):
        return [None for _ in keys]
    entries, records, requirements = await _read(batch.context, keys)
    return [made(key, entries.get(key, []), records.get(key, [None])[0], requirements.get(key, [])) for key in keys]


def made(
    student: Key, entries: Sequence[Entry], record: Record | None, requirements: Sequence[Requirement]
) -> Transcript:
    """The transcript of these entries, which stand in the order of their years and terms."""
    counted = counted_once(entries)
    return Transcript(
        student_key=student,
        years=_years(entries),
        gpa=[gpa for kind in GpaKind if (gpa := gpa_of(kind, record, counted)) is not None],
        credits=credits_by_area(counted, requirements),
        rank=rank_of(record),
        document=transcript_paper(student),
    )


def _years(entries: Iterable[Entry]) -> list[TranscriptYear]:
    years = []
    for school_year, of_year in groupby(entries, lambda entry: entry.school_year):
        courses = list(of_year)
        places = dict.fromkeys((entry.term_name, entry.school_name) for entry in courses)
        terms = [
            TranscriptTerm(
                name, school, [each for each in courses if (each.term_name, each.school_name) == (name, school)]
            )
            for name, school in places
        ]
        levels = [entry.grade_level for entry in courses if entry.grade_level is not None]
        years.append(TranscriptYear(school_year, levels[-1] if levels else None, terms))
    return years


async def _read(
    context: Context, students: Sequence[Key]
) -> tuple[dict[Key, list[Entry]], dict[Key, list[Record]], dict[Key, list[Requirement]]]:
    has = context.source.adapter.has
    statements: list[Statement] = [transcript.entries_of_students(students)]
    if has("academic_record"):
        statements.append(transcript.record_of_students(students))
    if has("credit_requirement"):
        statements.append(transcript.requirements_of_students(students))
    found: dict[int, Rows] = {
        id(statement.shape): rows
        for statement, rows in zip(statements, await context.source.fetch(statements), strict=True)
    }
    return (
        _parsed(Entry, found.get(id(transcript.ENTRY))),
        _parsed(Record, found.get(id(transcript.RECORD))),
        _parsed(Requirement, found.get(id(transcript.REQUIREMENT))),
    )


def _parsed(cls: type[T], rows: Rows | None) -> dict[Key, list[T]]:
    if rows is None:
        return {}
    names = tuple(field.name for field in fields(cls))
    found: dict[Key, list[T]] = {}
    for key, row in zip(rows.keys, rows.layout.several(names, rows.raw), strict=True):
        found.setdefault(key, []).append(cls(*row))
    return found
