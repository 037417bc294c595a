"""How much work of a grade is missing or ungraded: the source's own word, or else what the book shows."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from loaders.adapter import load_adapter
from loaders.contract import RELATIONS
from loaders.database import Readers
from loaders.demo import make_district
from loaders.dialect import Dialect
from loaders.ids import node_id
from loaders.relations import Relations
from loaders.source import Source
from tests.world import Recorded, World, noon

#: The day after work was due that not every teacher has scored.
FRIDAY = date(2026, 11, 20)
HOME = load_adapter("home")
COUNTS = "{ me { students { id grades { id missingCount ungradedCount } } } }"
EXPLAINED = """{ me { students { grades {
  id missingCount ungradedCount calculation { method lines { excluded { reason } } }
} } } }"""
ONLY_EXPLAINED = "{ me { students { grades { id calculation { method lines { excluded { reason } } } } } } }"
FAMILIES = ["parent", "four_children"]
UNCOUNTED = {"grade": {"missing_count", "ungraded_count"}}


def lacking(world: World, columns: Mapping[str, set[str]], *relations: str) -> World:
    """The same district as a source has it that lacks these columns and relations."""
    present = {
        name: frozenset(column.name for column in relation.columns) - columns.get(name, set())
        for name, relation in RELATIONS.items()
    }
    adapter = replace(HOME, selects={name: text for name, text in HOME.selects.items() if name not in relations})
    source = Source(Relations(adapter, Dialect.SQLITE, present), world.recorded, lambda: noon(FRIDAY))
    return World(world.path, source, world.recorded, world.cases)


@dataclass
class Both:
    """A district that counts by itself, and the same one where its book has to be counted."""

    counted: World
    uncounted: World


@pytest_asyncio.fixture(scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Both]:
    """Sixty students in their second quarter."""
    path = Path(tmp_path_factory.mktemp("counts")) / "district.db"
    district = make_district(path, students=60, seed=1, today=FRIDAY)
    recorded = Recorded(await Readers.open(f"sqlite:///{path}"))
    source = Source(Relations(HOME, Dialect.SQLITE), recorded, lambda: noon(FRIDAY))
    world = World(path, source, recorded, district.cases)
    yield Both(world, lacking(world, UNCOUNTED))
    await recorded.reads.close()


async def grades_of(world: World, case: str, document: str = COUNTS) -> list[Any]:
    """The grades of a case's family."""
    data = await world.data(document, guardian=world.guardian(case))
    return [grade for student in data["me"]["students"] for grade in student["grades"]]


@pytest.mark.parametrize("case", FAMILIES)
async def test_the_book_counts_what_the_made_district_counts_itself(both: Both, case: str) -> None:
    counted = await grades_of(both.counted, case)
    assert await grades_of(both.uncounted, case) == counted
    assert {type(grade[name]) for grade in counted for name in ("missingCount", "ungradedCount")} == {int}


async def test_there_is_something_to_count(both: Both) -> None:
    found = [grade for case in FAMILIES for grade in await grades_of(both.uncounted, case)]
    assert max(grade["missingCount"] for grade in found) > 0
    assert max(grade["ungradedCount"] for grade in found) > 0


@pytest.mark.parametrize("case", FAMILIES)
async def test_ungraded_is_what_the_lines_leave_out_as_ungraded(both: Both, case: str) -> None:
    checked: Counter[str] = Counter()
    for grade in await grades_of(both.uncounted, case, EXPLAINED):
        told = grade["calculation"]
        if told["lines"]:
            reasons = Counter(each["reason"] for line in told["lines"] for each in line["excluded"])
            assert grade["ungradedCount"] == reasons["UNGRADED"]
            checked[told["method"]] += 1
    assert checked.total() > 0


async def test_a_hidden_score_changes_nothing(both: Both) -> None:
    before = await grades_of(both.uncounted, "parent")
    student = both.uncounted.student("parent")
    assert both.uncounted.rows("select count(*) from score where student_id = ? and released = 0", student) != [(0,)]
    for missing, points in ((1, 0), (0, 7)):
        both.uncounted.change(
            "update score set missing = ?, points = ? where student_id = ? and (released = 0 or assignment_id in "
            "(select id from assignment where visible = 0))",
            missing, points, student,
        )  # fmt: skip
        assert await grades_of(both.uncounted, "parent") == before


