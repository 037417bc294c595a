"""Documents: what the school has issued, by version, and what is printed here from the record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from loaders import documents
from loaders.contract import DocumentKind
from loaders.ids import node_id
from loaders.rows import Rows
from loaders.statement import Key, Statement
from resolvers.access import Area, closed
from resolvers.context import Batch, Context

#: How a document is named within its student: one of the source's, the report card of a term, or the transcript.
ISSUED, CARD, TRANSCRIPT = "issued-", "card-", "transcript"


class Paper(NamedTuple):
    """A document as families are told of it; the address at which it can be had is another matter."""

    link_key: tuple[Key, str]
    id: str
    kind: DocumentKind
    title: str
    term_key: Key | None
    issued_on: date | None
    version: int
    supersedes: str | None
    current: bool
    printed: bool
    bytes: int | None
    path: str | None
    dated: date | None
    media_type: str = "application/pdf"
    #: The number of a file that came with a message.
    file: int | None = None


@dataclass(frozen=True, slots=True)
class _Issued:
    key: Key
    kind: DocumentKind
    title: str
    term_key: Key | None
    issued_on: date | None
    version: int
    supersedes_key: Key | None
    path: str
    bytes: int | None


_DOCUMENT_COLUMNS = ("key", "kind", "title", "term_key", "issued_on", "version", "supersedes_key", "path", "bytes")
_TERM_COLUMNS = ("key", "name", "ends_on")
_CARDS = (DocumentKind.REPORT_CARD, DocumentKind.PROGRESS_REPORT)


async def report_cards_of_students(keys: Sequence[Key], batch: Batch) -> list[list[Paper]]:
    """Of each student's documents the report cards and progress reports, the latest first."""
    found = await documents_of_students(keys, batch)
    return [[paper for paper in papers if paper.kind in _CARDS] for papers in found]


async def documents_of_students(keys: Sequence[Key], batch: Batch) -> list[list[Paper]]:
    """The documents of each student, the latest first: those issued, and a report card of every term with grades.

    Each student must be the viewer's and have DOCUMENTS open; report cards are printed where GRADES is open too.
    """
    found = await _papers(batch.context, keys)
    return [found[key] for key in keys]


async def paper_of(context: Context, student: Key, name: str) -> Paper | None:
    """One document of a student; None where it is not there, or the viewer may not have it: the same answer."""
    if name == TRANSCRIPT:
        return None if await closed(context, Area.TRANSCRIPT, [student]) else transcript_paper(student)
    if await closed(context, Area.DOCUMENTS, [student]):
        return None
    found = await _papers(context, [student])
    return next((paper for paper in found[student] if paper.link_key[1] == name), None)


def transcript_paper(student: Key) -> Paper:
    """The unofficial transcript, as it is printed from the record."""
    return _printed(student, TRANSCRIPT, DocumentKind.TRANSCRIPT, "Unofficial transcript", None, None)


async def _papers(context: Context, students: Sequence[Key]) -> dict[Key, list[Paper]]:
    has = context.source.adapter.has
    shut = await closed(context, Area.GRADES, students)
    graded = [student for student in students if student not in shut]
    statements: dict[str, Statement] = {}
    if has("document"):
        statements["issued"] = documents.documents_of_students(students)
    if graded and has("grade", "enrollment"):
        statements["posted"] = documents.posted_terms_of_students(graded)
    answers = await context.source.fetch(list(statements.values())) if statements else []
    rows: Mapping[str, Rows] = dict(zip(statements, answers, strict=True))
    found: dict[Key, list[Paper]] = {student: [] for student in students}
    for student, issued in _issued(rows.get("issued")).items():
        found[student] += _of_source(student, issued)
    posted = rows.get("posted")
    if posted is not None:
        for student, row in zip(posted.keys, posted.layout.several(_TERM_COLUMNS, posted.raw), strict=True):
            term, name, ends_on = row
            kind = DocumentKind.REPORT_CARD
            found[student].append(_printed(student, f"{CARD}{term}", kind, f"Report card, {name}", term, ends_on))
    for papers in found.values():
        papers.sort(key=lambda paper: paper.dated or date.min, reverse=True)
    return found


def _issued(rows: Rows | None) -> dict[Key, list[_Issued]]:
    found: dict[Key, list[_Issued]] = {}
    if rows is not None:
        for student, row in zip(rows.keys, rows.layout.several(_DOCUMENT_COLUMNS, rows.raw), strict=True):
            found.setdefault(student, []).append(_Issued(*row))
    return found


def _of_source(student: Key, issued: Sequence[_Issued]) -> list[Paper]:
    keys = {each.key for each in issued}
    corrected = {each.supersedes_key for each in issued}

    def paper(each: _Issued) -> Paper:
        name = f"{ISSUED}{each.key}"
        before = each.supersedes_key if each.supersedes_key in keys else None
        return Paper(
            link_key=(student, name),
            id=node_id("Document", student, name),
            kind=each.kind,
            title=each.title,
            term_key=each.term_key,
            issued_on=each.issued_on,
            version=each.version,
            supersedes=None if before is None else node_id("Document", student, f"{ISSUED}{before}"),
            current=each.key not in corrected,
            printed=False,
            bytes=each.bytes,
            path=each.path,
            dated=each.issued_on,
        )

    return [paper(each) for each in issued]


def _printed(
    student: Key, name: str, kind: DocumentKind, title: str, term_key: Key | None, dated: date | None
) -> Paper:
    return Paper(
        link_key=(student, name),
        id=node_id("Document", student, name),
        kind=kind,
        title=title,
        term_key=term_key,
        issued_on=None,
        version=1,
        supersedes=None,
        current=True,
        printed=True,
        bytes=None,
        path=None,
        dated=dated,
    )
