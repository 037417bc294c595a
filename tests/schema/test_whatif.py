"""What if: supposed scores, and what a wish needs, over a small book whose every number can be reckoned by hand."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from loaders.ids import node_id
from tests.world import World, open_world

WHAT_IF = """query ($id: ID!, $scores: [HypotheticalScore!]!) { node(id: $id) { ... on Grade {
  whatIf(scores: $scores) { percent letter change calculation { agreement lines { name earned possible percent } } }
} } }"""
NEEDED = """query ($id: ID!, $target: GradeTargetInput!, $assignment: ID, $scores: [HypotheticalScore!]) {
  node(id: $id) { ... on Grade {
    scoreNeeded(target: $target, assignmentId: $assignment, scores: $scores) {
      reachable points pointsPossible percent assignments
    } } } }"""


class Book:
    """The demo parent's eldest in Science, by total points: 18 of 20, 40 of 50, and a paper of 30 that is open."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.guardian = world.guardian("parent")
        self.student = world.student("parent")
        ((self.section, self.grade, self.term),) = world.rows(
            "select grade.section_id, grade.id, grade.term_id from grade join section on section.id = section_id "
            "where student_id = ? and title like 'Science%' and grade.kind = 'IN_PROGRESS'",
            self.student,
        )
        self.id = node_id("Grade", self.student, self.grade)
        works = world.rows(
            "select id from assignment where section_id = ? and term_id = ? order by id", self.section, self.term
        )
        self.scored, self.second, self.paper, *rest = (row[0] for row in works)
        marks = ", ".join(str(one) for one in rest)
        world.change(f"delete from assignment where id in ({marks or 'null'})")
        world.change("update category set drop_lowest = 0 where section_id = ?", self.section)
        for key, possible, points in ((self.scored, 20, 18), (self.second, 50, 40), (self.paper, 30, None)):
            world.change(
                "update assignment set points_possible = ?, extra_credit = 0, visible = 1, due_on = '2026-12-01' "
                "where id = ?", possible, key,
            )  # fmt: skip
            world.change("delete from score where assignment_id = ? and student_id = ?", key, self.student)
            if points is not None:
                world.change(
                    "insert into score (student_id, assignment_id, section_id, points, released) "
                    "values (?, ?, ?, ?, 1)",
                    self.student, key, self.section, points,
                )  # fmt: skip

    def assignment(self, key: int) -> str:
        """The id of one of its assignments."""
        return node_id("Assignment", self.student, self.section, key)

    async def what_if(self, *scores: dict[str, Any]) -> Any:
        """The grade with these scores."""
        data = await self.world.data(WHAT_IF, guardian=self.guardian, id=self.id, scores=list(scores))
        return data["node"]["whatIf"]

    async def needed(self, **wish: Any) -> Any:
        """What the wish needs."""
        data = await self.world.data(NEEDED, guardian=self.guardian, id=self.id, **wish)
        return data["node"]["scoreNeeded"]

    async def refusal(self, document: str, **variables: Any) -> tuple[str, str]:
        """Code and message of the one error of a document, which must tell nothing else."""
        answer = await self.world.ask(document, guardian=self.guardian, id=self.id, **variables)
        assert answer.errors is not None
        (error,) = answer.errors
        assert error.original_error is not None
        return error.original_error.__class__.__name__, error.message


@pytest_asyncio.fixture(scope="module")
async def book(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Book]:
    made = await open_world(Path(tmp_path_factory.mktemp("whatif")) / "district.db", 60)
    yield Book(made)
    await made.recorded.reads.close()


async def test_nothing_supposed_is_the_grade_as_it_is(book: Book) -> None:
    told = await book.what_if()
    assert (told["percent"], told["letter"], told["change"]) == ("82.86", "B-", "0.00")
    assert told["calculation"]["agreement"] == "NOT_AVAILABLE"


