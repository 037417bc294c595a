"""What the made district's schools have issued on paper: last year's report cards, one of them corrected, and letters.

Only rows: whoever serves the district makes the PDFs, below one folder, where `path` says.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loaders.contract import DocumentKind
from loaders.demo.calendar import DAY, SchoolYear
from loaders.demo.people import Student
from loaders.demo.store import write


def write_documents(connection: sqlite3.Connection, family: Sequence[Student], year: SchoolYear) -> None:
    """Write the documents of one family's students: the eldest's report card was corrected, and a letter waits."""
    rows = [row for n, student in enumerate(family) for row in _documents(student, year, corrected=n == 0)]
    # A correction stands behind what it corrects.
    numbered = [(n, *row[:6], n - 1 if row[5] == 2 else None, _path(n, row), row[6]) for n, row in enumerate(rows, 1)]
    write(
        connection,
        "document",
        "id student_id kind title term_id issued_on version supersedes_id path released",
        numbered,
    )


@dataclass(frozen=True, slots=True)
class Issued:
    """A document of the made district, as much as its PDF says of it."""

    title: str
    student: str
    issued_on: str
    version: int


def put_documents(district: Path, folder: Path, make: Callable[[Issued], bytes]) -> int:
    """Put a PDF below the folder for every document of the district at a path, note its size; how many there are."""
    with closing(sqlite3.connect(district)) as connection, connection:
        rows = connection.execute(
            "select document.id, document.path, document.title, student.given_name || ' ' || student.family_name, "
            "document.issued_on, document.version from document join student on student.id = document.student_id "
            "order by document.id"
        ).fetchall()
        for number, path, *told in rows:
            content = make(Issued(*told))
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            connection.execute("update document set bytes = ? where id = ?", (len(content), number))
    return len(rows)


def _documents(student: Student, year: SchoolYear, *, corrected: bool) -> Iterator[tuple[Any, ...]]:
    last = f"{year.ends_in - 2}-{year.ends_in - 1}"
    june = f"{year.ends_in - 1}-06"
    card = (student.id, DocumentKind.REPORT_CARD.value, f"Report card {last}", None)
    yield (*card, f"{june}-08", 1, 1)
    if corrected:
        yield (*card, f"{june}-19", 2, 1)
        letter = (student.id, DocumentKind.LETTER.value, "Letter about the field trip", student.school.year.id)
        yield (*letter, str(year.today + 7 * DAY), 1, 0)
    welcome = (student.id, DocumentKind.LETTER.value, "Welcome to the school year", student.school.year.id)
    yield (*welcome, str(year.starts_on), 1, 1)


def _path(number: int, row: tuple[Any, ...]) -> str:
    return f"{row[0]}/{row[1].lower()}-{number}.pdf"
