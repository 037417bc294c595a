"""Uses of sessions: many that come together are one transaction, and none is lost to a session that it prolongs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.authentication import Authenticator
from gateway.uses import TOGETHER, Uses
from loaders.database import Writer
from loaders.errors import SourceDown
from loaders.portal.transaction import Transaction
from tests.portal import ADAPTER, NOON, House, empty_place, open_house


@dataclass
class Counting:
    """A store whose transactions are counted."""

    writer: Writer
    transactions: int = 0
    away: bool = False

    async def rows(self, sql: str, params: Any = None, /) -> Any:
        return await self.writer.rows(sql, params or {})

    def rows_at_once(self, sql: str, params: Any = None, /) -> Any:
        return self.writer.rows_at_once(sql, params or {})

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        self.transactions += 1
        if self.away:
            raise SourceDown("The store is away.")
        return self.writer.transaction()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place("sqlite", tmp_path) as url, open_house(url) as house:
        yield house


async def test_a_burst_of_uses_is_one_transaction(house: House) -> None:
    await house.account("ana")
    cookies = [await house.web("ana") for _ in range(30)]
    house.clock.pass_by(minutes=5)
    store = Counting(house.writer)
    authenticator = Authenticator(replace(house.portal, writer=store), ADAPTER, clock=house.clock.monotonic)
    viewers = await asyncio.gather(*(authenticator.viewer(cookie, by_cookie=True) for cookie in cookies))
    assert None not in viewers
    await authenticator.close()
    assert store.transactions == 1
    rows = await house.writer.rows("select last_seen_at, token_expires_at from session")
    assert {(row["last_seen_at"], row["token_expires_at"]) for row in rows} == {
        (NOON + timedelta(minutes=5), NOON + timedelta(minutes=35))
    }


async def test_a_whole_school_does_not_go_into_one_transaction(house: House) -> None:
    store = Counting(house.writer)
    uses = Uses(store)
    for session in range(2 * TOGETHER + 1):
        uses.note(session, NOON, NOON)
    await uses.written()
    assert store.transactions == 3


async def test_a_session_goes_on_by_a_use_that_is_yet_to_be_noted(house: House) -> None:
    await house.account("ana")
    cookie = await house.web("ana")
    authenticator = Authenticator(house.portal, ADAPTER, clock=house.clock.monotonic, seconds=0, settled_seconds=0)
    house.clock.pass_by(minutes=29)
    assert await authenticator.viewer(cookie, by_cookie=True) is not None
    house.clock.pass_by(minutes=2)
    viewer = await authenticator.viewer(cookie, by_cookie=True)
    assert viewer is not None
    assert viewer.expires_at == NOON + timedelta(minutes=61)
    await authenticator.close()


async def test_a_session_that_has_ended_does_not_go_on_by_an_earlier_use(house: House) -> None:
    await house.account("ana")
    cookie = await house.web("ana")
    authenticator = Authenticator(house.portal, ADAPTER, clock=house.clock.monotonic, seconds=0, settled_seconds=0)
    house.clock.pass_by(minutes=10)
    assert await authenticator.viewer(cookie, by_cookie=True) is not None
    async with house.writer.transaction() as transaction:
        await transaction.execute("update session set ended_at = :now_at, end_reason = 'ELSEWHERE'", {"now_at": NOON})
    assert await authenticator.viewer(cookie, by_cookie=True) is None
    await authenticator.close()
    (row,) = await house.writer.rows("select last_seen_at from session")
    assert row["last_seen_at"] == NOON


async def test_a_use_that_cannot_be_noted_is_let_go(house: House, caplog: pytest.LogCaptureFixture) -> None:
    store = Counting(house.writer, away=True)
    uses = Uses(store)
    uses.note(1, NOON, NOON)
    uses.note(2, NOON, NOON)
    await uses.written()
    assert [record.getMessage() for record in caplog.records] == ["The use of 2 sessions was not noted (SOURCE_DOWN)."]
    store.away = False
    uses.note(1, NOON, NOON)
    await uses.written()
    assert store.transactions == 2
