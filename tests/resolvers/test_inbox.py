"""One inbox of two origins: what was sent from here and what the source keeps, in one order, each once."""

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from loaders.contract import MessageScope
from loaders.ids import node_id
from loaders.portal.access_rules import BlockReason
from loaders.portal.roles import StaffRole
from resolvers.portal.access_orders import lift_access_block, set_access_block
from resolvers.portal.message_order import withdraw_message
from resolvers.portal.problems import ProblemCode, Refused
from resolvers.portal.read_marks import MessagesMarked, mark_messages_read
from tests.documents import FIRST_SCREEN_OF_SOURCE
from tests.mailroom import NOON, Mail, open_mail

PAGE = """query ($first: Int, $after: String, $filter: MessageFilter) { me { messages(
  first: $first, after: $after, filter: $filter) { totalCount pageInfo { hasNextPage endCursor }
  nodes { id subject bodyText scope sentAt read readAt pinned endsAt language sender { name role }
    students { id name } } } } }"""
UNREAD = "{ me { unreadMessageCount } }"
NODE = "query ($id: ID!) { node(id: $id) { ... on Message { id subject students { id } } } }"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def mail(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Mail]:
    """A district of thirty students."""
    async with open_mail(tmp_path, 30, request.param) as mail:
        yield mail


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Mail]:
    """The same, where the engine of the store is not the point."""
    async with open_mail(tmp_path, 30) as mail:
        yield mail


async def _pages(mail: Mail, guardian: int, first: int, wanted: Any = None) -> list[Any]:
    """All messages, a page at a time."""
    found: list[Any] = []
    after = None
    while True:
        data = await mail.ask(guardian, PAGE, first=first, after=after, filter=wanted)
        page = data["me"]["messages"]
        assert len(page["nodes"]) <= first
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(found)
            return found
        assert len(page["nodes"]) == first


def _order(node: Any) -> tuple[bool, str]:
    return node["pinned"], node["sentAt"]


async def test_pages_of_any_size_are_the_whole_inbox_in_one_order(mail: Mail) -> None:
    me, random = mail.world.guardian("parent"), Random(7)
    eldest = str(mail.world.student("parent"))
    # Among the source's, at the very instants of some of them, and some pinned.
    instants = mail.world.rows(
        "select sent_at from message where id in (select message_id from message_recipient where guardian_id = ?)", me
    )
    mail.clock.at = NOON - timedelta(days=100)
    hours = sorted({text for (text,) in instants if text > f"{mail.clock.at:%Y-%m-%dT%H:%M:%SZ}"})
    for number, hour in enumerate([*hours, *hours[:3]]):
        pinned = random.random() < 0.3
        until = NOON + timedelta(days=9) if pinned else None
        given: dict[str, Any] = {"show_from": mail.clock.at.fromisoformat(hour), "pinned": pinned, "show_until": until}
        scope = random.choice([MessageScope.DISTRICT, MessageScope.STUDENT])
        student = eldest if scope is MessageScope.STUDENT else None
        await mail.order(scope, subject=f"Here {number}", student_id=student, **given)
    mail.clock.at = NOON
    await mail.deliver()
    whole = await _pages(mail, me, 100)
    assert len(whole) == len(instants) + len(hours) + 3 == len({node["id"] for node in whole})
    assert whole == sorted(whole, key=_order, reverse=True)
    assert {node["pinned"] for node in whole} == {True, False}
    for first in (1, 2, 3, 7):
        assert await _pages(mail, me, first) == whole
    about = {"studentIds": [node_id("Student", eldest)]}
    for wanted, holds in (
        ({"scopes": ["DISTRICT"]}, lambda n: n["scope"] == "DISTRICT"),
        ({"pinned": True}, lambda n: n["pinned"]),
        (
            {"pinned": False, "since": whole[9]["sentAt"]},
            lambda n: not n["pinned"] and n["sentAt"] >= whole[9]["sentAt"],
        ),
        ({"until": whole[9]["sentAt"]}, lambda n: n["sentAt"] < whole[9]["sentAt"]),
        ({"unread": True}, lambda n: not n["read"]),
        (about, lambda n: about["studentIds"][0] in [student["id"] for student in n["students"]]),
        ({"search": "HERE 1"}, lambda n: "Here" in n["subject"] and "1" in n["subject"]),
    ):
        assert await _pages(mail, me, 2, wanted) == [node for node in whole if holds(node)], wanted
    assert (await mail.ask(me, UNREAD))["me"]["unreadMessageCount"] == sum(not node["read"] for node in whole)
    # Another family has what is the district's, and nothing else of it.
    other = await _pages(mail, mail.world.guardian("four_children"), 100)
    assert {node["scope"] for node in other if node["subject"].startswith("Here")} == {"DISTRICT"}