async def test_a_changed_score_and_an_added_one_make_another_grade(book: Book) -> None:
    changed = await book.what_if({"assignmentId": book.assignment(book.second), "points": "50"})
    assert (changed["percent"], changed["letter"], changed["change"]) == ("97.14", "A+", "14.28")
    paper = await book.what_if({"assignmentId": book.assignment(book.paper), "points": "30"})
    assert (paper["percent"], paper["change"]) == ("88.00", "5.14")
    added = await book.what_if({"points": "0", "pointsPossible": "30"})
    assert (added["percent"], added["change"]) == ("58.00", "-24.86")
    extra = await book.what_if({"points": "7", "pointsPossible": "0"})
    assert extra["percent"] == "92.86"
    excused = await book.what_if({"assignmentId": book.assignment(book.second), "exempt": True})
    assert excused["percent"] == "90.00"


async def test_supposing_stores_nothing(book: Book) -> None:
    before = book.world.rows("select * from score order by student_id, assignment_id")
    await book.what_if({"assignmentId": book.assignment(book.second), "points": "1"})
    assert book.world.rows("select * from score order by student_id, assignment_id") == before
    assert (await book.what_if())["percent"] == "82.86"


async def test_work_can_be_added_to_a_category_of_the_course(book: Book) -> None:
    ((category, name),) = book.world.rows(
        "select id, name from category where section_id = ? order by id limit 1", book.section
    )
    told = await book.what_if(
        {"categoryId": node_id("Category", category, book.section), "points": "10", "pointsPossible": "10"}
    )
    assert (told["percent"], name in [line["name"] for line in told["calculation"]["lines"]]) == ("85.00", True)


@pytest.mark.parametrize(
    ("wish", "needed"),
    [
        ({"percent": "85"}, (True, "27.00", "30", "90.00")),
        ({"letter": "B+"}, (True, "29.00", "30", "96.67")),
        ({"letter": "A"}, (False, "35.00", "30", "116.67")),
        ({"percent": "10"}, (True, "0.00", "30", "0.00")),
        ({"percent": "500"}, (False, None, "30", None)),
    ],
)
async def test_a_wish_says_what_the_open_work_must_bring(
    book: Book, wish: dict[str, str], needed: tuple[Any, ...]
) -> None:
    told = await book.needed(target=wish, assignment=book.assignment(book.paper))
    assert (told["reachable"], told["points"], told["pointsPossible"], told["percent"]) == needed
    # All that is open is this paper; what is needed of all alike is sought by hundredths of a percent.
    alike = await book.needed(target=wish)
    assert alike["assignments"] == told["assignments"] == 1
    assert (alike["reachable"], alike["points"], alike["pointsPossible"]) == needed[:3]


async def test_what_is_needed_is_enough_and_a_hundredth_less_is_not(book: Book) -> None:
    told = await book.needed(target={"percent": "84.5"}, assignment=book.assignment(book.second))
    assert told["points"] == "41.15"
    enough = await book.what_if({"assignmentId": book.assignment(book.second), "points": told["points"]})
    assert enough["percent"] == "84.50"
    short = await book.what_if({"assignmentId": book.assignment(book.second), "points": "41.14"})
    assert short["percent"] == "84.49"


async def test_what_is_supposed_counts_in_what_is_needed(book: Book) -> None:
    scores = [{"assignmentId": book.assignment(book.paper), "points": "30"}]
    told = await book.needed(target={"percent": "90"}, scores=scores)
    assert (told["reachable"], told["points"], told["assignments"]) == (False, None, 0)


