"""The days and sizes at which the made district is tested, and how its rows are asked for."""

import sqlite3
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from loaders.demo import District, make_district

MONDAY, SUMMER, NEW_YEAR = date(2026, 11, 23), date(2027, 7, 15), date(2027, 1, 1)
FIRST_DAY, LEAP_DAY, SUNDAY = date(2026, 8, 17), date(2028, 2, 29), date(2026, 10, 25)
QUARTER_ENDS = date(2026, 10, 22)
MADE = [(60, day) for day in (MONDAY, SUMMER, NEW_YEAR, FIRST_DAY, LEAP_DAY, SUNDAY, QUARTER_ENDS)] + [
    (500, MONDAY),
    (500, SUMMER),
]


@dataclass(frozen=True)
class Made:
    """A made district and a connection to its store."""

    district: District
    connection: sqlite3.Connection

    def rows(self, sql: str, **values: object) -> list[tuple[object, ...]]:
        """The rows of a statement, which may name `:today`."""
        return self.connection.execute(sql, {"today": str(self.district.today), **values}).fetchall()

    def one(self, sql: str, **values: object) -> tuple[object, ...]:
        """The only row of a statement."""
        (row,) = self.rows(sql, **values)
        return row


def made_at(path: Path, students: int, today: date) -> District:
    """A district of the first seed."""
    return make_district(path, students=students, seed=1, today=today)