async def test_an_inbox_without_anything_from_here_is_the_sources_own(small: Mail) -> None:
    me = small.world.guardian("parent")
    quiet, count = await _pages(small, me, 3), await small.ask(me, UNREAD)
    cursor = (await small.ask(me, PAGE, first=3))["me"]["messages"]["pageInfo"]["endCursor"]
    # What another family gets makes this one's inbox one of two origins.
    await small.send(MessageScope.STUDENT, student_id=str(small.world.student("four_children")))
    assert await _pages(small, me, 3) == quiet
    assert await small.ask(me, UNREAD) == count
    for text in (
        '["0 9999-12-31T23:59:59-12:00 s 1"]', '["0 0001-01-01T00:00:00+14:00 p 1"]', '["1901-01-01T00:00:00Z", "1"]'
    ):  # fmt: skip
        found = await small.ask(me, PAGE, after=urlsafe_b64encode(text.encode()).decode())
        assert found["me"]["messages"]["totalCount"] == len(quiet)
    for text in (
        '["1 2026-11-23T17:00:00+00:00 s 1"]', '["2 2026-11-23T17:00:00+00:00 s 1"]', '["0 x s 1"]', "[]", "[1]",
        '["0 2026-11-23T17:00:00 p 1"]', '["0 2026-11-23T17:00:00+00:00 p 01"]',
    ):  # fmt: skip
        refused = await small.world.ask(PAGE, guardian=me, after=urlsafe_b64encode(text.encode()).decode())
        codes = [getattr(error.original_error, "code", None) for error in refused.errors or ()]
        assert codes == ["BAD_USER_INPUT"], text
    # A cursor from before leads on.
    later = await small.ask(me, PAGE, first=3, after=cursor)
    assert later["me"]["messages"]["nodes"] == quiet[3:6]


async def test_words_are_found_in_subject_text_and_sender_however_they_are_written(small: Mail) -> None:
    me = small.world.guardian("parent")
    await small.send(subject="Crème brûlée", body="<p>Bring your <b>own</b> spoon.</p>")
    for search in ("creme", "BRULEE crème", "own spoon", "jo desk spoon", "bring"):
        assert await small.subjects(me, search=search) == ["Crème brûlée"], search
    assert await small.subjects(me, search="creme tea") == []
    assert await small.subjects(me, search="<b>own") == []
    assert await small.subjects(me, search="slip friday") == ["Field trip", "Field trip"]
    refused = await small.world.ask('{ me { messages(filter: {search: " "}) { totalCount } } }', guardian=me)
    assert refused.errors is not None


async def test_what_is_read_is_kept_for_each_guardian_and_both_origins(mail: Mail) -> None:
    me, other = mail.world.guardian("parent"), mail.world.guardian("four_children")
    await mail.send()
    before = await _pages(mail, me, 50)
    unread = [node for node in before if not node["read"]]
    theirs = await _pages(mail, other, 50)
    ids = [unread[0]["id"], unread[1]["id"]]
    assert ids[0] == node_id("Message", "portal", 1)
    assert await mark_messages_read(mail.reader(me), ids, read=True) == MessagesMarked(tuple(ids))
    after = await _pages(mail, me, 50)
    assert [node["readAt"] for node in after if node["id"] in ids] == ["2026-11-23T17:00:00Z"] * 2
    assert (await mail.ask(me, UNREAD))["me"]["unreadMessageCount"] == len(unread) - 2
    assert {node["id"] for node in await _pages(mail, me, 2, {"unread": True})} == {n["id"] for n in unread[2:]}
    # What was read before stays read as of then, and what the school's system says was read can be marked unread.
    mail.later(hours=1)
    await mark_messages_read(mail.reader(me), [node["id"] for node in before], read=True)
    assert [n["readAt"] for n in await _pages(mail, me, 50) if n["id"] in ids] == ["2026-11-23T17:00:00Z"] * 2
    read = next(node for node in before if node["read"])
    assert next(n for n in await _pages(mail, me, 50) if n["id"] == read["id"])["readAt"] == read["readAt"]
    await mark_messages_read(mail.reader(me), [read["id"], ids[0]], read=False)
    assert [n["id"] for n in await _pages(mail, me, 50, {"unread": True})] == [ids[0], read["id"]]
    assert (await mail.ask(me, UNREAD))["me"]["unreadMessageCount"] == 2
    assert await _pages(mail, other, 50) == theirs


