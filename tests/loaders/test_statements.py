"""The list of statements is whole, runs, and tells of joins that make an engine read tables in full."""

import pkgutil
from collections.abc import AsyncIterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

import loaders
from loaders.adapter import Adapter, load_adapter
from loaders.check import check_source
from loaders.database import Readers
from loaders.demo import make_district
from loaders.dialect import Dialect
from loaders.plans import Explained, Scan, _of_sqlite, _Read
from loaders.statement import Template
from loaders.statements import STATEMENTS, Sample
from tests.world import TODAY

HOME = load_adapter("home")


@pytest.fixture(scope="module")
async def readers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Readers]:
    """A made district whose larger tables have more than a thousand rows."""
    path = Path(tmp_path_factory.mktemp("statements")) / "district.db"
    make_district(path, students=200, seed=1, today=TODAY)
    opened = await Readers.open(f"sqlite:///{path}", size=1)
    yield opened
    await opened.close()


async def explained(readers: Readers, adapter: Adapter) -> dict[str, Explained]:
    report = await check_source(adapter, readers, Dialect.SQLITE, TODAY)
    return {found.statement: found for found in report.statements}


def test_every_template_of_the_loaders_is_on_the_list() -> None:
    keys = {place: [1, 2] for listed in STATEMENTS for place in listed.columns}
    sample = Sample(Dialect.SQLITE, TODAY, keys)
    bodies = [listed.make(sample).template.body for listed in STATEMENTS]
    modules = [import_module(f"loaders.{found.name}") for found in pkgutil.iter_modules(loaders.__path__)]
    templates = {
        f"{module.__name__}.{name}": value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, Template)
    }
    assert len(templates) > 30
    assert [name for name, t in templates.items() if not any(body.startswith(t.body) for body in bodies)] == []


async def test_every_statement_of_the_list_runs_by_the_indexes_of_our_own_store(readers: Readers) -> None:
    found = await explained(readers, HOME)

    assert list(found) == [listed.name for listed in STATEMENTS]
    assert {name: one.verdict for name, one in found.items() if one.verdict != "INDEXED"} == {}


async def test_a_relation_that_joins_and_is_joined_is_told_with_the_remedy(readers: Readers) -> None:
    joining = """select e.student_id, s.assignment_id, s.points, s.scored_at, s.released
        from enrollment e join score s on s.student_id = e.student_id and s.section_id = e.section_id"""
    found = await explained(readers, replace(HOME, selects={**HOME.selects, "score": joining}))

    told = found["the assignments of students"]
    assert [(scan.table, scan.rows > 1000, scan.avoidable) for scan in told.scans] == [("score", True, True)]
    assert told.verdict.endswith(": where a SELECT joins, let its keys be columns of the table that has the index")
    assert found["the grades of students"].verdict == "INDEXED"


async def test_what_asks_for_a_relation_that_is_not_provided_is_left_out(readers: Readers) -> None:
    selects = {name: select for name, select in HOME.selects.items() if not name.startswith("message")}
    found = await explained(readers, replace(HOME, selects=selects))

    assert {listed.name for listed in STATEMENTS} - set(found) == {
        "messages", "the inbox of a guardian", "the messages of guardians", "the number of messages of guardians",
        "the students of messages", "the next message of all", "the watched messages",
    }  # fmt: skip


async def test_a_least_value_without_an_index_is_a_full_read(readers: Readers) -> None:
    sql = "select min(m.subject) from message as m"
    [plan] = await readers.fetch([(f"explain query plan {sql}", ())])

    assert list(_of_sqlite(plan, sql)) == [_Read("message", frozenset(), conditions=frozenset({"subject"}))]


def test_the_remedy_depends_on_whether_there_is_an_index() -> None:
    scan = Scan("mark", 2000, avoidable=False)
    assert Explained("grades", (scan,)).verdict == (
        "SCANS mark (2000): make an index that begins with the column that is asked for"
    )
