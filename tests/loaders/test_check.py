"""The proof of an adapter: everything that can be wrong with one is found, named and told what to do about."""

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from loaders.adapter import Adapter, Changes
from loaders.check import Nulls, Proof, Unmapped, check_source, describe
from loaders.database import Readers
from loaders.dialect import Dialect
from loaders.errors import RelationIncomplete
from loaders.plans import Plan, Scan

TODAY = date(2026, 3, 2)
TABLES = """
create table school (id integer primary key, name text);
create table term (id integer primary key, school_id integer, name text, kind text, starts_on text, ends_on text,
  year integer);
create table student (id integer primary key, given text, family text);
create table stay (id integer primary key, student_id integer, school_id integer, year integer, level text);
create index stay_student on stay (student_id);
create table parent (id integer primary key, given text, family text);
create table link (parent_id integer, student_id integer, kind text, access integer,
  primary key (parent_id, student_id));
create index link_student on link (student_id);
create table mark (student_id integer, work_id integer, points real, free integer, at text,
  primary key (student_id, work_id));
insert into school values (1, 'North');
insert into term values (1, 1, 'Year', 'YEAR', '2025-09-01', '2026-06-30', 2026);
insert into student values (1, 'Ada', 'Quist'), (2, 'Bo', 'Quist');
insert into stay values (1, 1, 1, 2026, 'G01'), (2, 2, 1, 2026, 'KG');
insert into parent values (1, 'Eva', 'Quist');
insert into link values (1, 1, 'MOTHER', 1), (1, 2, 'MOTHER', 0);
with recursive n(n) as (select 1 union all select n + 1 from n where n < 2000)
insert into mark select n % 40, n, n / 10.0, 1, '2026-03-01T08:00:00Z' from n;
"""
SELECTS = {
    "school": "select s.id, s.name from school s",
    "term": "select t.id, t.school_id, t.name, t.kind, t.starts_on, t.ends_on, t.year as school_year from term t",
    "student": "select s.id, s.given as given_name, s.family as family_name from student s",
    "school_enrollment": "select s.id, s.student_id, s.school_id, s.year as school_year, "
    "s.level as grade_level from stay s",
    "guardian": "select p.id, p.given as given_name, p.family as family_name from parent p",
    "guardian_student": "select l.parent_id as guardian_id, l.student_id, l.kind as relationship, "
    "l.access as portal_access from link l",
    "score": "select m.student_id, m.work_id as assignment_id, m.points, m.at as scored_at, m.free as released "
    "from mark m where m.at <= :today or m.free = 1",
}
ADAPTER = Adapter("own", "Our own", (Dialect.SQLITE,), ZoneInfo("Europe/Berlin"), "integer", {}, SELECTS)


@pytest.fixture
async def readers(tmp_path: Path) -> AsyncIterator[Readers]:
    connection = sqlite3.connect(tmp_path / "sis.db")
    connection.executescript(TABLES)
    connection.close()
    opened = await Readers.open(f"sqlite:///{tmp_path / 'sis.db'}", size=1)
    yield opened
    await opened.close()


def answering(**selects: str) -> Adapter:
    return replace(ADAPTER, selects={**SELECTS, **selects})


async def proof(readers: Readers, relation: str, select: str) -> Proof:
    """What is found of a relation that is answered by this SELECT."""
    report = await check_source(answering(**{relation: select}), readers, Dialect.SQLITE, TODAY)
    assert report.ok is report.of(relation).ok
    return report.of(relation)


async def test_an_adapter_that_is_right_is_proved(readers: Readers) -> None:
    report = await check_source(ADAPTER, readers, Dialect.SQLITE, TODAY)

    assert report.ok
    assert [(p.relation, p.rows) for p in report.proofs if p.provided] == [
        ("school", 1),
        ("term", 1),
        ("student", 2),
        ("school_enrollment", 2),
        ("guardian", 1),
        ("guardian_student", 2),
        ("score", 2000),
    ]
    assert report.of("score").plans == (Plan("student_id", ()),)
    assert report.of("guardian").missing_optional == ("email", "phone", "preferred_language")
    assert report.of("message") == Proof("message", provided=False)


