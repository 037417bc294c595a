"""A district whose staff write to families from here: who writes, who reads, and what is sent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from gateway.execution.documents import GraphQLRequest
from gateway.sending import MessageSender
from loaders.contract import MessageScope
from loaders.ids import node_id
from loaders.portal.posted_messages import PostedMessage
from loaders.portal.roles import StaffRole
from resolvers.context import Context
from resolvers.mailroom import put_mailroom, renew_inboxes
from resolvers.portal.message_order import SendMessage, send_message
from tests.office import office
from tests.portal import House, empty_place, open_house
from tests.world import ENGINE, TODAY, World, noon, open_world

NOON = noon(TODAY)


class SchoolClock:
    """The clock of the school's day, moved by hand."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        """The instant that it shows."""
        return self.at


@dataclass
class Mail:
    """A district, a portal store, and the mailroom between them."""

    world: World
    house: House
    clock: SchoolClock
    desks: dict[StaffRole, Context] = field(default_factory=dict)

    async def desk(self, role: StaffRole = StaffRole.OFFICE) -> Context:
        """An operation of a member of staff."""
        if role not in self.desks:
            self.desks[role] = await office(self.house, self.world.source, role)
        return self.desks[role]

    async def order(self, scope: MessageScope = MessageScope.DISTRICT, **given: Any) -> PostedMessage:
        """A message that is ordered, by ADMIN where nobody else is said."""
        desk = given.pop("desk", None) or await self.desk(StaffRole.ADMIN)
        order = {"subject": "Snow day", "body": "No school.", "language": "en", **given}
        done = await send_message(desk, SendMessage(scope, **order))
        assert isinstance(done, PostedMessage), done
        return done

    async def send(self, scope: MessageScope = MessageScope.DISTRICT, **given: Any) -> PostedMessage:
        """A message that is ordered and sent."""
        order = await self.order(scope, **given)
        await self.deliver()
        return order

    async def deliver(self) -> int:
        """Lets the sender send what is to be sent."""
        return await MessageSender(self.house.portal, self.world.source).send_ordered()

    def later(self, **passed: float) -> None:
        """Lets time pass, as in `timedelta(**passed)`."""
        self.clock.at += timedelta(**passed)

    def reader(self, guardian: int) -> Context:
        """An operation of a guardian."""
        context = self.world.context(guardian)
        context._portal = self.house.portal
        return context

    async def ask(self, guardian: int, document: str, **variables: Any) -> Any:
        """The data that a guardian is answered with, which must be without errors."""
        prepared = ENGINE.prepare(GraphQLRequest(document, variables=variables))
        assert not prepared.errors, prepared.errors
        answer = await ENGINE.execute(prepared, self.reader(guardian))
        assert not answer.errors, answer.errors
        return orjson.loads(orjson.dumps(answer.data))

    async def subjects(self, guardian: int, **wanted: Any) -> list[str]:
        """The subjects of a guardian's messages, as they stand in the inbox."""
        document = (
            "query ($filter: MessageFilter) { me { messages(first: 100, filter: $filter) { nodes { subject } } } }"
        )
        data = await self.ask(guardian, document, filter=wanted)
        return [node["subject"] for node in data["me"]["messages"]["nodes"]]


def school_of(world: World, student: int) -> str:
    """The id of the school that a student attends."""
    (row,) = world.rows(
        "select max(school_id) from school_enrollment where student_id = ? and ends_on is null", student
    )
    return node_id("School", row[0])


@asynccontextmanager
async def open_mail(folder: Path, students: int = 40, engine: str = "sqlite") -> AsyncIterator[Mail]:
    """A district with a mailroom of which nothing was sent yet."""
    clock = SchoolClock()
    world = await open_world(folder / "district.db", students, clock)
    async with empty_place(engine, folder) as url, open_house(url) as house:
        put_mailroom(world.source, house.writer, house.portal.sealer)
        await renew_inboxes(world.source)
        yield Mail(world, house, clock)
    await world.recorded.reads.close()
