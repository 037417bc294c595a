"""The outbox of push and its devices: each device once by event and rule, and alive as long as its log-in."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from loaders.database import Writer
from loaders.portal.push_devices import (
    NewDevice,
    PushDevice,
    bury_device,
    device_by_id,
    devices_of_account,
    put_device,
    remove_device,
)
from loaders.portal.pushes import due_pushes, finish_push
from loaders.portal.sessions import end_session
from resolvers.portal.push import Notice, Told, opened, post_push
from tests.portal import House, empty_place, open_house

NOTICE = Notice("New grade", "A grade was posted for Ana.", "grade:7", "/#grades")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        yield house


async def device(house: House, username: str, address: str = "a") -> PushDevice:
    """A device of an account that is there, in a session of its own."""
    session = await house.mobile(username)
    new = NewDevice(session.account_id, session.session_id, "FCM", address, "sealed", None)
    async with house.writer.transaction() as transaction:
        made = await device_by_id(transaction, await put_device(transaction, new, house.portal.instant()))
    assert made is not None
    return made


async def test_a_device_is_told_once_of_an_event_by_a_rule_and_then_never_again(house: House) -> None:
    await house.account("ana")
    phone, tablet = await device(house, "ana"), await device(house, "ana", "b")
    async with house.writer.transaction() as transaction:
        told = [
            await post_push(house.portal, transaction, to, NOTICE, Told(event, rule))
            for to in (phone, tablet)
            for event, rule in (("e1", "r1"), ("e1", "r1"), ("e1", "r2"), ("e2", "r1"))
        ]
    assert told == [True, False, True, True] * 2
    due = await due_pushes(house.writer, house.clock.now(), 10)
    assert len(due) == 6
    assert opened(house.portal.sealer, due[0].payload_sealed) == NOTICE
    assert "grade" not in due[0].payload_sealed
    async with house.writer.transaction() as transaction:
        assert await finish_push(transaction, due[0].id, "SENT", house.clock.now())
        assert not await finish_push(transaction, due[0].id, "FAILED", house.clock.now())
        assert not await post_push(house.portal, transaction, phone, NOTICE, Told("e1", "r1"))
    emptied = "select count(*) as n from push where payload_sealed is null"
    assert (await house.count(emptied), len(await due_pushes(house.writer, house.clock.now(), 10))) == (1, 5)


@pytest.mark.parametrize("path", ["https://x.example/", "//x.example", "/\\x.example", "x"])
async def test_a_notice_leads_nowhere_but_into_the_portal(house: House, path: str) -> None:
    await house.account("ana")
    phone = await device(house, "ana")
    with pytest.raises(ValueError, match="portal"):
        async with house.writer.transaction() as transaction:
            await post_push(house.portal, transaction, phone, Notice("a", "b", "c", path), Told("e", "r"))
    assert await house.count("select count(*) as n from push") == 0


async def test_an_address_belongs_to_whom_registered_it_last_and_dies_with_that_log_in(house: House) -> None:
    ana, ben = await house.account("ana"), await house.account("ben", "8")
    first = await device(house, "ana")
    again = await device(house, "ana")
    assert again.id == first.id
    assert again.session_id != first.session_id
    passed_on = await device(house, "ben")
    assert passed_on.id > first.id
    assert await devices_of_account(house.writer, ana) == []
    assert await devices_of_account(house.writer, ben) == [passed_on]
    async with house.writer.transaction() as transaction:
        assert not await remove_device(transaction, passed_on.id, ana)
        await end_session(transaction, passed_on.session_id, "LOGGED_OUT", house.portal.instant())
    assert await device_by_id(house.writer, passed_on.id) is None
    assert await devices_of_account(house.writer, ben) == []


async def test_a_device_that_was_registered_again_meanwhile_is_not_buried(house: House) -> None:
    await house.account("ana")
    seen = await device(house, "ana")
    house.clock.pass_by(minutes=1)
    again = await device(house, "ana")
    async with house.writer.transaction() as transaction:
        assert not await bury_device(transaction, seen)
        assert await bury_device(transaction, again)
    assert await device_by_id(house.writer, seen.id) is None


@pytest.mark.postgresql
async def test_an_address_registered_in_two_processes_at_once_is_the_later_ones(tmp_path: Path) -> None:
    async with empty_place("postgresql", tmp_path) as url, open_house(url) as house:
        await house.account("ana")
        await house.account("ben", "8")
        ana, ben = [await house.mobile(name) for name in ("ana", "ben")]
        first, second = [NewDevice(each.account_id, each.session_id, "FCM", "a", "sealed", None) for each in (ana, ben)]
        other = await Writer.open(url)
        try:

            async def register_second() -> int:
                async with other.transaction() as transaction:
                    return await put_device(transaction, second, house.portal.instant())

            async with house.writer.transaction() as transaction:
                await put_device(transaction, first, house.portal.instant())
                waiting = asyncio.create_task(register_second())
                await blocked(house)
            made = await waiting
        finally:
            await other.close()
        assert [(each.id, each.account_id) for each in await devices_of_account(house.writer, ben.account_id)] == [
            (made, ben.account_id)
        ]
        assert await devices_of_account(house.writer, ana.account_id) == []


async def blocked(house: House) -> None:
    """Wait until a statement of the store's waits for another's."""
    query = "select count(*) as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    for _ in range(1_000):
        if await house.count(query):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("Nobody waits for anybody.")
