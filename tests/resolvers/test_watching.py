"""Who is watched and who comes first, whichever process somebody listens at, and who is let go."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from loaders.adapter import load_adapter
from loaders.database import Readers, Writer
from loaders.demo import make_district
from loaders.dialect import Dialect
from loaders.relations import Relations
from loaders.source import Source
from loaders.watched import SUBJECTS
from resolvers.live import Live
from tests.hub import empty_store, grades, hub
from tests.services import Clock

MOTHER, PUPIL, SISTER, STRANGER = 1, 1, 3, 9


@dataclass
class Place:
    """A district, a store, and two processes over them."""

    path: Path
    store: Writer
    watching: Live
    other: Live

    def change(self, sql: str) -> None:
        """Change the district as the school's own system would."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(sql)

    async def looked_at(self) -> set[str]:
        """The students of whom there are looks at their grades."""
        found = await self.store.rows("select owner_id from last_look where subject = 'grade'")
        return {row["owner_id"] for row in found}


@pytest.fixture
async def place(tmp_path: Path, clock: Clock) -> AsyncIterator[Place]:
    path = tmp_path / "district.db"
    make_district(path, students=30, seed=1, today=date(2026, 11, 23))
    url = await empty_store(tmp_path / "portal.db")
    async with AsyncExitStack() as stack:
        readers = await Readers.open(f"sqlite:///{path}")
        stack.push_async_callback(readers.close)
        source = Source(Relations(load_adapter("home"), Dialect.SQLITE), readers, clock)
        stores = [await Writer.open(url) for _ in range(2)]
        lives = [hub(source, store) for store in stores]
        for closing_one in (*stores,):
            stack.push_async_callback(closing_one.close)
        for live in lives:
            stack.push_async_callback(live.stop)
        await lives[0].poll()
        yield Place(path, stores[0], *lives)


async def test_those_come_first_who_are_followed_at_another_process(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.watching._watching.watch(range(1, 31))
    stream = await grades(place.other, MOTHER, PUPIL)
    place.change("update grade set percent = 0 where student_id = 1")
    await place.other.poll()
    assert not place.other.watching
    small = {name: replace(subject, chunk=2) for name, subject in SUBJECTS.items()}
    monkeypatch.setattr("resolvers.watcher.SUBJECTS", small)
    monkeypatch.setattr("resolvers.watching.SWEEP", 0.0)
    told = 0
    for percent in range(1, 6):
        # More than one page behind the place at which the round stands.
        place.change(f"update grade set percent = {percent} where student_id = 1 and released = 1")
        await place.watching.poll()
        await place.other.tell()
        while not stream.level:
            await anext(stream)
            told += 1
    assert place.watching._watching._students.round.place is not None
    assert told >= 4


async def test_looks_that_nobody_needs_are_let_go(place: Place) -> None:
    account = (
        "insert into account (username, username_key, password_hash, guardian_id, created_at) "
        "values (:name, :name, 'hash', :guardian, :now_at)"
    )
    async with place.store.transaction() as transaction:
        for name, guardian in (("ana", "1"), ("ben", "4")):
            await transaction.execute(account, {"name": name, "guardian": guardian, "now_at": datetime.now(UTC)})
    place.watching._watching._roster._due = 0.0
    stream = await grades(place.watching, 2)
    await place.watching.poll()
    assert {"1", "3", "4"} <= await place.looked_at()
    # One moves away, one guardian's account is closed, and one student was never anybody's who has an account.
    place.change("update guardian_student set portal_access = 0 where student_id = 3")
    async with place.store.transaction() as transaction:
        await transaction.execute(
            "update account set disabled_at = :now_at where username = 'ben'", {"now_at": datetime.now(UTC)}
        )
    await place.watching._watching.watch([STRANGER])
    place.watching._watching._leavers._due = 0.0
    await stream.aclose()
    follower = await grades(place.watching, 2, PUPIL)
    for _ in range(9):
        await place.watching.poll()
    assert await place.looked_at() == {"1", "2"}
    owners = await place.store.rows("select distinct owner_id from last_look where subject = 'message'")
    assert [row["owner_id"] for row in owners] == ["1"]
    await follower.aclose()
