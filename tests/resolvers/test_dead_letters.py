"""Dead letters: seen by whom they are for, without what they say, and tried again where that makes sense."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from strawberry.types import ExecutionResult

from gateway.mail import Mail, MailLane, Outgoing
from gateway.outbox import Outbox, Rounds, Undeliverable
from loaders.ids import node_id
from loaders.portal.dead_letters import LetterKind, NewDeadLetter, add_dead_letter
from loaders.portal.push_devices import NewDevice, device_by_id, put_device
from loaders.portal.pushes import due_pushes, finish_push
from loaders.portal.roles import StaffRole
from resolvers.context import Context
from resolvers.portal.mail import Letter, post
from resolvers.portal.push import Notice, Told, post_push
from schema.api import schema
from tests.office import office
from tests.portal import House, empty_place, open_house
from tests.world import World, open_world

LIST = """query ($kind: LetterKind, $first: Int, $after: String) {
  staff { deadLetters(kind: $kind, first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor }
    nodes { id kind about username reason tries postedAt diedAt replayable } } } }"""
REPLAY = """mutation ($ids: [ID!]!) {
  replayDeadLetters(ids: $ids) { ... on ReplayDeadLettersSuccess { replayed passedOver } } }"""
LETTER = Letter("password_changed", "ana@example.org", "en", {"name": "Ana", "username": "ana", "when": "today"})


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students."""
    made = await open_world(Path(tmp_path_factory.mktemp("letters")) / "district.db", 25)
    yield made
    await made.recorded.reads.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        yield house


@dataclass
class Server:
    """A mail server that refuses until it is repaired."""

    broken: bool = True
    sent: int = 0

    async def send(self, mail: Outgoing) -> None:
        """Takes a mail, or refuses it."""
        if self.broken:
            raise Undeliverable("The address was refused (550).")
        self.sent += 1


def mails(house: House, server: Mail) -> Outbox[Any]:
    return Outbox(house.portal, MailLane(house.portal, server), Rounds(draw=lambda: 1.0))


async def data(context: Context, document: str, **variables: Any) -> Any:
    answer = await schema.execute(document, variable_values=variables, context_value=context)
    assert isinstance(answer, ExecutionResult)
    assert answer.errors is None, answer.errors
    return answer.data


async def refusals(context: Context, document: str, **variables: Any) -> set[str]:
    answer = await schema.execute(document, variable_values=variables, context_value=context)
    assert isinstance(answer, ExecutionResult)
    return {getattr(error.original_error, "code", "") for error in answer.errors or ()}


async def dead_push(house: House, account: int, event: str, *, hopeless: bool = False) -> None:
    """Has a push of the account's given up."""
    async with house.writer.transaction() as transaction:
        session = (await transaction.rows("select max(id) as id from session", {}))[0]["id"]
        new = NewDevice(account, session, "FCM", "hash", "sealed", None)
        device = await device_by_id(transaction, await put_device(transaction, new, house.portal.instant()))
        assert device is not None
        assert await post_push(house.portal, transaction, device, Notice("T", "B", "t"), Told(event, "r"))
        (push,) = await due_pushes(transaction, house.clock.now(), 1)
        await finish_push(transaction, push.id, "FAILED", house.clock.now(), "FCM answered 400.")
        kept = None if hopeless else push.payload_sealed
        letter = NewDeadLetter(
            LetterKind.PUSH,
            push.id,
            account,
            "GRADES",
            "FCM answered 400.",
            1,
            push.posted_at,
            house.clock.now(),
            push.worthless_at,
            kept,
        )
        await add_dead_letter(transaction, letter)


