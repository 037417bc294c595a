"""When and how the demo district was made, written beside it, so that an old one can be told."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from loaders.demo.district import District


@dataclass(frozen=True, slots=True)
class Made:
    """What a district was made from: the day as of which it is current, its size, and its seed."""

    on: date
    students: int
    seed: int


def write_made(district: District, students: int, seed: int) -> None:
    """Keep in the district's own file what it was made from."""
    with closing(sqlite3.connect(district.path)) as connection:
        connection.execute("create table if not exists demo_made (made_on text, students integer, seed integer)")
        connection.execute("delete from demo_made")
        connection.execute("insert into demo_made values (?, ?, ?)", (str(district.today), students, seed))
        connection.commit()


def read_made(path: Path) -> Made | None:
    """What the district at `path` was made from; None where there is none, or none that was finished."""
    if not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(path)) as connection:
            found = connection.execute("select made_on, students, seed from demo_made").fetchone()
        return found and Made(date.fromisoformat(found[0]), found[1], found[2])
    except (sqlite3.DatabaseError, ValueError, TypeError):
        return None


def guardian_of_case(path: Path, name: str) -> int:
    """The guardian of one of the district's cases; LookupError where it has none of that name."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("select guardian_id from demo_case where name = ?", (name,)).fetchone()
    if found is None:
        raise LookupError(f"The made district has no case {name}.")
    return int(found[0])
