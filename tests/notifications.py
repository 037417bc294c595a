"""A district whose families are told: what changes in it is seen, the clock goes on, and what went out is read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from loaders.portal.access_rules import Block, Orders, Switch
from loaders.portal.notification_rules import put_habits, put_rule
from loaders.portal.push_devices import NewDevice, put_device
from loaders.portal.pushes import due_pushes
from loaders.statement import Key
from resolvers.context import Caller, Context, Viewer
from resolvers.live import Live
from resolvers.notifications.moments import Habits, kept_habits
from resolvers.notifications.notifier import WINDOW, Notifier
from resolvers.notifications.rules import NotificationKind, NotificationMode, Rule, stored
from resolvers.portal.push import opened
from resolvers.rules import Rules
from tests.hub import hub
from tests.portal import House, empty_place, open_house
from tests.world import World, open_world

MOTHER, FATHER = 1, 2
PUPIL, SISTER = 1, 3
#: A Monday, 16:00 where the district is: school is out, and no hour is quiet.
AFTERNOON = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)


@dataclass
class Told:
    """A district, the hub that watches it, and the notifier that tells of it."""

    world: World
    house: House
    live: Live
    notifier: Notifier
    accounts: dict[int, int]

    def context(self, guardian: int) -> Context:
        """An operation of a guardian's."""
        viewer = Viewer(
            self.accounts[guardian], 1, f"parent{guardian}", guardian, frozenset(), datetime.max.replace(tzinfo=UTC)
        )
        return Context(self.world.source, viewer, Caller(), self.house.portal, self.live, "Maple Falls")

    def forward(self, **spans: float) -> None:
        """Let time pass."""
        self.house.clock.pass_by(**spans)

    async def see(self) -> None:
        """Have what changed in the district logged."""
        await self.live.poll()

    def order(self, *orders: Block | Switch) -> None:
        """Let these orders of the school hold, and no other."""
        number = self.world.source.orders + 1
        blocks = [each for each in orders if isinstance(each, Block)]
        switches = [each for each in orders if isinstance(each, Switch)]
        self.world.source.notes[Rules] = Rules(Orders(number, blocks, switches))
        self.world.source.orders = number

    async def change(self, sql: str, *values: Any) -> None:
        """Change the district, and have it logged."""
        self.world.change(sql, *values)
        await self.see()

    async def round(self) -> int:
        """A round of the notifier."""
        return await self.notifier.round()

    async def settle(self) -> int:
        """A round, and one after everything has settled; how many notifications that made."""
        return await self.round() + await self._after(WINDOW)

    async def _after(self, span: timedelta) -> int:
        self.forward(seconds=span.total_seconds())
        return await self.round()

    def grade(self, student: int, kind: str = "POSTED") -> int:
        """A grade of that student."""
        sql = "select min(id) from grade where student_id = ? and kind = ? and released = 1"
        return int(self.world.rows(sql, student, kind)[0][0])

    async def set(self, grade: int, percent: float, letter: str = "B") -> None:
        """Enter a percent and a letter, and have it logged."""
        await self.change("update grade set percent = ?, letter = ? where id = ?", percent, letter, grade)

    async def rule(self, guardian: int, rule: Rule, student: Key | str = "") -> None:
        """Let a guardian have a rule."""
        async with self.house.writer.transaction() as transaction:
            kept = stored(rule, str(student))
            await put_rule(transaction, self.accounts[guardian], kept, self.house.clock.now())

    async def only(self, guardian: int, *rules: Rule) -> None:
        """Let a guardian be told of these kinds alone."""
        for kind in NotificationKind:
            given = [rule for rule in rules if rule.kind is kind]
            await self.rule(guardian, given[0] if given else Rule(kind, NotificationMode.OFF, frozenset()))

    async def habits(self, guardian: int, habits: Habits) -> None:
        """Let a guardian have these habits."""
        async with self.house.writer.transaction() as transaction:
            kept = kept_habits(habits)
            await put_habits(transaction, self.accounts[guardian], kept, self.house.clock.now())

    async def device(self, guardian: int, name: str = "phone") -> int:
        """Let a guardian have a device."""
        session = await self.house.mobile(f"parent{guardian}")
        new = NewDevice(self.accounts[guardian], session.session_id, "WEB_PUSH", name, "sealed", name)
        async with self.house.writer.transaction() as transaction:
            return await put_device(transaction, new, self.house.clock.now())

    async def pushes(self) -> list[str]:
        """What every push in the outbox says, in order."""
        found = await due_pushes(self.house.writer, self.house.clock.now() + timedelta(days=9), 1_000)
        return [opened(self.house.portal.sealer, each.payload_sealed).body for each in found]

    async def listed(self, guardian: int) -> list[tuple[str, int, bool]]:
        """Kind, number and whether it corrects, of all that a guardian was told, in order."""
        found = await self.house.writer.rows(
            "select kind, number, corrects from notification where account_id = :id order by id",
            {"id": self.accounts[guardian]},
        )
        return [(row["kind"], row["number"], bool(row["corrects"])) for row in found]


@asynccontextmanager
async def open_told(folder: Path, engine: str = "sqlite", students: int = 25) -> AsyncIterator[Told]:
    """A district of that many students at four in the afternoon, whose log and notifier have begun."""
    async with empty_place(engine, folder) as url, open_house(url) as house:
        house.clock.at = AFTERNOON
        world = await open_world(folder / "district.db", students, house.clock.now)
        accounts = {number: await house.account(f"parent{number}", str(number)) for number in (MOTHER, FATHER)}
        world.change("update guardian set email = given_name || '@families.example' where id in (1, 2)")
        live = hub(world.source, house.writer, house.portal.sealer)
        told = Told(world, house, live, Notifier(house.portal, world.source), accounts)
        await told.see()
        await told.round()
        yield told
        await live.stop()
        await told.notifier.stop()
        await world.recorded.reads.close()