async def test_what_was_given_up_is_seen_tried_again_and_then_gone(house: House, world: World) -> None:
    account, server = await house.account("ana", "7"), Server()
    await house.mobile("ana")
    outbox = mails(house, server)
    async with house.writer.transaction() as transaction:
        await post(house.portal, transaction, LETTER)
        await post(house.portal, transaction, Letter(LETTER.template, "b@x.org", "en", LETTER.values, account))
    assert await outbox.deliver_due() == 0
    await dead_push(house, account, "e1")
    await dead_push(house, account, "e2", hopeless=True)
    admin = await office(house, world.source, StaffRole.ADMIN)
    page = (await data(admin, LIST, first=3))["staff"]["deadLetters"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (4, True)
    assert [(n["kind"], n["about"], n["username"], n["replayable"]) for n in page["nodes"]] == [
        ("PUSH", "GRADES", "ana", False),
        ("PUSH", "GRADES", "ana", True),
        ("MAIL", "password_changed", "ana", True),
    ]
    assert page["nodes"][2]["reason"] == "The address was refused (550)."
    rest = (await data(admin, LIST, after=page["pageInfo"]["endCursor"]))["staff"]["deadLetters"]
    assert [(n["kind"], n["username"]) for n in rest["nodes"]] == [("MAIL", None)]
    pushes = (await data(admin, LIST, kind="PUSH"))["staff"]["deadLetters"]
    assert (pushes["totalCount"], len(pushes["nodes"])) == (2, 2)
    # Whose letters they are reads once that they were looked at.
    looked = "select count(*) as n from access_log where action = 'OPENED' and account_id is not null"
    assert await house.count(looked) == 1

    server.broken = False
    ids = [node["id"] for node in (*page["nodes"], *rest["nodes"])]
    made_up = [node_id("DeadLetter", 999), node_id("Device", 1), "x", ids[1]]
    done = (await data(admin, REPLAY, ids=[*ids, *made_up]))["replayDeadLetters"]
    assert done == {"replayed": ids[1:], "passedOver": [ids[0], *made_up[:3]]}
    assert house.portal.mail_posted.is_set()
    assert house.portal.push_posted.is_set()
    assert await outbox.deliver_due() == 2
    assert server.sent == 2
    assert [push.event_key for push in await due_pushes(house.writer, house.clock.now(), 9)] == ["e1"]
    left = (await data(admin, LIST))["staff"]["deadLetters"]
    assert [node["id"] for node in left["nodes"]] == [ids[0]]
    assert (await data(admin, REPLAY, ids=ids))["replayDeadLetters"]["replayed"] == []
    trail = [action for _, action, _ in await house.trail()]
    assert trail.count("DEAD_LETTER_REPLAYED") == 3
    changed = "select count(*) as n from access_log where action = 'CHANGED' and purpose = 'DELIVERY'"
    assert await house.count(changed) == 2


async def test_what_dies_again_stands_there_once_and_what_is_over_is_not_tried(house: House, world: World) -> None:
    server, worthless = Server(), house.clock.now() + timedelta(hours=1)
    outbox, admin = mails(house, server), await office(house, world.source, StaffRole.ADMIN)
    async with house.writer.transaction() as transaction:
        await post(
            house.portal,
            transaction,
            Letter(LETTER.template, "b@x.org", "en", LETTER.values, worthless_at=worthless),
        )
    await outbox.deliver_due()
    (first,) = (await data(admin, LIST))["staff"]["deadLetters"]["nodes"]
    assert (await data(admin, REPLAY, ids=[first["id"]]))["replayDeadLetters"]["replayed"] == [first["id"]]
    assert await outbox.deliver_due() == 0
    (again,) = (await data(admin, LIST))["staff"]["deadLetters"]["nodes"]
    assert again["id"] != first["id"]
    house.clock.pass_by(minutes=61)
    admin = await office(house, world.source, StaffRole.ADMIN)
    (over,) = (await data(admin, LIST))["staff"]["deadLetters"]["nodes"]
    assert over["replayable"] is False
    assert (await data(admin, REPLAY, ids=[over["id"]]))["replayDeadLetters"]["passedOver"] == [over["id"]]
    assert await house.count("select count(*) as n from mail where state = 'WAITING'") == 0


async def test_dead_letters_are_for_admin_alone(house: House, world: World) -> None:
    account = await house.account("ana", "3")
    parent = await house.context(world.source, await house.mobile("ana"))
    await dead_push(house, account, "e1")
    ids = [node_id("DeadLetter", 1)]
    unproven = await office(house, world.source, StaffRole.ADMIN, proven=False)
    others = [await office(house, world.source, role) for role in (StaffRole.OFFICE, StaffRole.SUPPORT)]
    for context, code in ((parent, "FORBIDDEN"), *((each, "FORBIDDEN") for each in others)):
        assert await refusals(context, REPLAY, ids=ids) == {code}
        assert await refusals(context, LIST) == {code}
    assert await refusals(unproven, REPLAY, ids=ids) == {"SECOND_FACTOR_REQUIRED"}
    admin = await office(house, world.source, StaffRole.ADMIN)
    assert await refusals(admin, REPLAY, ids=ids * 101) == {"BAD_USER_INPUT"}
    assert await house.count("select count(*) as n from push where state = 'WAITING'") == 0
