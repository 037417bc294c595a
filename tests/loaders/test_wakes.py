"""Calls between processes: heard by all over Redis and PostgreSQL, folded, and taken up again after a cut."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from loaders.wakes import Wakes, WakeUnavailable, line_to
from tests.hose import Hose
from tests.services import POSTGRESQL, REDIS
from tests.stores import empty_place

LINES = [pytest.param("redis", marks=pytest.mark.redis), pytest.param("notify", marks=pytest.mark.postgresql)]


class Ear:
    """What one process has heard."""

    def __init__(self) -> None:
        self.heard: list[int | None] = []
        self.changed = asyncio.Event()

    def __call__(self, number: int | None) -> None:
        self.heard.append(number)
        self.changed.set()

    async def until(self, there: Callable[[list[int | None]], bool]) -> None:
        async with asyncio.timeout(20):
            while not there(self.heard):
                await self.changed.wait()
                self.changed.clear()


@pytest.mark.parametrize("kind", LINES)
async def test_all_hear_what_one_says_and_again_after_a_cut(kind: str, tmp_path: Path) -> None:
    async with empty_place("postgresql" if kind == "notify" else "sqlite", tmp_path) as store:
        async with Hose(REDIS if kind == "redis" else POSTGRESQL).open() as hose:
            through = f"127.0.0.1:{hose.port}"
            straight = REDIS if kind == "redis" else kind
            cut_off = f"redis://{through}" if kind == "redis" else kind
            around = f"postgresql://{urlsplit(store).username or 'postgres'}@{through}{urlsplit(store).path}"
            one, other = Ear(), Ear()
            channel = f"homeroom:test:{tmp_path.name}"
            first = Wakes(line_to(straight, store, channel), one)
            second = Wakes(line_to(cut_off, around if kind == "notify" else store, channel), other)
            await first.start()
            await second.start()
            try:
                await one.until(lambda heard: heard == [None])
                await other.until(lambda heard: heard == [None])
                assert first.open
                for number in range(1, 101):
                    first.say(number)
                await other.until(lambda heard: 100 in heard)
                assert len(other.heard) < 20
                hose.cut()
                first.say(101)
                await one.until(lambda heard: 101 in heard)
                assert 101 not in other.heard
                second.say(102)
                hose.cut_off = False
                await other.until(lambda heard: heard.count(None) == 2)
                first.say(103)
                await other.until(lambda heard: 103 in heard)
                second.say(104)
                await one.until(lambda heard: 104 in heard)
            finally:
                await first.stop()
                await second.stop()
            assert not first.open


async def test_what_cannot_be_had_is_told_at_once() -> None:
    with pytest.raises(WakeUnavailable, match="PostgreSQL"):
        line_to("notify", "sqlite:///portal.db", "homeroom")
