"""Alarms: each rings once, in order, or was cancelled; and what was cancelled is not kept."""

import asyncio
from functools import partial

from gateway.transport.alarms import Alarms


async def test_alarms_ring_once_in_the_order_in_which_they_are_due() -> None:
    alarms, rung, over = Alarms(), list[str](), asyncio.Event()
    alarms.after(0.05, over.set)
    for name, seconds in (("third", 0.03), ("first", 0.01), ("second", 0.02)):
        alarms.after(seconds, partial(rung.append, name))
    async with asyncio.timeout(5):
        await over.wait()
    assert rung == ["first", "second", "third"]
    assert len(alarms) == 0


async def test_a_cancelled_alarm_does_not_ring() -> None:
    alarms, rung, over = Alarms(), [], asyncio.Event()
    silent = alarms.after(0.01, lambda: rung.append("silent"))
    alarms.after(0.02, over.set)
    silent.cancel()
    silent.cancel()
    assert len(alarms) == 1
    async with asyncio.timeout(5):
        await over.wait()
    assert (rung, len(alarms)) == ([], 0)


async def test_an_alarm_that_fails_does_not_silence_the_others() -> None:
    alarms, over, failures = Alarms(), asyncio.Event(), []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context["exception"]))
    alarms.after(0.0, lambda: [].pop())
    alarms.after(0.01, over.set)
    async with asyncio.timeout(5):
        await over.wait()
    assert [type(failure) for failure in failures] == [IndexError]


async def test_an_alarm_may_set_another() -> None:
    alarms, over = Alarms(), asyncio.Event()

    def again() -> None:
        alarms.after(0.0, over.set)

    alarms.after(0.0, again)
    async with asyncio.timeout(5):
        await over.wait()
    assert len(alarms) == 0


async def test_what_was_cancelled_is_not_kept_until_it_would_have_rung() -> None:
    alarms = Alarms()
    for _ in range(10_000):
        alarms.after(3600, lambda: None).cancel()
    assert len(alarms) == 0
    assert len(alarms._waiting) < 200
