"""The clock that tells known from unknown users: what it sees, what it does not, and the log-in before it."""

from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from time import perf_counter

import pytest

from resolvers.portal.throttle import ALLOWANCES, Allowance, Purpose, Throttle
from tests import timing
from tests.portal import House, empty_place, open_house

GENEROUS = Allowance(free_failures=10**9, address_burst=10**9)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place("sqlite", tmp_path) as url, open_house(url) as house:
        yield house


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
    throttle = Throttle({**ALLOWANCES, Purpose.LOG_IN: GENEROUS})
    object.__setattr__(house.portal, "throttle", throttle)
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