async def test_the_sources_own_count_stands_as_it_is(both: Both) -> None:
    student = both.counted.student("parent")
    ((grade, missing, ungraded),) = both.counted.rows(
        "select id, missing_count, ungraded_count from grade where student_id = ? and released = 1 order by id limit 1",
        student,
    )
    of_book = await grades_of(both.uncounted, "parent")
    for counts in ((41, 42), (None, None), (missing, ungraded)):
        both.counted.change("update grade set missing_count = ?, ungraded_count = ? where id = ?", *counts, grade)
        told = {each["id"]: each for each in await grades_of(both.counted, "parent")}[node_id("Grade", student, grade)]
        assert (told["missingCount"], told["ungradedCount"]) == counts
        assert await grades_of(both.uncounted, "parent") == of_book


@pytest.mark.parametrize(
    ("columns", "relations", "ungraded"),
    [
        pytest.param(UNCOUNTED, ("score",), False, id="no scores"),
        pytest.param(UNCOUNTED, ("assignment", "score"), False, id="no book"),
        pytest.param({**UNCOUNTED, "score": {"missing"}}, (), True, id="no mark of missing work"),
    ],
)
async def test_what_no_book_says_is_null(
    both: Both, columns: Mapping[str, set[str]], relations: tuple[str, ...], ungraded: bool
) -> None:
    poor = lacking(both.counted, columns, *relations)
    found = await grades_of(poor, "parent")
    assert {grade["missingCount"] for grade in found} == {None}
    assert {grade["ungradedCount"] is not None for grade in found} == {ungraded}


async def test_a_grade_that_is_composed_of_others_has_no_count_of_a_book(both: Both) -> None:
    world, student = both.uncounted, both.uncounted.student("parent")
    ((grade, term, semester),) = world.rows(
        "select grade.id, term.id, term.parent_id from grade join term on term.id = grade.term_id "
        "where student_id = ? and released = 1 and task = 'Quarter Grade' order by grade.id limit 1",
        student,
    )
    world.change("update grade set term_id = ?, task = 'Semester Grade' where id = ?", semester, grade)
    told = {each["id"]: each for each in await grades_of(world, "parent")}[node_id("Grade", student, grade)]
    assert (told["missingCount"], told["ungradedCount"]) == (None, None)
    world.change("update grade set term_id = ?, task = 'Quarter Grade' where id = ?", term, grade)


async def statements_of(world: World, document: str, case: str = "parent") -> int:
    """How many statements the gateway sends for a document."""
    world.recorded.statements.clear()
    world.source.shared.most = 0
    await world.serve(document, world.guardian(case))
    return len(world.recorded.statements)


async def test_a_book_is_read_once_for_the_calculation_and_both_counts(both: Both) -> None:
    explained = await statements_of(both.uncounted, ONLY_EXPLAINED)
    assert await statements_of(both.uncounted, EXPLAINED) == explained
    assert await statements_of(both.uncounted, COUNTS) == explained
    assert await statements_of(both.uncounted, COUNTS, "four_children") == explained


async def test_graphql_core_reads_a_book_once_as_well(both: Both) -> None:
    world = replace(both.uncounted, twin=False)
    world.source.shared.most = 0
    sent = []
    for document in (ONLY_EXPLAINED, EXPLAINED, COUNTS):
        world.recorded.statements.clear()
        assert (await world.ask(document, guardian=world.guardian("parent"))).errors is None
        sent.append(len(world.recorded.statements))
    assert sent == [sent[0]] * 3


async def test_a_source_that_counts_is_asked_for_no_book(both: Both) -> None:
    bare = "{ me { students { id grades { id } } } }"
    assert await statements_of(both.counted, COUNTS) == await statements_of(both.counted, bare)
    assert await statements_of(both.uncounted, bare) == await statements_of(both.counted, bare)
