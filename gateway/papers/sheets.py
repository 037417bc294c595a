"""A report card and a transcript as sheets of texts: which columns, which words, and how numbers are written."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from gateway.papers.press import Part, Sheet
from gateway.papers.words import grade_text, words_in
from resolvers.attendance_summary import Summary
from resolvers.credits import Entry
from resolvers.report_card import Bearer, PrintedTranscript, ReportCard
from resolvers.transcript import Transcript, TranscriptTerm, TranscriptYear

Words = Mapping[str, str]


def sheet_of(content: ReportCard | PrintedTranscript) -> Sheet:
    """The sheet of what is to be printed, in the reader's language."""
    language, words = words_in(content.bearer.language)
    if isinstance(content, ReportCard):
        return _report_card(content, language, words)
    return _transcript(content, language, words)


def _report_card(card: ReportCard, language: str, words: Words) -> Sheet:
    several_tasks = len({line.task for line in card.lines}) > 1
    grades = Part(
        words["grades"],
        (words["course"], words["teachers"], words["letter"], words["percent"], words["comments"]),
        (5, 4, 2, 2, 6),
        (3,),
        tuple(
            (
                f"{line.course} ({line.task})" if several_tasks else line.course,
                line.teachers,
                line.letter or "",
                _number(line.percent),
                " ".join(line.comments),
            )
            for line in card.lines
        ),
    )
    parts = (grades,) if card.attendance is None else (grades, _attendance(card.attendance, words))
    term = f"{words['term']}: {card.term}, {_day(card.starts_on)} – {_day(card.ends_on)}"
    return Sheet(
        title=f"{words['report_card']}: {card.term}",
        district=card.bearer.district,
        language=language,
        head=(*_head(card.bearer, words), term),
        parts=parts,
        footer=words["card_note"],
        page=words["page"],
    )


def _attendance(summary: Summary, words: Words) -> Part:
    counts = {
        "absent_days": None if summary.absent_days is None else _number(summary.absent_days),
        "absent_periods": str(summary.absent_periods),
        "tardies": str(summary.tardies),
        "early_releases": str(summary.early_releases),
        "excused": str(summary.excused),
        "unexcused": str(summary.unexcused),
    }
    told = {name: count for name, count in counts.items() if count is not None}
    return Part(
        words["attendance"],
        tuple(words[name] for name in told),
        tuple(1 for _ in told),
        tuple(range(len(told))),
        (tuple(told.values()),),
    )


def _transcript(printed: PrintedTranscript, language: str, words: Words) -> Sheet:
    transcript = printed.transcript
    courses = [_term(year, term, words) for year in transcript.years for term in year.terms]
    nothing = () if courses else (Part(words["grades"], notes=(words["no_entries"],)),)
    return Sheet(
        title=words["transcript"],
        district=printed.bearer.district,
        language=language,
        head=(*_head(printed.bearer, words), words["unofficial_note"]),
        parts=(*courses, *nothing, *_credits(transcript, words), *_averages(transcript, words)),
        footer=words["unofficial_note"],
        page=words["page"],
        mark=words["unofficial"],
    )


def _term(year: TranscriptYear, term: TranscriptTerm, words: Words) -> Part:
    level = grade_text(year.grade_level)
    named = (
        f"{year.school_year - 1}–{year.school_year}",
        term.name,
        None if level is None else f"{words['grade_level']} {level}",
        term.school_name,
    )
    return Part(
        ", ".join(part for part in named if part),
        (
            words["code"], words["course"], words["letter"], words["percent"], words["attempted"], words["earned"],
            words["points"], words["remarks"],
        ),
        (3, 6, 2, 2, 3, 3, 2, 4),
        (3, 4, 5, 6),
        tuple(_course(course, words) for course in term.courses),
    )  # fmt: skip


def _course(course: Entry, words: Words) -> tuple[str, ...]:
    remarks = (
        course.weighted_by,
        course.repeat_code,
        words["in_progress"] if course.in_progress else None,
        words["transfer"] if course.transfer else None,
        words["not_in_gpa"] if course.left_out_of_gpa else None,
    )
    return (
        course.code or "",
        course.title,
        course.letter or "",
        _number(course.percent),
        _number(course.credit_attempted),
        _number(course.credit_earned),
        _number(course.gpa_points),
        ", ".join(remark for remark in remarks if remark),
    )


def _credits(transcript: Transcript, words: Words) -> tuple[Part, ...]:
    if not transcript.credits:
        return ()
    rows = tuple(
        (area.name or words["other_area"], _number(area.required), _number(area.earned), _number(area.in_progress))
        for area in transcript.credits
    )
    columns = (words["area"], words["required"], words["earned"], words["in_progress"])
    return (Part(words["credits"], columns, (4, 1, 1, 1), (1, 2, 3), rows),)


def _averages(transcript: Transcript, words: Words) -> tuple[Part, ...]:
    rank = transcript.rank
    if not transcript.gpa and rank is None:
        return ()
    rows = tuple(
        (words[gpa.kind.value], _number(gpa.value), _number(gpa.scale), words[gpa.basis.value])
        for gpa in transcript.gpa
    )
    notes = () if rank is None else (words["rank"].format(value=rank.value, of=rank.of, as_of=_day(rank.as_of)),)
    columns = (words["average"], words["value"], words["scale"], words["basis"])
    return (Part(words["averages"], columns, (3, 1, 1, 4), (1, 2), rows, notes),)


def _head(bearer: Bearer, words: Words) -> tuple[str, ...]:
    level = grade_text(bearer.grade_level)
    return (
        bearer.district,
        f"{words['student']}: {bearer.student}",
        *([f"{words['number']}: {bearer.student_number}"] if bearer.student_number else []),
        f"{words['school']}: {bearer.school}",
        *([f"{words['grade_level']}: {level}"] if level else []),
        f"{words['printed_on']}: {_day(bearer.printed_on)}",
    )


def _number(value: Decimal | None) -> str:
    """As it is, without zeros that say nothing."""
    if value is None:
        return ""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _day(day: date) -> str:
    return day.isoformat()