async def test_what_tells_of_changes_is_proved_too(readers: Readers) -> None:
    async def told(select: str | None, *, timed: bool = True, triggers: bool = False) -> tuple[bool, str]:
        changes = None if select is None else Changes(select, timed)
        concerned = {"mark": "select {row}.student_id"} if triggers else {}
        adapter = replace(ADAPTER, changes=changes, triggers=concerned)
        report = await check_source(adapter, readers, Dialect.SQLITE, TODAY)
        assert report.changes is not None
        return report.ok, report.changes.verdict

    right = "select m.student_id, m.at as mark from mark m where m.at >= :since"
    assert await told(None) == (True, "not told; each student is compared in turn")
    assert await told(None, triggers=True) == (
        True,
        "not told; each student is compared in turn, or make the triggers that `homeroom triggers` prints",
    )
    scans = "told by changes.sql, the last at 2026-03-01T08:00:00Z; SCANS mark (2000) at each look: make an index that"
    fit, verdict = await told(right)
    assert (fit, verdict) == (True, f"{scans} begins with the mark")
    for wrong, timed, said in (
        (right, False, "a mark that is no number"),
        ("select m.student_id, m.work_id as mark from mark m", True, "a mark that is no time"),
        ("select m.student_id from mark m", True, "no such column: mark"),
        ("select m.student_id, m.at as mark from mark m where m.at > :then", True, "only :since and :today"),
    ):
        fit, verdict = await told(wrong, timed=timed)
        assert not fit
        assert verdict.startswith("DOES NOT RUN: changes.sql of adapter own: ")
        assert said in verdict


async def test_an_essential_relation_that_is_not_provided_is_no_proof(readers: Readers) -> None:
    selects = {name: select for name, select in SELECTS.items() if name != "guardian"}
    report = await check_source(replace(ADAPTER, selects=selects), readers, Dialect.SQLITE, TODAY)

    assert not report.ok
    assert [p.relation for p in report.proofs if not p.ok] == ["guardian"]


async def test_the_columns_that_a_database_answers_with_are_described(readers: Readers) -> None:
    described = await describe(answering(school="select s.id, s.name, 7 as rooms from school s"), readers)

    assert described.keys() == SELECTS.keys()
    assert described["school"] == {"id", "name"}
    assert described["score"] == {"student_id", "assignment_id", "points", "scored_at", "released"}


@pytest.mark.parametrize(
    ("select", "told"),
    [
        (
            "select s.id from school s",
            "school.sql of adapter own does not answer with name: add them to its SELECT under these names.",
        ),
        (
            "select 1 as one",
            "school.sql of adapter own does not answer with id, name: add them to its SELECT under these names.",
        ),
        (
            "select s.id, s.title as name from school s",
            "school.sql of adapter own does not run on this database: The SQLite database sis.db: no such column: "
            "s.title. Is this the adapter of this system and version? Otherwise copy its folder and change this file "
            "to the columns that the database has.",
        ),
        (
            "select s.id, s.name from schools s where s.day = :today",
            "school.sql of adapter own does not run on this database: The SQLite database sis.db: no such table: "
            "schools. Is this the adapter of this system and version? Otherwise copy its folder and change this file "
            "to the columns that the database has.",
        ),
        (
            "select s.id, s.name from school s where s.id = :school and s.name > :a",
            "school.sql of adapter own asks for :a, :school; only :today is bound.",
        ),
    ],
)
async def test_a_relation_that_does_not_fit_is_refused_with_the_remedy(
    readers: Readers, select: str, told: str
) -> None:
    with pytest.raises(RelationIncomplete) as refused:
        await describe(answering(school=select), readers)

    assert str(refused.value) == told
    found = await proof(readers, "school", select)
    assert not found.ok
    assert found.broken == (None if found.missing_required else told)


async def test_a_missing_column_is_named_in_the_report(readers: Readers) -> None:
    found = await proof(readers, "term", "select t.id, t.name, t.kind, t.ends_on from term t")

    assert found.missing_required == ("school_id", "starts_on", "school_year")
    assert found.missing_optional == ("parent_id",)
    assert not found.ok


