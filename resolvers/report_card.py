"""What is printed about a student: a term's posted grades, attendance and comments, or the transcript."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from loaders import courses, grades, people, schools
from loaders.contract import GradeKind, GradeLevel
from loaders.statement import Key, Statement
from resolvers.access import Area, closed, scope_of
from resolvers.attendance_summary import AttendanceGroup, Summary, summaries_of_students
from resolvers.context import Batch, Context
from resolvers.documents import CARD, TRANSCRIPT, Paper
from resolvers.transcript import Transcript, transcripts_of_students


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whose paper it is and who prints it; `language` is the reader's, where it is known."""

    district: str
    school: str
    student: str
    student_number: str | None
    grade_level: GradeLevel | None
    printed_on: date
    language: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """A posted grade of one course."""

    course: str
    teachers: str
    task: str
    letter: str | None
    percent: Decimal | None
    comments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReportCard:
    """The report card of a term; `attendance` is None where the viewer may not see it, or nothing tells of it."""

    bearer: Bearer
    term: str
    starts_on: date
    ends_on: date
    lines: tuple[Line, ...]
    attendance: Summary | None


@dataclass(frozen=True, slots=True)
class PrintedTranscript:
    """The transcript as it is printed."""

    bearer: Bearer
    transcript: Transcript


async def printed_content(context: Context, paper: Paper) -> ReportCard | PrintedTranscript | None:
    """What a printed paper holds now; None where nothing is left to print. The viewer must be one to have it."""
    student, name = paper.link_key
    if name == TRANSCRIPT:
        (transcript,) = await transcripts_of_students([student], Batch(context))
        bearer = await _bearer(context, student, None)
        return None if transcript is None else PrintedTranscript(bearer, transcript)
    if paper.term_key is None or not name.startswith(CARD):
        return None
    return await _report_card(context, student, paper.term_key)


async def _report_card(context: Context, student: Key, term_key: Key) -> ReportCard | None:
    found, of_terms = await _read(
        context,
        grades.grades_of_students([student], term_key),
        schools.terms([term_key]),
    )
    posted = [grade for grade in found if grade["kind"] is GradeKind.POSTED]
    if not posted or not of_terms:
        return None
    term = of_terms[0]
    pairs = [(student, section) for section in dict.fromkeys(grade["section_key"] for grade in posted)]
    taken, teachers = await _read(
        context, courses.courses(pairs), people.teachers_of_sections([section for _, section in pairs])
    )
    titles = {course["section_key"]: course["title"] for course in taken}
    names: dict[Any, list[str]] = {}
    for teacher in teachers:
        names.setdefault(teacher["section_key"], []).append(teacher["name"])
    lines = [
        Line(
            course=titles.get(grade["section_key"], ""),
            teachers=", ".join(names.get(grade["section_key"], [])),
            task=grade["task"],
            letter=grade["letter"],
            percent=grade["percent"],
            comments=tuple(grade["comments"]),
        )
        for grade in posted
    ]
    return ReportCard(
        bearer=await _bearer(context, student, term["school_key"]),
        term=term["name"],
        starts_on=term["starts_on"],
        ends_on=term["ends_on"],
        lines=tuple(sorted(lines, key=lambda line: (line.course, line.task))),
        attendance=await _attendance(context, student, term_key),
    )


async def _attendance(context: Context, student: Key, term_key: Key) -> Summary | None:
    if await closed(context, Area.ATTENDANCE, [student]):
        return None
    (summaries,) = await summaries_of_students([student], Batch(context), AttendanceGroup.TERM)
    return next((summary for summary in summaries or () if summary.term_key == term_key), None)


async def _bearer(context: Context, student: Key, school_key: Key | None) -> Bearer:
    scope = await scope_of(context)
    own_school = schools.school_of_students([student]) if school_key is None else schools.schools([school_key])
    of_students, of_schools, readers = await _read(
        context, people.students([student]), own_school, people.guardians([context.guardian()])
    )
    (level,) = scope.grade_levels([student])
    found = of_students[0]
    return Bearer(
        district=context.district_name,
        school=of_schools[0]["name"] if of_schools else "",
        student=found["name"],
        student_number=found["student_number"],
        grade_level=level,
        printed_on=context.today,
        language=readers[0]["preferred_language"] if readers else None,
    )


async def _read(context: Context, *statements: Statement) -> Sequence[list[dict[str, Any]]]:
    answers = await context.source.fetch(list(statements))
    return [[dict(zip(rows.columns, row, strict=True)) for row in rows.rows] for rows in answers]
