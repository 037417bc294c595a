"""`me.changes` and `changes`: the log by query and live, with the rights of the moment, and the way between them."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.errors import present
from gateway.execution.documents import GraphQLRequest
from gateway.execution.operations import Answer
from loaders.ids import node_id
from loaders.statement import Key
from resolvers.context import Context
from resolvers.live import Live
from tests.hub import hub
from tests.portal import House, empty_place, open_house
from tests.world import ENGINE, World, open_world

MOTHER, FATHER, PUPIL, SISTER, STRANGER = 1, 2, 1, 3, 4
CHANGES = """query ($first: Int, $after: String) { me { changes(first: $first, after: $after) {
  totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor }
  nodes { __typename cursor kind corrects retracts student { id }
    ... on GradeChanged { previousPercent previousLetter grade { id percent } } } } } }"""
SUBJECTS = """{ me { changes(first: 100) { nodes { __typename kind student { id }
  ... on AssignmentChanged { assignment { title score { state points } } }
  ... on AttendanceChanged { attendance { date status } }
  ... on MessageReceived { message { subject } } } } } }"""
FOLLOW = "subscription ($after: String) { changes(after: $after) { __typename cursor kind student { id } } }"


@dataclass
class Family:
    """A district whose parents ask what is new."""

    world: World
    house: House
    live: Live

    def context(self, guardian: Key) -> Context:
        made = self.world.context(guardian)
        made._portal, made._live = self.house.portal, self.live
        return made

    async def answer(self, guardian: Key, **variables: Any) -> Answer:
        prepared = ENGINE.prepare(GraphQLRequest(CHANGES, variables=variables))
        return await ENGINE.execute(prepared, self.context(guardian))

    async def changes(self, guardian: Key, **variables: Any) -> Any:
        answer = await self.answer(guardian, **variables)
        assert answer.errors == (), answer.errors
        return orjson.loads(orjson.dumps(answer.data))["me"]["changes"]

    async def subjects(self, guardian: Key) -> list[tuple[str, Any]]:
        """Kind and content of every change but those of grades."""
        answer = await ENGINE.execute(ENGINE.prepare(GraphQLRequest(SUBJECTS)), self.context(guardian))
        assert answer.errors == (), answer.errors
        nodes = orjson.loads(orjson.dumps(answer.data))["me"]["changes"]["nodes"]
        return [
            (node["kind"], node.get("assignment") or node.get("attendance") or node.get("message")) for node in nodes
        ]

    async def change(self, sql: str, *values: Any) -> None:
        """Change the district, and have it seen."""
        self.world.change(sql, *values)
        await self.live.poll()

    async def code(self, **variables: Any) -> str:
        answer = await self.answer(MOTHER, **variables)
        (error,) = answer.errors
        return str(present(error, trace_id="")["extensions"]["code"])

    async def set(self, student: int, percent: float) -> int:
        """Give a grade of that student another percent, and have it seen."""
        ((grade,),) = self.world.rows("select min(id) from grade where student_id = ? and released = 1", student)
        self.world.change("update grade set percent = ? where id = ?", percent, grade)
        await self.live.poll()
        return int(grade)


@pytest.fixture
async def family(tmp_path: Path) -> AsyncIterator[Family]:
    world = await open_world(tmp_path / "district.db", 60)
    async with empty_place("sqlite", tmp_path) as url, open_house(url) as house:
        for number in (MOTHER, FATHER):
            await house.account(f"parent{number}", str(number))
        live = hub(world.source, house.writer, house.portal.sealer)
        yield Family(world, house, live)
        await live.stop()
    await world.recorded.reads.close()


async def test_what_happened_while_nobody_was_there_is_read_afterwards_in_order(family: Family) -> None:
    empty = await family.changes(MOTHER)
    assert (empty["nodes"], empty["totalCount"], empty["pageInfo"]["endCursor"]) == ([], 0, None)
    await family.live.poll()
    begun = (await family.changes(MOTHER))["pageInfo"]["endCursor"]
    grade = await family.set(PUPIL, 71)
    await family.set(SISTER, 72)
    await family.set(STRANGER, 73)
    page = await family.changes(MOTHER, after=begun, first=1)
    assert page["totalCount"] == 2
    assert page["pageInfo"]["hasNextPage"]
    (first,) = page["nodes"]
    assert first["student"]["id"] == node_id("Student", PUPIL)
    assert first["grade"] == {"id": node_id("Grade", PUPIL, grade), "percent": "71"}
    rest = await family.changes(MOTHER, after=page["pageInfo"]["endCursor"])
    assert [node["student"]["id"] for node in rest["nodes"]] == [node_id("Student", SISTER)]
    assert not rest["pageInfo"]["hasNextPage"]
    end = rest["pageInfo"]["endCursor"]
    nothing = await family.changes(MOTHER, after=end)
    assert (nothing["nodes"], nothing["pageInfo"]["endCursor"]) == ([], end)


async def test_the_pages_of_the_log_walk_through_all_of_it_once(family: Family) -> None:
    await family.live.poll()
    for percent in range(5):
        await family.set(PUPIL, percent)
    whole = [node["cursor"] for node in (await family.changes(MOTHER))["nodes"]]
    walked, after = [], None
    while True:
        page = await family.changes(MOTHER, first=2, after=after)
        walked += [edge["cursor"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert walked == whole
    assert len(whole) == 5


async def test_a_cursor_leads_from_the_query_to_the_subscription_and_back(family: Family) -> None:
    await family.live.poll()
    after = (await family.changes(MOTHER))["pageInfo"]["endCursor"]
    await family.set(PUPIL, 60)

    async def context() -> Context:
        return family.context(MOTHER)

    prepared = ENGINE.prepare(GraphQLRequest(FOLLOW, variables={"after": after}))
    stream = await ENGINE.subscribe(prepared, context)
    assert not isinstance(stream, Answer), stream.errors
    async with aclosing(stream):
        await family.set(SISTER, 61)
        told = [orjson.loads(orjson.dumps((await anext(stream)).data))["changes"] for _ in range(2)]
    assert [one["student"]["id"] for one in told] == [node_id("Student", key) for key in (PUPIL, SISTER)]
    assert [one["cursor"] for one in told] == [node["cursor"] for node in (await family.changes(MOTHER))["nodes"]]
    assert (await family.changes(MOTHER, after=told[1]["cursor"]))["nodes"] == []


async def test_rights_are_those_of_the_moment_of_asking(family: Family) -> None:
    await family.live.poll()
    await family.set(SISTER, 12)
    assert len((await family.changes(FATHER))["nodes"]) == 1
    right = "update guardian_student set portal_access = ? where guardian_id = 2 and student_id = 3"
    family.world.change(right, 0)
    gone = await family.changes(FATHER)
    assert (gone["nodes"], gone["totalCount"]) == ([], 0)
    assert len((await family.changes(MOTHER))["nodes"]) == 1
    family.world.change(right, 1)
    assert len((await family.changes(FATHER))["nodes"]) == 1


async def test_a_correction_names_what_it_corrects_and_says_when_it_takes_it_back(family: Family) -> None:
    await family.set(PUPIL, 80)
    await family.live.poll()
    for percent in (0, 80, 90):
        await family.set(PUPIL, percent)
    wrong, back, other = (await family.changes(MOTHER))["nodes"]
    assert (wrong["corrects"], wrong["retracts"]) == (None, False)
    assert (back["corrects"], back["retracts"], back["previousPercent"]) == (wrong["cursor"], True, "0")
    assert (other["corrects"], other["retracts"], other["previousPercent"]) == (back["cursor"], False, "80")


async def test_what_the_store_holds_shows_no_grade(family: Family) -> None:
    await family.set(PUPIL, 81.25)
    await family.live.poll()
    await family.set(PUPIL, 93.75)
    rows = await family.house.writer.rows("select * from change") + await family.house.writer.rows(
        "select * from last_look"
    )
    assert len(rows) > 1
    assert not any(number in str(dict(row)) for row in rows for number in ("81.25", "93.75"))


async def test_a_page_costs_one_statement_of_the_store(family: Family) -> None:
    await family.live.poll()
    await family.set(PUPIL, 60)
    asked: list[str] = []
    rows = family.house.writer.rows

    async def counted(sql: str, params: Any = None) -> Any:
        asked.append(sql)
        return await rows(sql, params)

    family.house.writer.rows = counted  # type: ignore[method-assign]
    document = "{ me { changes(first: 5) { nodes { cursor kind } pageInfo { endCursor } } } }"
    await ENGINE.execute(ENGINE.prepare(GraphQLRequest(document)), family.context(MOTHER))
    assert len(asked) == 1


async def test_what_is_new_is_never_answered_from_memory(family: Family) -> None:
    context = family.context(MOTHER)
    await ENGINE.execute(ENGINE.prepare(GraphQLRequest("{ me { changes { nodes { cursor } } } }")), context)
    assert context.volatile


async def test_what_is_no_cursor_of_this_log_is_refused_by_name(family: Family) -> None:
    assert await family.code(after="x") == "BAD_USER_INPUT"
    await family.live.poll()
    assert await family.code(after="x") == "BAD_USER_INPUT"


async def test_an_assignment_is_told_as_it_comes_is_scored_changes_and_goes(family: Family) -> None:
    await family.live.poll()
    ((section,),) = family.world.rows(
        "select min(section_id) from enrollment where student_id = ? and ends_on is null", PUPIL
    )
    await family.change(
        "insert into assignment (id, section_id, title, due_on, points_possible, visible) "
        "values (900001, ?, 'Leaves', '2026-11-30', 10, 0)",
        section,
    )
    await family.change("update assignment set visible = 1 where id = 900001")
    await family.change(
        "insert into score (student_id, assignment_id, section_id, points, released) values (?, 900001, ?, 7, 0)",
        PUPIL,
        section,
    )
    await family.change("update score set released = 1 where assignment_id = 900001")
    await family.change("update assignment set title = 'Leaves and bark' where id = 900001")
    told = await family.subjects(MOTHER)
    assert [kind for kind, _ in told] == ["ASSIGNMENT_ADDED", "ASSIGNMENT_SCORED", "ASSIGNMENT_CHANGED"]
    assert told[0][1] == {"title": "Leaves and bark", "score": {"state": "SCORED", "points": "7"}}
    await family.change("delete from assignment where id = 900001")
    assert (await family.subjects(MOTHER))[-1] == ("ASSIGNMENT_REMOVED", None)


async def test_a_mark_is_told_as_it_comes_and_as_it_turns_into_presence(family: Family) -> None:
    family.world.change("delete from attendance where student_id = ?", PUPIL)
    await family.live.poll()
    await family.change(
        "insert into attendance (student_id, on_date, period_id, status, excuse) "
        "values (?, '2026-11-23', 1, 'ABSENT', 'UNKNOWN'), (?, '2026-11-23', 2, 'PRESENT', 'UNKNOWN'), "
        "(?, '2026-09-01', 2, 'ABSENT', 'UNKNOWN')",
        *[PUPIL] * 3,
    )
    await family.change("update attendance set excuse = 'EXCUSED' where student_id = ? and status = 'ABSENT'", PUPIL)
    await family.change("update attendance set status = 'PRESENT' where student_id = ?", PUPIL)
    now = {"date": "2026-11-23", "status": "PRESENT"}
    assert await family.subjects(MOTHER) == [
        ("ATTENDANCE_ADDED", now),
        ("ATTENDANCE_CHANGED", now),
        ("ATTENDANCE_REMOVED", now),
    ]


async def test_a_message_is_told_to_whom_it_was_sent_once_it_can_be_read(family: Family) -> None:
    await family.live.poll()
    sent = "insert into message (id, scope, subject, body, sent_at) values (?, 'STUDENT', ?, 'Hello', ?)"
    to = "insert into message_recipient (message_id, guardian_id, student_id) values (?, ?, ?)"
    for number, subject, at in ((900001, "Trip", "2026-11-23T16:00:00Z"), (900002, "Later", "2026-11-24T16:00:00Z")):
        family.world.change(sent, number, subject, at)
        for student in (PUPIL, SISTER):
            family.world.change(to, number, MOTHER, student)
    await family.live.poll()
    assert await family.subjects(MOTHER) == [("MESSAGE_RECEIVED", {"subject": "Trip"})]
    assert await family.subjects(FATHER) == []
    family.world.change("update guardian_student set portal_access = 0 where guardian_id = 1")
    assert await family.subjects(MOTHER) == []


async def test_a_first_contact_and_a_bulk_load_notify_nobody(family: Family) -> None:
    await family.live.poll()
    ((section,),) = family.world.rows(
        "select min(section_id) from enrollment where student_id = ? and ends_on is null", PUPIL
    )
    family.world.change(
        "with recursive n(i) as (select 0 union all select i + 1 from n where i < 30) "
        "insert into assignment (id, section_id, title, due_on, visible) "
        "select 910000 + i, ?, 'Old work', '2026-11-30', 1 from n",
        section,
    )
    await family.live.poll()
    assert await family.subjects(MOTHER) == []
    await family.change("update assignment set title = 'Work' where id = 910000")
    assert [kind for kind, _ in await family.subjects(MOTHER)] == ["ASSIGNMENT_CHANGED"]
