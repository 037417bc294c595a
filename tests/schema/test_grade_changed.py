"""`gradeChanged` through the engine: what a client is told, what it is refused, and what it reads with whose rights."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import present
from gateway.execution.documents import GraphQLRequest
from gateway.execution.engine import Engine
from gateway.execution.operations import Answer
from loaders.ids import node_id
from loaders.portal.roles import StaffRole
from loaders.statement import Key
from resolvers.context import Context
from resolvers.live import Live
from schema.api import schema
from tests.hub import grades, hub, open_store
from tests.world import World, open_world

DOCUMENT = """
subscription ($student: ID, $after: String) {
  gradeChanged(studentId: $student, after: $after) {
    __typename cursor occurredAt kind
    student { givenName }
    grade { id percent letter student { id } course { title } }
    previousPercent previousLetter
  }
}
"""

ENGINE = Engine(schema)
MOTHER, FATHER, PUPIL, SISTER, STRANGER = 1, 2, 1, 3, 4


class Told:
    """A district, its hub, and who subscribes to it."""

    def __init__(self, world: World, live: Live) -> None:
        self.world = world
        self.live = live

    async def subscribe(
        self, guardian: Key | None, staff: StaffRole | None = None, **variables: Any
    ) -> AsyncGenerator[Answer, None] | Answer:
        async def context() -> Context:
            made = self.world.context(guardian, staff)
            made._live = self.live
            return made

        return await ENGINE.subscribe(ENGINE.prepare(GraphQLRequest(DOCUMENT, variables=variables)), context)

    async def open(self, guardian: Key, **variables: Any) -> AsyncGenerator[Answer, None]:
        stream = await self.subscribe(guardian, **variables)
        assert not isinstance(stream, Answer)
        return stream

    async def refused(self, guardian: Key | None, staff: StaffRole | None = None, **variables: Any) -> tuple[str, str]:
        answer = await self.subscribe(guardian, staff, **variables)
        assert isinstance(answer, Answer)
        assert answer.data is None
        (error,) = answer.errors
        wire = present(error, trace_id="")
        return wire["extensions"]["code"], wire["message"]


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    made = await open_world(tmp_path_factory.mktemp("told") / "district.db", 60)
    yield made
    await made.recorded.reads.close()


@pytest.fixture
async def told(world: World, tmp_path: Path) -> AsyncIterator[Told]:
    async with open_store(tmp_path / "portal.db") as store:
        live = hub(world.source, store)
        await live.start()
        yield Told(world, live)
        assert live.subscribers == 0
        await live.stop()


def grade_of(world: World, student: int) -> int:
    ((grade,),) = world.rows("select min(id) from grade where student_id = ? and released = 1", student)
    assert isinstance(grade, int)
    return grade


async def data(stream: AsyncGenerator[Answer, None]) -> Any:
    async with asyncio.timeout(5):
        answer = await anext(stream)
    assert answer.errors == ()
    return answer.data["gradeChanged"]


async def test_a_parent_gets_the_new_grade_beside_the_old_one(told: Told) -> None:
    grade = grade_of(told.world, SISTER)
    told.world.change("update grade set percent = 81.5, letter = 'B-' where id = ?", grade)
    async with aclosing(await told.open(MOTHER)) as stream, aclosing(await told.open(FATHER)) as other:
        told.world.change("update grade set percent = 93.25, letter = 'A' where id = ?", grade)
        for one in (stream, other):
            event = await data(one)
            course = event["grade"].pop("course")
            cursor = event.pop("cursor")
            assert event == {
                "__typename": "GradeChanged",
                "occurredAt": "2026-11-23T17:00:00Z",
                "kind": "GRADE_CHANGED",
                "student": {"givenName": event["student"]["givenName"]},
                "grade": {
                    "id": node_id("Grade", SISTER, grade),
                    "percent": "93.25",
                    "letter": "A",
                    "student": {"id": node_id("Student", SISTER)},
                },
                "previousPercent": "81.5",
                "previousLetter": "B-",
            }
            assert event["student"]["givenName"]
            assert course["title"]
            assert str(grade) not in cursor


async def test_a_grade_that_goes_leaves_what_it_was(told: Told) -> None:
    grade = grade_of(told.world, PUPIL)
    told.world.change("update grade set percent = 70, letter = 'C-' where id = ?", grade)
    async with aclosing(await told.open(MOTHER, student=node_id("Student", PUPIL))) as stream:
        told.world.change("update grade set released = 0 where id = ?", grade)
        event = await data(stream)
        assert (event["kind"], event["grade"]) == ("GRADE_REMOVED", None)
        assert (event["previousPercent"], event["previousLetter"]) == ("70", "C-")
        told.world.change("update grade set released = 1 where id = ?", grade)
        event = await data(stream)
        assert (event["kind"], event["grade"]["letter"]) == ("GRADE_ADDED", "C-")
        assert (event["previousPercent"], event["previousLetter"]) == (None, None)


async def test_an_emptied_grade_is_gone(told: Told) -> None:
    grade = grade_of(told.world, PUPIL)
    told.world.change("update grade set percent = 70, letter = 'C-', points = null where id = ?", grade)
    async with aclosing(await told.open(MOTHER)) as stream:
        told.world.change("update grade set percent = null, letter = null where id = ?", grade)
        event = await data(stream)
    assert (event["kind"], event["grade"], event["previousLetter"]) == ("GRADE_REMOVED", None, "C-")


async def test_a_right_lost_between_the_event_and_its_reading_shows_nothing(told: Told) -> None:
    grade = grade_of(told.world, SISTER)
    source = await grades(told.live, FATHER)
    told.world.change("update grade set percent = 11, letter = 'F' where id = ?", grade)
    event = await anext(source)
    await source.aclose()

    class Replays:
        async def subscribe(self, *_: Any) -> Any:
            return Replay()

    class Replay:
        async def __anext__(self) -> Any:
            return event

        async def aclose(self) -> None:
            return

    told.world.change("update guardian_student set portal_access = 0 where guardian_id = 2 and student_id = 3")
    told.live, kept = Replays(), told.live  # type: ignore[assignment]
    async with aclosing(await told.open(FATHER)) as stream:
        shown = await data(stream)
    told.live = kept
    told.world.change("update guardian_student set portal_access = 1 where guardian_id = 2 and student_id = 3")
    assert [shown[name] for name in ("student", "grade", "previousPercent", "previousLetter")] == [None] * 4


async def test_a_client_that_comes_back_with_its_cursor_misses_nothing(told: Told) -> None:
    grade = grade_of(told.world, PUPIL)
    told.world.change("update grade set percent = 10, letter = 'F' where id = ?", grade)
    live = told.live
    async with aclosing(await told.open(MOTHER)) as stream:
        told.world.change("update grade set percent = 20 where id = ?", grade)
        cursor = (await data(stream))["cursor"]
    told.world.change("update grade set percent = 30 where id = ?", grade)
    await live.poll()
    assert live.subscribers == 0
    async with aclosing(await told.open(MOTHER, after=cursor)) as stream:
        event = await data(stream)
        assert (event["previousPercent"], event["grade"]["percent"]) == ("20", "30")


async def test_only_parents_with_a_session_may_subscribe(told: Told) -> None:
    assert (await told.refused(None))[0] == "UNAUTHENTICATED"
    assert (await told.refused(None, staff=StaffRole.ADMIN))[0] == "FORBIDDEN"
    assert told.live.students_followed == 0


@pytest.mark.parametrize(
    ("argument", "value"),
    [("student", "x"), ("student", ""), ("student", node_id("Grade", 1, 1)), ("after", "x"), ("after", "")],
)
async def test_what_cannot_be_an_argument_is_refused_by_its_name(told: Told, argument: str, value: str) -> None:
    code, message = await told.refused(MOTHER, None, **{argument: value})
    assert code == "BAD_USER_INPUT"
    assert {"student": "`studentId`", "after": "`after`"}[argument] in message


async def test_foreign_and_unknown_students_look_the_same(told: Told) -> None:
    for key in (STRANGER, 999_999):
        async with aclosing(await told.open(MOTHER, student=node_id("Student", key))) as stream:
            told.world.change("update grade set percent = percent + 1 where student_id = ?", key)
            await told.live.poll()
            waiting = asyncio.ensure_future(anext(stream))
            await told.live.poll()
            assert not waiting.done()
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
    assert told.live.events == 0


async def test_a_stream_closed_before_it_was_read_lets_go(told: Told) -> None:
    stream = await told.open(MOTHER)
    assert told.live.subscribers == 1
    await stream.aclose()
    del stream
    assert told.live.subscribers == 0