@pytest.mark.parametrize(
    ("score", "says"),
    [
        ({"points": "5"}, "`scores[0]` adds work: say its `pointsPossible`."),
        ({"points": "-1", "pointsPossible": "5"}, "`scores[0].points` must be from 0 to 100,000."),
        ({"points": "100000.01", "pointsPossible": "5"}, "`scores[0].points` must be from 0 to 100,000."),
        ({"pointsPossible": "5"}, "`scores[0]` has neither `points` nor `exempt`: say what is supposed."),
        ({"assignmentId": "x", "points": "5"},
         "`scores[0].assignmentId` is not the id of a Assignment: give back an id exactly as it came."),
        ({"categoryId": "x", "points": "5", "pointsPossible": "5"},
         "`scores[0].categoryId` is not the id of a Category: give back an id exactly as it came."),
        ({"categoryId": node_id("Category", 1, 999999), "points": "5", "pointsPossible": "5"},
         "`scores[0].categoryId` is no category of this grade's course."),
        ({"assignmentId": node_id("Assignment", 999999, 1, 1), "points": "5"},
         "`scores[0].assignmentId` is no assignment of this grade."),
    ],
)  # fmt: skip
async def test_a_score_that_cannot_be_is_refused_by_name(book: Book, score: dict[str, Any], says: str) -> None:
    assert await book.refusal(WHAT_IF, scores=[score]) == ("BadUserInput", says)


async def test_work_of_another_student_term_or_course_is_unknown_and_alike(book: Book) -> None:
    others = book.world.rows(
        "select e.student_id, a.section_id, a.id from assignment a join enrollment e on e.section_id = a.section_id "
        "where e.student_id <> ? limit 1", book.student,
    ) + book.world.rows(
        "select e.student_id, a.section_id, a.id from assignment a join enrollment e on e.section_id = a.section_id "
        "where e.student_id = ? and a.section_id <> ? limit 1", book.student, book.section,
    ) + [(book.student, book.section, 987654)]  # fmt: skip
    hidden = book.paper
    refusals = [
        await book.refusal(WHAT_IF, scores=[{"assignmentId": node_id("Assignment", *other), "points": "1"}])
        for other in others
    ]
    book.world.change("update assignment set visible = 0 where id = ?", hidden)
    refusals.append(await book.refusal(WHAT_IF, scores=[{"assignmentId": book.assignment(hidden), "points": "1"}]))
    book.world.change("update assignment set visible = 1 where id = ?", hidden)
    assert refusals == [("BadUserInput", "`scores[0].assignmentId` is no assignment of this grade.")] * 4


async def test_a_wish_is_one_percentage_or_one_letter_of_the_scale(book: Book) -> None:
    for target in ({}, {"percent": "90", "letter": "A"}):
        code, says = await book.refusal(NEEDED, target=target)
        assert (code, says) == ("BadUserInput", "`target` has to have one of `percent` and `letter`.")
    code, says = await book.refusal(NEEDED, target={"letter": "E"})
    assert (code, says.partition(",")[0]) == ("BadUserInput", "`target.letter` is none of this course's scale")


async def test_one_grade_is_refused_and_the_others_of_the_list_are_told(book: Book) -> None:
    document = """query ($scores: [HypotheticalScore!]!) {
      me { students { grades { id whatIf(scores: $scores) { change } } } } }"""
    scores = [{"assignmentId": book.assignment(book.second), "points": "50"}]
    answer = await book.world.ask(document, guardian=book.guardian, scores=scores)
    assert answer.data is not None
    assert answer.errors is not None
    told = {g["id"]: g["whatIf"] for s in answer.data["me"]["students"] for g in s["grades"]}
    assert {id: value for id, value in told.items() if value is not None} == {book.id: {"change": "14.28"}}
    assert len(answer.errors) == len(told) - 1


async def test_any_number_of_grades_is_supposed_by_as_many_statements(book: Book) -> None:
    book.world.source.shared.most = 0
    document = """{ me { students { grades {
      whatIf(scores: []) { percent } scoreNeeded(target: {percent: "80"}) { points }
    } } } }"""
    counts = set()
    for case in ("parent", "four_children"):
        book.world.recorded.statements.clear()
        await book.world.serve(document, book.world.guardian(case))
        counts.add(len({sql for sql, _ in book.world.recorded.statements}))
    assert len(counts) == 1
