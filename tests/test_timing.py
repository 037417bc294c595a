"""The clock that tells known from unknown users: what it sees, what it does not, and the log-in before it."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from time import perf_counter

import pytest
import pytest_asyncio

from resolvers.context import Caller, Context
from resolvers.portal.forgotten import request_password_reset, request_username
from resolvers.portal.throttle import ALLOWANCES, Allowance, Purpose, Throttle
from tests import timing
from tests.portal import House, empty_place, open_house
from tests.world import World, open_world

GENEROUS = Allowance(free_failures=10**9, address_burst=10**9)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place("sqlite", tmp_path) as url, open_house(url) as house:
        throttle = Throttle({**ALLOWANCES, Purpose.LOG_IN: GENEROUS, Purpose.RECOVERY: GENEROUS})
        yield replace(house, portal=replace(house.portal, throttle=throttle))


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students, where Dana Porter has an e-mail address."""
    made = await open_world(Path(tmp_path_factory.mktemp("timing")) / "district.db", 25)
    yield made
    await made.recorded.reads.close()


def test_the_test_agrees_with_the_tables() -> None:
    # Mann and Whitney, with 10 and 10: U = 23 is the bound of 5 % on both sides.
    one = [1.0, 2, 3, 4, 5, 9, 11, 12, 13, 18]
    other = [6.0, 7, 8, 10, 14, 15, 16, 17, 19, 20]
    assert timing.same(one, other) == pytest.approx(0.045, abs=0.006)
    assert timing.same(other, one) == timing.same(one, other)
    assert timing.same([1.0] * 9, [1.0] * 9) == 1.0


def test_what_is_drawn_from_one_hat_is_not_told_apart() -> None:
    chance = Random(3)
    low = sum(timing.same(*([chance.random() for _ in range(50)] for _ in range(2))) < 0.05 for _ in range(400))
    assert 5 <= low <= 40


def work(seconds: float) -> None:
    until = perf_counter() + seconds
    while perf_counter() < until:
        pass


async def test_ten_milliseconds_more_are_seen() -> None:
    async def quick(_: int) -> None:
        work(0.001)

    async def slow(_: int) -> None:
        work(0.013)

    assert (await timing.compare(quick, slow, 40)).apart
    assert not (await timing.compare(quick, quick, 40)).apart


async def test_a_log_in_takes_as_long_for_nobody_as_for_somebody(house: House) -> None:
    for n in range(4):
        await house.account(f"ana-{n}")
    before = len(house.hasher.verified)

    async def known(n: int) -> None:
        await house.try_log_in(f"ana-{n % 4}", "Wrong-pass-1")

    async def unknown(n: int) -> None:
        await house.try_log_in(f"eva-{n % 4}", "Wrong-pass-1")

    verdict = await timing.compare(known, unknown, 100)
    assert not verdict.apart, verdict
    verified = house.hasher.verified[before:]
    assert len(verified) == 202
    assert sum(stored is None for stored in verified) == 101


@pytest.mark.parametrize(
    ("order", "known", "unknown"),
    [
        (request_username, "own@families.example", "nobody@families.example"),
        (request_password_reset, "dana", "nobody"),
    ],
)
@pytest.mark.parametrize("wholly", [False, True], ids=["answer", "errand"])
async def test_who_forgot_is_answered_as_fast_whether_known_or_not(
    house: House, world: World, order: Callable[[Context, str], None], known: str, unknown: str, wholly: bool
) -> None:
    account = await house.account("dana", "3")
    now = house.clock.now()
    async with house.writer.transaction() as transaction:
        await transaction.execute(
            "insert into recovery_email (account_id, email, email_key, set_at, confirmed_at) "
            "values (:id, :email, :email, :now_at, :now_at)",
            {"id": account, "email": "own@families.example", "now_at": now},
        )

    async def ask(name: str) -> None:
        order(Context(world.source, None, Caller(), house.portal, None), name)
        if wholly:
            await house.portal.errands.done()

    verdict = await timing.compare(lambda _: ask(known), lambda _: ask(unknown), 40)
    await house.portal.errands.done()
    assert not verdict.apart, verdict
    assert house.portal.errands.refused == 0
    assert {mail[0] for mail in await house.mail()} <= {"own@families.example", "dana.porter.3@example.org"}
