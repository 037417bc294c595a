"""The home store and its adapter: tables as the contract has them, read and written by other processes."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from loaders.adapter import load_adapter
from loaders.contract import RELATIONS, Relation
from loaders.demo import make_district
from loaders.dialect import Dialect
from loaders.home import create_home
from loaders.parsing import parser
from loaders.relations import Relations

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_district(tmp_path_factory.mktemp("home") / "home.db", students=60, today=TODAY).path


@pytest.fixture
def empty() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        create_home(connection)
        yield connection


def test_a_home_store_has_the_tables_and_columns_of_the_contract(empty: sqlite3.Connection) -> None:
    tables = {row[0] for row in empty.execute("select name from sqlite_schema where type = 'table'")}
    assert tables == set(RELATIONS)
    for relation in RELATIONS.values():
        columns = [row[1] for row in empty.execute(f"pragma table_info({relation.name})")]
        assert columns == [column.name for column in relation.columns]


@pytest.mark.parametrize("relation", RELATIONS.values(), ids=lambda relation: relation.name)
def test_every_way_of_asking_is_a_search_and_no_scan(empty: sqlite3.Connection, relation: Relation) -> None:
    for column in relation.asked_by:
        sql = f"select 1 from {relation.name} where {column} in (select value from json_each('[1, 2]'))"
        plan = [row[3] for row in empty.execute(f"explain query plan {sql}")]
        assert any(step.startswith(f"SEARCH {relation.name}") for step in plan), plan
        assert not any(step.startswith(f"SCAN {relation.name}") for step in plan), plan


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("insert into attendance_day (student_id, on_date, absent_part) values (1, '2026-11-23', 1)", "UNIQUE"),
        ("insert into message_recipient (message_id, guardian_id) values (1, 1)", "UNIQUE"),
        (
            "insert into guardian_student (guardian_id, student_id, relationship, portal_access) "
            "values (1, 1, 'MOTHER', 2)",
            "CHECK",
        ),
        (
            "insert into guardian_student (guardian_id, student_id, relationship, portal_access) "
            "values (1, 1, 'AUNT', 1)",
            "CHECK",
        ),
        ("insert into student (id, given_name) values (1, 'Ada')", "NOT NULL"),
    ],
)
def test_a_row_that_the_contract_does_not_know_is_refused(empty: sqlite3.Connection, sql: str, reason: str) -> None:
    empty.execute("insert into attendance_day (student_id, on_date, absent_part) values (1, '2026-11-23', 0.5)")
    empty.execute("insert into message_recipient (message_id, guardian_id) values (1, 1)")
    empty.execute("insert into message_recipient (message_id, guardian_id, student_id) values (1, 1, 1)")
    with pytest.raises(sqlite3.IntegrityError, match=reason):
        empty.execute(sql)
    assert empty.execute("select count(*) from message_recipient").fetchone() == (2,)
    assert empty.execute("select count(*) from guardian_student").fetchone() == (0,)


def test_a_home_store_is_made_whole_or_not_at_all() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("create table score (id integer)")
        with pytest.raises(sqlite3.OperationalError, match="score already exists"):
            create_home(connection)
        assert connection.execute("select name from sqlite_schema").fetchall() == [("score",)]


def test_the_home_adapter_answers_every_relation() -> None:
    adapter = load_adapter("home")
    assert adapter.has(*RELATIONS)
    assert adapter.dialects == (Dialect.SQLITE,)
    assert {adapter.key_type(column.of) for r in RELATIONS.values() for column in r.columns if column.of} == {"integer"}


@pytest.mark.parametrize("relation", RELATIONS.values(), ids=lambda relation: relation.name)
def test_every_relation_of_a_made_district_keeps_the_contract(home: Path, relation: Relation) -> None:
    adapter = load_adapter("home")
    sql = Relations(adapter, Dialect.SQLITE).relation(relation.name)
    with closing(sqlite3.connect(home)) as connection:
        cursor = connection.execute(f"select * from {sql} as given")
        assert [column[0] for column in cursor.description] == [column.name for column in relation.columns]
        rows = cursor.fetchall()
    assert rows
    for column, values in zip(relation.columns, zip(*rows, strict=True), strict=True):
        parse = parser(column, Dialect.SQLITE, adapter.time_zone)
        parsed = [parse(value) if parse else value for value in values]
        assert column.nullable or None not in parsed, column.name
        if column.of:
            assert {type(value) for value in parsed} <= {int, type(None)}, column.name


def test_another_process_writes_to_a_store_that_is_being_read(home: Path) -> None:
    script = (
        "import sqlite3, sys; connection = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "print(connection.execute('update grade set percent = 91 where id = 5').rowcount)"
    )
    with closing(sqlite3.connect(home)) as connection:
        assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
        connection.execute("begin")
        before = connection.execute("select percent from grade where id = 5").fetchone()
        command = [sys.executable, "-c", script, str(home)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
        assert done.stdout == "1\n"
        assert connection.execute("select percent from grade where id = 5").fetchone() == before != (91,)
        connection.rollback()
        assert connection.execute("select percent from grade where id = 5").fetchone() == (91,)
