"""Grades explained: the made district's grades worked out anew come to what its teachers wrote."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from loaders.adapter import load_adapter
from loaders.database import Readers
from loaders.demo import make_district
from loaders.dialect import Dialect
from loaders.ids import node_id
from loaders.relations import Relations
from loaders.source import Source
from tests.world import Recorded, World, noon

SUMMER = date(2027, 7, 15)
LINES = """lines {
  name weight effectiveWeight earned possible percent contribution excludedBecause
  category { name } term { name } excluded { reason assignment { id title score { state flags } } }
}"""
EXPLAINED = f"""{{ me {{ students {{ id grades {{
  id kind task percent letter term {{ name }} course {{ title }}
  calculation {{
    method percent letter agreement difference
    rounding {{ decimals beforeCutoff beforeCutoffDecimals }} {LINES}
  }}
}} }} }} }}"""


@pytest_asyncio.fixture(scope="module", params=[date(2026, 11, 23), SUMMER], ids=["november", "summer"])
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district in its second quarter, and one whose year is over."""
    path = Path(tmp_path_factory.mktemp("explained")) / "district.db"
    district = make_district(path, students=60, seed=1, today=request.param)
    recorded = Recorded(await Readers.open(f"sqlite:///{path}"))
    source = Source(Relations(load_adapter("home"), Dialect.SQLITE), recorded, lambda: noon(request.param))
    yield World(path, source, recorded, district.cases)
    await recorded.reads.close()


async def explained(world: World, case: str) -> list[Any]:
    """The grades of a case's family, every one with its calculation."""
    data = await world.data(EXPLAINED, guardian=world.guardian(case))
    return [grade for student in data["me"]["students"] for grade in student["grades"]]


@pytest.mark.parametrize("case", ["parent", "four_children"])
async def test_every_grade_comes_to_what_the_source_says_but_where_it_was_raised(world: World, case: str) -> None:
    differing = []
    found: Counter[tuple[str, str]] = Counter()
    for grade in await explained(world, case):
        told = grade["calculation"]
        found[told["method"], told["agreement"]] += 1
        if told["agreement"] == "MATCHES_SOURCE":
            assert (told["difference"], Decimal(told["percent"])) == ("0.00", Decimal(grade["percent"]))
            assert told["letter"] == grade["letter"]
        elif told["agreement"] == "DIFFERS":
            differing.append((grade["id"], told["difference"]))
        shared = sum((Decimal(line["contribution"]) for line in told["lines"]), Decimal(0))
        assert told["percent"] is None or abs(shared - Decimal(told["percent"])) < Decimal("0.01")
    assert {method for method, agreement in found if agreement == "MATCHES_SOURCE"} >= {
        "WEIGHTED_CATEGORIES",
        "TOTAL_POINTS",
        "PERCENT_AVERAGE",
    }
    assert len(differing) == (1 if case == "parent" else 0)
    assert {difference for _, difference in differing} <= {"-2.00"}


async def test_a_level_by_standards_and_a_grade_of_the_teachers_own_have_no_lines(world: World) -> None:
    grades = [g for g in await explained(world, "parent") if g["calculation"]["method"] in ("STANDARDS", "MANUAL")]
    assert {g["calculation"]["agreement"] for g in grades} == {"NOT_AVAILABLE"}
    assert [g["calculation"]["lines"] for g in grades] == [[] for _ in grades]
    assert "STANDARDS" in {g["calculation"]["method"] for g in grades}


async def test_a_semester_is_composed_of_its_quarters_half_and_half(world: World) -> None:
    semesters = [g for g in await explained(world, "parent") if g["task"] == "Semester Grade"]
    if world.source.today() != SUMMER:
        assert semesters == []
        return
    whole = [g for g in semesters if [line["excludedBecause"] for line in g["calculation"]["lines"]] == [None, None]]
    assert len(whole) >= 5
    for grade in whole:
        lines = grade["calculation"]["lines"]
        assert grade["calculation"]["method"] == "COMPOSITE"
        assert [line["effectiveWeight"] for line in lines] == ["50.0000", "50.0000"]
        assert [line["name"] for line in lines] == ["Quarter Grade", "Quarter Grade"]
        assert [line["category"] for line in lines] == [None, None]
    assert {g["calculation"]["agreement"] for g in whole} == {"MATCHES_SOURCE"}


