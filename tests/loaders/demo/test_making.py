"""Making a district: the same for the same seed, whole or not at all, of a usual size."""

import hashlib
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from loaders.contract import RELATIONS
from loaders.demo import make_district
from tests.loaders.demo.districts import MONDAY


def digest(path: Path) -> str:
    found = hashlib.sha256()
    with closing(sqlite3.connect(path)) as connection:
        for name in (*RELATIONS, "demo_case"):
            for row in connection.execute(f"select * from {name} order by 1, 2, 3"):
                found.update(repr(row).encode())
    return found.hexdigest()


def test_the_same_seed_makes_the_same_rows(tmp_path: Path) -> None:
    def make(name: str, seed: int, today: date) -> str:
        return digest(make_district(tmp_path / name, students=60, seed=seed, today=today).path)

    first = make("a", 1, MONDAY)
    assert make("b", 1, MONDAY) == first
    assert make("c", 2, MONDAY) != first
    assert make("d", 1, MONDAY + timedelta(days=1)) != first


def test_it_takes_the_place_of_an_older_store_and_its_journal(tmp_path: Path) -> None:
    target = tmp_path / "demo.db"
    with closing(sqlite3.connect(target)) as old:
        old.execute("pragma journal_mode = wal")
        old.execute("create table left_over (id integer)")
        assert Path(f"{target}-wal").stat().st_size > 0
        make_district(target, students=25, today=MONDAY)
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        assert connection.execute("select count(*) from student").fetchone() == (25,)
        assert connection.execute("select * from sqlite_schema where name = 'left_over'").fetchone() is None


def test_a_run_that_is_stopped_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "demo.db").write_text("as before")

    def stop(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt(stage)

    with pytest.raises(KeyboardInterrupt):
        make_district(tmp_path / "demo.db", students=25, today=MONDAY, progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["demo.db"]
    assert (tmp_path / "demo.db").read_text() == "as before"


def test_progress_is_told_by_stage(tmp_path: Path) -> None:
    heard: list[tuple[str, int, int]] = []
    make_district(tmp_path / "demo.db", students=60, today=MONDAY, progress=lambda *told: heard.append(told))
    stages = ("people and courses", "scores and grades", "attendance", "messages")
    assert heard == [(stage, 60, 60) for stage in stages]


def test_a_district_too_small_for_its_cases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 25 students"):
        make_district(tmp_path / "demo.db", students=24, today=MONDAY)
    assert list(tmp_path.iterdir()) == []


def test_five_hundred_students_have_a_school_year_of_a_usual_size(tmp_path: Path) -> None:
    counts = make_district(tmp_path / "demo.db", students=500, today=MONDAY).counts
    assert counts["school"] == 2
    assert 1.4 < counts["guardian_student"] / 500 < 1.8
    assert 6 < counts["enrollment"] / 500 < 7.5
    assert 12 < counts["assignment"] / counts["section"] < 20
    assert counts["category"] == 4 * (counts["section"] - 1)  # nobody grades the choir
    assert 9 < counts["attendance"] / 500 < 15
    assert 8 < counts["message_recipient"] / counts["guardian"] < 13
