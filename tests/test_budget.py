"""Budget: the statements of a request depend on its document, not on the size of the school."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests import documents
from tests.world import World, open_world

#: Different statements per document, as they are: a change of these numbers is a decision.
STATEMENTS = {
    "header": 3,
    "dashboard": 12,
    "gradebook": 14,
    "grades": 6,
    "attendance": 14,
    "course attendance": 8,
    "assignments": 13,
    "schools": 7,
    "messages": 6,
    "transcript": 9,
}

#: All statements per document as the gateway serves it: some are asked again in a later wave, with other keys.
SERVED = {
    "header": 1,
    "dashboard": 9,
    "gradebook": 9,
    "grades": 3,
    "attendance": 12,
    "course attendance": 5,
    "assignments": 9,
    "schools": 4,
    "messages": 4,
    "transcript": 9,
}


@pytest_asyncio.fixture(scope="module", params=[60, 600])
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The same district at two sizes."""
    made = await open_world(Path(tmp_path_factory.mktemp("budget")) / "district.db", request.param)
    await made.serve(documents.MESSAGES, made.guardian("parent"))  # asks once when the next message is to be seen
    made.source.shared.most = 0  # what every answer costs that finds nothing in memory
    yield made
    await made.recorded.reads.close()


@pytest.mark.parametrize("name", documents.ALL)
@pytest.mark.parametrize("case", ["parent", "four_children", "twins", "large_family"])
async def test_the_statements_of_a_document_are_counted(world: World, name: str, case: str) -> None:
    world.recorded.statements.clear()
    await world.data(documents.ALL[name], guardian=world.guardian(case))
    sent = [sql for sql, _ in world.recorded.statements]
    assert len(set(sent)) == STATEMENTS[name]
    # Two places of a document that ask the same may share a batch or not, as their answers happen to come in.
    assert max(sent.count(sql) for sql in sent) <= 3


@pytest.mark.parametrize("name", documents.ALL)
async def test_a_family_of_two_and_a_family_of_four_are_served_by_as_many_statements(world: World, name: str) -> None:
    counts = set()
    for case in ("parent", "four_children", "twins", "large_family"):
        world.recorded.statements.clear()
        await world.serve(documents.ALL[name], world.guardian(case))
        counts.add(len(world.recorded.statements))
    assert counts == {SERVED[name]}


async def test_no_statement_holds_a_value_of_a_client(world: World) -> None:
    world.recorded.statements.clear()
    await world.data(
        '{ me { assignments(filter: {dueFrom: "1999-07-31", courseIds: []}) { totalCount } } }',
        guardian=world.guardian("parent"),
    )
    assert all("1999" not in sql for sql, _ in world.recorded.statements)
    assert any("1999-07-31" in values for _, values in world.recorded.statements)