async def test_nobody_marks_or_reads_what_is_not_shown_to_them(small: Mail) -> None:
    me, other = small.world.guardian("parent"), small.world.guardian("four_children")
    await small.send(MessageScope.STUDENT, student_id=str(small.world.student("four_children")))
    (theirs,) = [n["id"] for n in await _pages(small, other, 50) if n["subject"] == "Snow day"]
    own = (await _pages(small, me, 1))[0]["id"]
    foreign_of_source = node_id("Message", small.world.rows(
        "select message_id from message_recipient where guardian_id = ? and message_id not in "
        "(select message_id from message_recipient where guardian_id = ?)", other, me)[0][0])  # fmt: skip
    made_up = [node_id("Message", "portal", 999), node_id("Message", 10**9), "x", node_id("Student", 10**9)]
    for id in (theirs, foreign_of_source, *made_up):
        assert (await small.ask(me, NODE, id=id))["node"] is None
        done = await mark_messages_read(small.reader(me), [own, id], read=True)
        assert isinstance(done, Refused)
        assert [(problem.code, problem.path) for problem in done.problems] == [
            (ProblemCode.MESSAGE_NOT_FOUND, ("ids", "1"))
        ]
    assert (await small.ask(other, NODE, id=theirs))["node"]["subject"] == "Snow day"
    assert await small.house.count("select count(*) as n from message_mark") == 0
    assert await small.house.count("select count(*) as n from message_delivery where read_at is not null") == 0


async def test_a_right_that_ends_takes_what_concerned_the_student_along(small: Mail) -> None:
    me, student = small.world.guardian("parent"), small.world.student("parent")
    desk = await small.desk()
    await small.send(subject="To all")
    await small.send(MessageScope.STUDENT, student_id=str(student), subject="About one")
    await small.send(MessageScope.PERSONAL, guardian_id=str(me), subject="To you")
    assert (await small.subjects(me))[:3] == ["To you", "About one", "To all"]
    (blocked,) = await set_access_block(desk, str(me), str(student), (None, None), BlockReason.OTHER)  # type: ignore[misc]
    assert (await small.subjects(me))[:2] == ["To you", "To all"]
    about_one = node_id("Message", "portal", 2)
    assert (await small.ask(me, NODE, id=about_one))["node"] is None
    assert isinstance(await mark_messages_read(small.reader(me), [about_one], read=True), Refused)
    await lift_access_block(desk, node_id("AccessBlock", blocked.id))
    assert "About one" in await small.subjects(me)


async def test_a_dated_notice_is_shown_in_its_days_and_a_withdrawn_message_never(small: Mail) -> None:
    me = small.world.guardian("parent")
    await small.order(show_from=NOON + timedelta(hours=1), show_until=NOON + timedelta(hours=3), pinned=True)
    await small.deliver()
    quiet = await small.subjects(me)
    assert "Snow day" not in quiet
    small.later(hours=1)
    assert await small.deliver() == 1
    assert (await small.subjects(me))[0] == "Snow day"
    context = small.reader(me)
    await context.source.fetch([])
    small.later(hours=2)
    assert await small.subjects(me) == quiet
    await small.send(subject="Mistake")
    assert (await small.subjects(me))[0] == "Mistake"
    done = await withdraw_message(await small.desk(), node_id("Message", "portal", 2))
    assert isinstance(done, Refused), "another's"
    assert not isinstance(
        await withdraw_message(await small.desk(StaffRole.ADMIN), node_id("Message", "portal", 2)), Refused
    )
    assert await small.subjects(me) == quiet


async def test_the_first_screen_stays_within_twelve_statements(small: Mail) -> None:
    me = small.world.guardian("parent")
    await small.send(MessageScope.STUDENT, student_id=str(small.world.student("parent")))
    stored: list[str] = []
    rows = type(small.house.writer).rows

    async def counted(self: Any, sql: str, *given: Any) -> Any:
        stored.append(sql)
        return await rows(self, sql, *given)

    days = {"from": "2026-11-23", "to": "2026-12-04"}
    await small.ask(me, FIRST_SCREEN_OF_SOURCE, **days)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(small.house.writer), "rows", counted)
        small.world.source.shared.most = 0
        small.world.recorded.statements.clear()
        data = await small.ask(me, FIRST_SCREEN_OF_SOURCE, **days)
    assert data["me"]["messages"]["nodes"][0]["students"]
    # With the one of `changes`, which is left out here, they are twelve.
    assert (len(small.world.recorded.statements), len(stored)) == (10, 1)
