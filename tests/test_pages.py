"""Connections: pages put together are the whole, and stay so while rows come before them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.world import World, open_world

CONNECTIONS: dict[str, tuple[str, list[Any]]] = {
    "assignments of a parent": ("{ me { c: assignments(first: $first, after: $after) { ...page } } }", ["me"]),
    "messages": ("{ me { c: messages(first: $first, after: $after) { ...page } } }", ["me"]),
    "assignments of a student": (
        "{ me { students { c: assignments(first: $first, after: $after) { ...page } } } }",
        ["me", "students", 0],
    ),
    "attendance of a student": (
        "{ me { students { c: attendance(first: $first, after: $after) { ...page } } } }",
        ["me", "students", 0],
    ),
}
TYPES = {
    "assignments of a parent": "Assignment",
    "messages": "Message",
    "assignments of a student": "Assignment",
    "attendance of a student": "Attendance",
}


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A district of sixty students that a test may change."""
    made = await open_world(tmp_path / "district.db", 60)
    yield made
    await made.recorded.reads.close()


async def _page(world: World, name: str, first: int | None, after: str | None) -> Any:
    document, path = CONNECTIONS[name]
    data = await world.data(
        f"query ($first: Int, $after: String) {document}"
        f" fragment page on {TYPES[name]}Connection {{ totalCount nodes {{ id }} edges {{ cursor node {{ id }} }}"
        " pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }",
        guardian=world.guardian("parent"),
        first=first,
        after=after,
    )
    for step in path:
        data = data[step]
    return data["c"]


async def _all(world: World, name: str, size: int) -> list[str]:
    ids: list[str] = []
    after = None
    while True:
        page = await _page(world, name, size, after)
        assert [edge["node"] for edge in page["edges"]] == page["nodes"]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        ids += [node["id"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            assert len(ids) == page["totalCount"]
            return ids
        assert len(page["nodes"]) == size
        after = page["pageInfo"]["endCursor"]


@pytest.mark.parametrize("name", CONNECTIONS)
async def test_pages_put_together_are_the_whole(world: World, name: str) -> None:
    whole = await _all(world, name, 100)
    assert len(set(whole)) == len(whole) > 7
    assert await _all(world, name, 7) == whole


@pytest.mark.parametrize("name", CONNECTIONS)
async def test_a_page_has_twenty_places_where_nobody_says_how_many(world: World, name: str) -> None:
    page = await _page(world, name, None, None)
    assert len(page["nodes"]) == min(20, page["totalCount"])


async def test_a_cursor_stays_where_it_is_when_rows_come_before_it(world: World) -> None:
    name = "messages"
    first = await _page(world, name, 3, None)
    second = await _page(world, name, 3, first["pageInfo"]["endCursor"])
    world.change(
        "insert into message (id, scope, subject, body, sent_at)"
        " values (99999, 'PERSONAL', 'x', 'x', '2026-11-23T16:00:00Z')"
    )
    world.change("insert into message_recipient (message_id, guardian_id) values (99999, ?)", world.guardian("parent"))
    again = await _page(world, name, 3, first["pageInfo"]["endCursor"])
    assert again["nodes"] == second["nodes"]
    assert again["totalCount"] == second["totalCount"] + 1


@pytest.mark.parametrize("first", [-1, 101])
async def test_a_page_larger_than_a_page_may_be_is_refused_by_name(world: World, first: int) -> None:
    answer = await world.ask(f"{{ me {{ messages(first: {first}) {{ totalCount }} }} }}", guardian=1)
    assert answer.errors is not None
    assert getattr(answer.errors[0].original_error, "code", None) == "BAD_USER_INPUT"
    assert answer.errors[0].message == f"`first` is {first}: ask for 0 to 100 and page on with `after`."


async def test_no_place_is_a_page_too(world: World) -> None:
    page = await _page(world, "messages", 0, None)
    assert page["nodes"] == []
    assert page["pageInfo"] == {"hasNextPage": True, "hasPreviousPage": False, "startCursor": None, "endCursor": None}


@pytest.mark.parametrize(
    "after", ["", "x", "W10", "WyJhIl0", "WyIyMDI2LTAxLTAxIiwgImEiXQ", "bnVsbA", "WzEsMl0", "é", "[" * 3000]
)
async def test_what_is_no_cursor_is_refused(world: World, after: str) -> None:
    answer = await world.ask(
        "query ($after: String) { me { messages(after: $after) { totalCount } } }", guardian=1, after=after
    )
    assert answer.errors is not None
    assert getattr(answer.errors[0].original_error, "code", None) == "BAD_USER_INPUT"