async def test_a_quarter_that_is_kept_back_is_hidden_in_its_semester(world: World) -> None:
    if world.source.today() != SUMMER:
        return
    student, section, term = world.rows("select student_id, section_id, term_id from grade where released = 0")[0]
    hidden = [g for g in await explained(world, "parent") if "HIDDEN" in
              [line["excludedBecause"] for line in g["calculation"]["lines"]]]  # fmt: skip
    assert [(g["task"], g["calculation"]["agreement"]) for g in hidden] == [("Semester Grade", "NOT_AVAILABLE")]
    assert [line["percent"] for line in hidden[0]["calculation"]["lines"] if line["excludedBecause"]] == [None]
    before = await explained(world, "parent")
    world.change("update grade set percent = 1 where student_id = ? and section_id = ? and term_id = ?",
                 student, section, term)  # fmt: skip
    assert await explained(world, "parent") == before


async def test_a_hidden_score_changes_nothing_of_what_is_told(world: World) -> None:
    before = await explained(world, "parent")
    student = world.student("parent")
    excluded = [e for g in before for line in g["calculation"]["lines"] for e in line["excluded"]]
    hidden = [e for e in excluded if e["reason"] == "HIDDEN"]
    assert len(hidden) == 1
    assert hidden[0]["assignment"]["score"] == {"state": "HIDDEN", "flags": []}
    for points in (0, 3, 77):
        world.change(
            "update score set points = ?, percent = ? where student_id = ? and (released = 0 or assignment_id in "
            "(select id from assignment where visible = 0))",
            points, points, student,
        )  # fmt: skip
        assert await explained(world, "parent") == before


async def test_what_may_count_unseen_scores_is_not_compared(world: World) -> None:
    unseen = world.rows(
        "select distinct a.term_id, s.section_id from score s join assignment a on a.id = s.assignment_id "
        "where s.student_id = ? and (s.released = 0 or a.visible = 0) and s.points is not null",
        world.student("parent"),
    )
    grades = {
        (term, section): id
        for id, term, section in world.rows(
            "select id, term_id, section_id from grade where student_id = ?", world.student("parent")
        )
    }
    assert unseen
    told = {g["id"]: g["calculation"] for g in await explained(world, "parent")}
    for place in unseen:
        calculation = told[node_id("Grade", world.student("parent"), grades[place])]
        assert (calculation["agreement"], calculation["difference"]) == ("NOT_AVAILABLE", None)


async def test_a_book_is_explained_without_any_grade_of_the_schools(world: World) -> None:
    data = await world.data(
        "{ me { students { courses { id grades { term { id isCurrent } kind percent } "
        "calculation { method percent letter agreement } terms: term { id } } } } }",
        guardian=world.guardian("four_children"),
    )
    found = 0
    for student in data["me"]["students"]:
        for course in student["courses"]:
            latest = [g for g in course["grades"] if g["kind"] == "IN_PROGRESS" and g["percent"]]
            if latest and course["calculation"]["agreement"] == "NOT_AVAILABLE" and course["calculation"]["percent"]:
                found += Decimal(course["calculation"]["percent"]) == Decimal(latest[0]["percent"])
    assert found > 5 or world.source.today() == SUMMER


async def test_a_family_of_four_is_explained_by_as_many_statements_as_one_of_two(world: World) -> None:
    world.source.shared.most = 0
    counts = set()
    for case in ("parent", "four_children", "kindergartner"):
        world.recorded.statements.clear()
        await world.serve(EXPLAINED, world.guardian(case))
        counts.add(len({sql for sql, _ in world.recorded.statements}))
    assert len(counts) == 1