async def test_a_code_that_the_contract_does_not_know_is_counted(readers: Readers) -> None:
    level = "case when s.id = 1 then 'G99' else s.level end as grade_level"
    found = await proof(
        readers, "school_enrollment", SELECTS["school_enrollment"].replace("s.level as grade_level", level)
    )

    assert found.unmapped == (Unmapped("grade_level", "G99", 1),)
    assert not found.ok


async def test_a_null_where_none_may_be_is_counted(readers: Readers) -> None:
    found = await proof(
        readers, "guardian_student", SELECTS["guardian_student"].replace("l.kind", "nullif(l.access, 1)")
    )

    assert found.nulls == (Nulls("relationship", 1),)
    assert found.unmapped == (Unmapped("relationship", "0", 1),)
    assert not found.ok


async def test_a_key_that_stands_twice_is_counted(readers: Readers) -> None:
    found = await proof(readers, "score", f"{SELECTS['score']} union all select 1, 41, 0, null, 1")

    assert (found.rows, found.duplicate_keys) == (2001, 1)
    assert not found.ok


@pytest.mark.parametrize(
    ("relation", "old", "new", "told"),
    [
        ("school", "s.id,", "'a' as id,", "id holds a value of type str that is no integer key."),
        ("school", "s.id,", "1.5 as id,", "id holds a value of type float that is no integer key."),
        ("school", "s.name", "1 as name", "name holds a value of type int that is no text."),
        ("term", "t.year", "2026.5", "school_year holds a value of type float that is no integer."),
        ("term", "t.year", "'26/27'", "school_year holds a value of type str that is no integer."),
        ("term", "t.starts_on,", "'1/9/25' as starts_on,", "starts_on holds a value of type str that is no date."),
        ("score", "m.free as", "'no' as", "released holds a value of type str that is no boolean."),
        ("score", "m.free as", "2 as", "released holds a value of type int that is no boolean."),
        ("score", "m.points", "'A' as points", "points holds a value of type str that is no decimal."),
        ("score", "m.points", "9e999 as points", "points holds a value of type float that is no decimal."),
        ("score", "m.at as", "'soon' as", "scored_at holds a value of type str that is no instant."),
    ],
)
async def test_a_value_that_its_kind_cannot_be_read_from_is_told_without_it(
    readers: Readers, relation: str, old: str, new: str, told: str
) -> None:
    assert SELECTS[relation].count(old) == 1
    found = await proof(readers, relation, SELECTS[relation].replace(old, new))

    assert found.wrong_types == (told,)
    assert not found.ok


async def test_keys_are_of_the_type_that_the_adapter_says(readers: Readers) -> None:
    texts = replace(ADAPTER, key_types={"school": "text", "student": "uuid"})
    report = await check_source(texts, readers, Dialect.SQLITE, TODAY)

    assert report.of("school").wrong_types == ("id holds a value of type int that is no text key.",)
    assert report.of("student").wrong_types == ("id holds a value of type int that is no uuid key.",)


@pytest.mark.parametrize(
    "column",
    [
        "cast(m.student_id as text) as student_id",
        "m.student_id + 0 as student_id",
        "m.student_id, count(*) over () as points",
    ],
)
async def test_keys_that_are_not_pushed_down_are_no_proof(readers: Readers, column: str) -> None:
    found = await proof(readers, "score", f"select {column}, m.work_id as assignment_id, 1 as released from mark m")

    assert found.plans == (Plan("student_id", (Scan("mark", 2000, avoidable=True),)),)
    assert found.plans[0].verdict == "SCANS mark (2000)"
    assert not found.ok


async def test_what_has_no_index_is_told_and_no_fault_of_the_adapter(readers: Readers, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "sis.db")
    connection.executescript("create table book as select student_id as pupil, work_id, free from mark")
    connection.close()
    select = "select b.pupil as student_id, b.work_id as assignment_id, b.free as released from book b"

    found = await proof(readers, "score", select)

    assert found.plans == (Plan("student_id", (Scan("book", 2000, avoidable=False),)),)
    assert found.ok


async def test_a_small_table_may_be_read_in_full(readers: Readers, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "sis.db")
    connection.executescript("delete from mark where work_id > 1000")
    connection.close()
    select = "select m.student_id + 0 as student_id, m.work_id as assignment_id, 1 as released from mark m"

    assert (await proof(readers, "score", select)).plans == (Plan("student_id", ()),)
