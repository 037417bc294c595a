"""A guardian's scope is given again under the mark it was read under, and never beyond it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from loaders.portal.access_rules import Orders
from resolvers.access import scope_of
from resolvers.rules import Rules
from resolvers.scope import Scope
from tests.world import TODAY, World, noon, open_world


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    made = await open_world(Path(tmp_path_factory.mktemp("scopes")) / "district.db", 60)
    yield made
    await made.recorded.reads.close()


async def _scope(world: World) -> tuple[Scope, int]:
    """The scope of a guardian for a new operation, and how many statements that took."""
    sent = len(world.recorded.statements)
    scope = await scope_of(world.context(world.guardian("four_children")))
    return scope, len(world.recorded.statements) - sent


async def test_a_second_operation_reads_no_scope_and_has_one_of_its_own_instant(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = await _scope(world)
    later = noon(TODAY) + timedelta(minutes=5)
    monkeypatch.setattr(world.source, "_now", lambda: later)
    second, sent = await _scope(world)
    assert sent == 0
    assert second is not first
    assert (second.rights, second.enrolled, second.stale) == (first.rights, first.enrolled, False)
    assert second.as_of == second.now == later


async def test_a_right_that_is_taken_away_is_gone_from_the_next_scope(world: World) -> None:
    before, _ = await _scope(world)
    guardian, student = world.guardian("four_children"), world.student("four_children")
    change = "update guardian_student set portal_access = ? where guardian_id = ? and student_id = ?"
    world.change(change, 0, guardian, student)
    try:
        after, sent = await _scope(world)
        assert sent == 1
        assert set(before.rights) - set(after.rights) == {student}
    finally:
        world.change(change, 1, guardian, student)


async def test_what_the_school_orders_is_asked_of_a_scope_that_was_read_before(world: World) -> None:
    first, _ = await _scope(world)
    # As `renew_rules` does, but before the source's mark has been asked again.
    world.source.notes[Rules] = Rules(Orders(7))
    try:
        assert first.again(world.source) is None
        context = world.context(world.guardian("four_children"))
        assert (await scope_of(context))._rules is world.source.notes[Rules]
    finally:
        del world.source.notes[Rules]


async def test_nothing_is_kept_where_no_rows_are(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.source.shared, "most", 0)
    for _ in range(2):
        _, sent = await _scope(world)
        assert sent == 1
