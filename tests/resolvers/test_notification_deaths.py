"""Nothing is told twice and nothing lost, wherever the process dies that tells it, and whoever goes on."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from loaders.database import Writer
from loaders.errors import SourceDown
from loaders.portal.transaction import Params, Row, Transaction
from resolvers.lease import Replaced
from resolvers.notifications.moments import Habits
from resolvers.notifications.notifier import LEASE, WINDOW, Notifier
from tests.notifications import FATHER, MOTHER, PUPIL, SISTER, Told, open_told


class Killed(BaseException):
    """The process is no more."""


@dataclass
class Mortal:
    """The store of a process that dies at its n-th step: a statement in a transaction, or the moment after a commit."""

    store: Writer
    left: int

    def step(self) -> None:
        """One step nearer."""
        self.left -= 1
        if self.left < 0:
            raise Killed

    async def rows(self, sql: str, params: Params | None = None, /) -> Sequence[Row]:
        """What is committed."""
        return await self.store.rows(sql, params or {})

    def rows_at_once(self, sql: str, params: Params | None = None, /) -> Sequence[Row] | None:
        """The same without a wait."""
        return self.store.rows_at_once(sql, params or {})

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["MortalTransaction"]:
        """A transaction in which it may die, or after which."""
        async with self.store.transaction() as transaction:
            yield MortalTransaction(self, transaction)
        self.step()


@dataclass
class MortalTransaction:
    """A transaction each of whose statements may be the last."""

    mortal: Mortal
    transaction: Transaction

    async def rows(self, sql: str, params: Params | None = None, /) -> Sequence[Row]:
        """The rows."""
        self.mortal.step()
        return await self.transaction.rows(sql, params or {})

    async def execute(self, sql: str, params: Params | None = None, /) -> int:
        """How many rows it changed."""
        self.mortal.step()
        return await self.transaction.execute(sql, params or {})

    async def insert(self, sql: str, params: Params | None = None, /) -> int:
        """The id."""
        self.mortal.step()
        return await self.transaction.insert(sql, params or {})


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[Told]:
    async with open_told(tmp_path) as made:
        yield made


async def life(told: Told, steps: int) -> bool:
    """A round of a process that dies after so many steps; whether it lived through it."""
    told.forward(seconds=LEASE.total_seconds() + 1)
    mortal = Mortal(told.house.writer, steps)
    process = Notifier(replace(told.house.portal, writer=mortal), told.world.source)
    try:
        await process.round()
        await process.stop()
    except Killed:
        return False
    return True


async def test_killed_at_any_step_of_deciding_or_telling_each_thing_is_told_once_on_each_device(told: Told) -> None:
    random = Random(9)
    grades = [told.grade(student) for student in (PUPIL, SISTER)]
    for name in ("phone", "tablet"):
        await told.device(MOTHER, name)
    for guardian in (MOTHER, FATHER):
        await told.habits(guardian, Habits(quiet=None, holds_in_school=False))
    await told.notifier.stop()
    survived = []
    for number in range(1, 17):
        for grade in grades:
            await told.set(grade, number)
        alive = await life(told, random.randrange(24))
        told.forward(seconds=WINDOW.total_seconds())
        alive = await life(told, random.randrange(90)) and alive
        survived.append(alive)
        # Somebody goes on.
        told.forward(seconds=WINDOW.total_seconds())
        assert await life(told, 10_000)
        told.forward(seconds=WINDOW.total_seconds())
        assert await life(told, 10_000)
        expected = [("GRADE_POSTED", 1, round_ > 1) for round_ in range(1, number + 1) for _ in grades]
        for guardian in (MOTHER, FATHER):
            assert await told.listed(guardian) == expected, number
        assert len(await told.pushes()) == 2 * 2 * number
        mails = [address for address, _, _ in await told.house.mail()]
        assert mails.count("Marisol@families.example") == mails.count("Graham@families.example") == number
    assert survived.count(False) > 8


async def test_one_tells_at_a_time_and_one_that_was_held_up_finds_that_another_has_told(told: Told) -> None:
    first = told.notifier
    second = Notifier(told.house.portal, told.world.source)
    await told.set(told.grade(PUPIL), 20)
    await first.round()
    told.forward(minutes=9, seconds=59)
    assert list(await asyncio.gather(first.round(), second.round())) == [0, 0]
    assert [first.telling, second.telling] == [True, False]
    # Held up in the middle of telling, while its lease ends and another tells.
    read = first._teller._sort

    async def slowly(*given: Any) -> Any:
        found = await read(*given)
        first._teller._sort = read  # type: ignore[method-assign]
        told.forward(seconds=7)
        assert await second.round() == 2
        return found

    first._teller._sort = slowly  # type: ignore[method-assign, assignment]
    told.forward(seconds=2)
    assert await first.round() == 0
    assert [first.telling, second.telling] == [False, True]
    assert await told.listed(MOTHER) == [("GRADE_POSTED", 1, False)]
    with pytest.raises(Replaced):
        async with told.house.writer.transaction() as transaction:
            await first._lease.guard(transaction)
    # Held up as it decides.
    await second.stop()
    decide = first._decider._notices

    async def slowly_decided(*given: Any) -> Any:
        found = await decide(*given)
        first._decider._notices = decide  # type: ignore[method-assign]
        told.forward(seconds=7)
        await second.round()
        return found

    first._decider._notices = slowly_decided  # type: ignore[method-assign, assignment]
    await told.set(told.grade(PUPIL), 21)
    assert await first.round() == 0
    assert [first.telling, second.telling] == [False, True]
    told.forward(minutes=10)
    assert await second.round() == 2
    await second.stop()
    assert await first.round() == 0
    assert first.telling


async def test_first_contact_another_log_and_a_forgotten_one_tell_nobody_of_what_was_before(told: Told) -> None:
    # A log that was begun anew, as by a store that was brought back.
    await told.set(told.grade(PUPIL), 20)
    async with told.house.writer.transaction() as transaction:
        await transaction.execute("update change_log set epoch = 'abcdefabcdefabcd'")
    assert await told.settle() == 0
    # A new guardian is told of nothing that was before, and of what comes from then on.
    await told.set(told.grade(PUPIL), 21)
    assert await told.settle() == 2
    # What was forgotten before it was gone through is passed over, and the rest is told.
    await told.set(told.grade(PUPIL), 22)
    await told.set(told.grade(SISTER), 23)
    async with told.house.writer.transaction() as transaction:
        await transaction.execute("delete from change where seq = (select head - 1 from change_log)")
        await transaction.execute("update change_log set forgotten = head - 1")
    assert await told.settle() == 2


async def test_while_the_source_is_away_nothing_is_told_and_nothing_lost(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*given: Any, **named: Any) -> Any:
        raise SourceDown("The student information system does not answer.")

    await told.set(told.grade(PUPIL), 20)
    # As it is decided, and as it is told.
    for made in (0, 2):
        with monkeypatch.context() as patch:
            patch.setattr(told.world.source, "fetch", away)
            with pytest.raises(SourceDown):
                await told.round()
        assert await told.round() == made
        told.forward(minutes=10)
    assert await told.listed(MOTHER) == await told.listed(FATHER) == [("GRADE_POSTED", 1, False)]


async def test_what_changes_while_it_is_being_told_is_not_told_half(told: Told) -> None:
    await told.set(told.grade(PUPIL), 20)
    await told.set(told.grade(SISTER), 20)
    await told.round()
    told.forward(minutes=10)
    read = told.notifier._teller._sort

    async def moved(*given: Any) -> Any:
        found = await read(*given)
        told.notifier._teller._sort = read  # type: ignore[method-assign]
        async with told.house.writer.transaction() as transaction:
            await transaction.execute(
                "update notice set version = 'another' where account_id = :id and student_id = :student",
                {"id": told.accounts[MOTHER], "student": str(SISTER)},
            )
        return found

    told.notifier._teller._sort = moved  # type: ignore[method-assign, assignment]
    assert await told.round() == 2
    assert (len(await told.listed(FATHER)), await told.listed(MOTHER)) == (2, [])
    assert len(await told.house.mail()) == 1
    assert await told.round() == 2
    assert len(await told.house.mail()) == 2
