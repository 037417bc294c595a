"""Messages on their way: to whom they go, each once, whatever dies, and never against a right."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.sending import MessageSender
from loaders.contract import MessageScope
from loaders.ids import node_id
from loaders.portal import posted_messages as rows
from loaders.portal.access_rules import BlockReason, SwitchReason
from loaders.portal.posted_messages import PostedMessage, SendingState
from loaders.portal.roles import StaffRole
from loaders.portal.staff_schools import put_schools_of_staff
from loaders.posted import Posted
from resolvers.access import Area
from resolvers.context import Context
from resolvers.errors import Forbidden, SecondFactorRequired, Unauthenticated
from resolvers.portal import sending
from resolvers.portal.access_orders import set_access_block, set_area_switch
from resolvers.portal.message_order import SendMessage, send_message, withdraw_message
from resolvers.portal.problems import ProblemCode, Refused
from resolvers.portal.sending import MessageMoved, send_some
from resolvers.portal.sent_messages import sent_message, sent_messages
from resolvers.portal.staff_accounts import set_staff_teacher
from tests.hub import hub
from tests.mailroom import NOON, Mail, open_mail, school_of
from tests.office import nobody, office

DISTRICT, SCHOOL, COURSE, STUDENT, PERSONAL = MessageScope
RIGHTS = (
    "select distinct guardian_id, student_id from guardian_student gs where portal_access = 1 "
    "and (starts_on is null or starts_on <= '2026-11-23') and (ends_on is null or ends_on >= '2026-11-23')"
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def mail(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Mail]:
    async with open_mail(tmp_path, 60, request.param) as mail:
        yield mail


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Mail]:
    async with open_mail(tmp_path, 30) as mail:
        yield mail


async def _deliveries(mail: Mail, number: int = 1) -> dict[str, set[str]]:
    """Who has a message, and whom it concerns for them; nobody twice."""
    found = await mail.house.writer.rows(
        "select guardian_id from message_delivery where message_id = :id", {"id": number}
    )
    about = await mail.house.writer.rows(
        "select guardian_id, student_id from message_student where message_id = :id", {"id": number}
    )
    assert len(found) == len({row["guardian_id"] for row in found})
    return {
        row["guardian_id"]: {each["student_id"] for each in about if each["guardian_id"] == row["guardian_id"]}
        for row in found
    }


def _rights(mail: Mail, condition: str = "1 = 1", *values: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for guardian, student in mail.world.rows(f"{RIGHTS} and {condition}", *values):
        found.setdefault(str(guardian), set()).add(str(student))
    return found


async def _message(mail: Mail, number: int = 1) -> PostedMessage:
    found = await rows.message_by_id(mail.house.writer, number)
    assert found is not None
    return found


async def _refused(desk: Context, scope: MessageScope, **given: Any) -> list[tuple[ProblemCode, tuple[str, ...]]]:
    order = {"subject": "Snow day", "body": "No school.", "language": "en", **given}
    done = await send_message(desk, SendMessage(scope, **order))
    assert isinstance(done, Refused), done
    return [(problem.code, problem.path) for problem in done.problems]


async def test_each_scope_goes_to_whoever_has_a_right_today_and_to_each_once(mail: Mail) -> None:
    student = mail.world.student("four_children")
    school = school_of(mail.world, student)
    key = mail.world.rows("select max(school_id) from school_enrollment where student_id = ?", student)[0][0]
    (section,) = mail.world.rows("select max(section_id) from enrollment where student_id = ?", student)[0]
    of_age = {str(row[0]) for row in mail.world.rows("select id from student where birth_date <= '2008-11-23'")}
    at_school = (
        "exists (select 1 from school_enrollment e where e.student_id = gs.student_id and e.school_id = ? "
        "and (e.starts_on is null or e.starts_on <= '2026-11-23') and (e.ends_on is null or e.ends_on >= '2026-11-23'))"
    )
    in_section = (
        "exists (select 1 from enrollment e where e.student_id = gs.student_id and e.section_id = ? "
        "and (e.starts_on is null or e.starts_on <= '2026-11-23') and (e.ends_on is null or e.ends_on >= '2026-11-23'))"
    )
    for scope, target, rights in (
        (DISTRICT, {}, _rights(mail)),
        (SCHOOL, {"school_id": school}, _rights(mail, at_school, key)),
        (COURSE, {"section_id": str(section)}, _rights(mail, in_section, section)),
        (STUDENT, {"student_id": str(student)}, _rights(mail, "student_id = ?", student)),
    ):
        order = await mail.order(scope, **target)
        assert (order.state, order.total) == (SendingState.WAITING, None)
        assert mail.house.portal.messages_ordered.is_set()
        assert await mail.deliver() == 1
        found = await _deliveries(mail, order.id)
        grown = {guardian for guardian, students in rights.items() if students <= of_age}
        # Of a student of age only what the student allows.
        assert set(rights) - grown <= set(found) <= set(rights)
        if scope is not DISTRICT:
            assert all(students <= rights[guardian] for guardian, students in found.items())
            assert all(students for students in found.values())
        else:
            assert set().union(*found.values()) == set()
        done = await _message(mail, order.id)
        assert (done.state, done.total) == (SendingState.SENT, len(rights))
        assert (done.delivered, done.withheld) == (len(found), len(rights) - len(found))
    assert [action for _, action, _ in await mail.house.trail() if action.startswith("MESSAGE")] == (
        ["MESSAGE_ORDERED"] * 4
    )
    (opened,) = await mail.house.writer.rows("select student_id, purpose from access_log")
    assert dict(opened) == {"student_id": str(student), "purpose": "MESSAGE"}


async def test_rights_are_asked_as_it_is_sent_and_not_as_it_is_ordered(mail: Mail) -> None:
    student = mail.world.student("two_households")
    guardians = list(_rights(mail, "student_id = ?", student))
    assert len(guardians) == 2
    order = await mail.order(STUDENT, student_id=str(student))
    await set_access_block(await mail.desk(), guardians[0], str(student), (None, None), BlockReason.COURT_ORDER)
    await mail.deliver()
    assert set(await _deliveries(mail, order.id)) == {guardians[1]}
    done = await _message(mail, order.id)
    assert (done.total, done.delivered, done.withheld) == (2, 1, 1)
    # What is about a child goes to its guardians alone: who writes to one of them tells the other nothing.
    await mail.send(PERSONAL, guardian_id=guardians[1], student_id=str(student))
    assert set(await _deliveries(mail, 2)) == {guardians[1]}
    await set_area_switch(
        await mail.desk(), school_of(mail.world, student), [Area.MESSAGES], (None, None), SwitchReason.SUMMER
    )
    await mail.send(STUDENT, student_id=str(student))
    assert await _deliveries(mail, 3) == {}
    # Nor is read what came before the area was closed.
    assert "Snow day" not in await mail.subjects(int(guardians[1]))


async def test_killed_between_any_two_transactions_everybody_gets_it_once(
    mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "AT_ONCE", 7)
    me = mail.world.guardian("parent")
    await mail.house.account("dana", str(me))
    order = await mail.order()
    steps = 0
    while (message := await _message(mail)).state in rows.UNDER_WAY:
        # Every step is another process's, which knows nothing but what the store holds.
        await send_some(mail.house.portal, mail.world.source, message)
        with pytest.raises(MessageMoved):
            await send_some(mail.house.portal, mail.world.source, message)
        steps += 1
    assert steps > 8
    done = await _message(mail)
    found = await _deliveries(mail)
    assert set(found) <= set(_rights(mail))
    assert (done.delivered, done.delivered + done.withheld) == (len(found), len(_rights(mail)))
    # One with an account is told, once.
    changes = await mail.house.writer.rows("select kind, guardian_id, entity from change")
    assert [dict(row) for row in changes] == [
        {"kind": "MESSAGE_RECEIVED", "guardian_id": str(me), "entity": '["portal","1"]'}
    ]
    assert order.id == 1


async def test_several_senders_at_once_give_it_once(mail: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "AT_ONCE", 9)
    await mail.order()
    senders = [MessageSender(mail.house.portal, mail.world.source) for _ in range(3)]
    await asyncio.gather(*(sender.send_ordered() for sender in senders))
    done = await _message(mail)
    assert done.state is SendingState.SENT
    assert len(await _deliveries(mail)) == done.delivered


async def test_an_order_that_comes_again_is_not_sent_again(small: Mail) -> None:
    first = await small.order(idempotency_key="a")
    again = await asyncio.gather(*(small.order(idempotency_key="a", subject="Other") for _ in range(3)))
    assert {each.id for each in again} == {first.id}
    assert (await small.order(idempotency_key=" a ")).id == first.id
    both = await asyncio.gather(*(small.order(idempotency_key="b") for _ in range(3)))
    assert len({each.id for each in both}) == 1
    # Another sender's key is another's.
    other = await small.order(
        DISTRICT, desk=await office(small.house, small.world.source, StaffRole.ADMIN), idempotency_key="a"
    )
    assert other.id not in {first.id, both[0].id}
    assert await small.deliver() == 3


async def test_a_stream_hears_of_it_at_the_commit_and_of_nothing_that_is_withdrawn(small: Mail) -> None:
    me = small.world.guardian("parent")
    await small.house.account("dana", str(me))
    live = hub(small.world.source, small.house.writer)
    stream = await live.subscribe(me, ("message",))
    await small.order()
    sender = MessageSender(small.house.portal, small.world.source, live)
    await sender.send_ordered()
    await live.tell()
    event = await asyncio.wait_for(anext(stream), 5)
    assert event.message_key == Posted(1)
    assert await live.may_see(me, event)
    asked = "{ me { changes { nodes { kind cursor ... on MessageReceived { message { subject } } } } } }"
    changes = (await small.ask(me, asked))["me"]["changes"]["nodes"]
    assert changes == [
        {"kind": "MESSAGE_RECEIVED", "cursor": event.cursor, "message": {"subject": "Snow day"}},
    ]
    assert not await live.may_see(small.world.guardian("four_children"), event)
    await withdraw_message(await small.desk(StaffRole.ADMIN), node_id("Message", "portal", 1))
    assert not await live.may_see(me, event)
    assert (await small.ask(me, asked))["me"]["changes"]["nodes"] == []
    await stream.aclose()
    await live.stop()


async def test_a_withdrawn_message_is_not_sent_on(small: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "AT_ONCE", 5)
    await small.order()
    await send_some(small.house.portal, small.world.source, await _message(small))
    halfway = await _deliveries(small)
    assert halfway
    done = await withdraw_message(await small.desk(StaffRole.ADMIN), node_id("Message", "portal", 1))
    assert isinstance(done, PostedMessage)
    assert (done.state, done.withdrawn_at) == (SendingState.WITHDRAWN, NOON)
    assert await small.deliver() == 0
    assert await _deliveries(small) == halfway
    assert isinstance(
        await withdraw_message(await small.desk(StaffRole.ADMIN), node_id("Message", "portal", 1)), Refused
    )


async def test_a_teacher_writes_to_the_own_courses_and_their_students_alone(small: Mail) -> None:
    student = small.world.student("parent")
    (section, teacher) = small.world.rows(
        "select e.section_id, t.staff_id from enrollment e join section_teacher t on t.section_id = e.section_id "
        "where e.student_id = ? and e.ends_on is null limit 1", student)[0]  # fmt: skip
    taught = {row[0] for row in small.world.rows("select section_id from section_teacher where staff_id = ?", teacher)}
    (other,) = small.world.rows("select section_id from section_teacher where staff_id <> ? limit 1", teacher)[0]
    among = ", ".join(map(str, taught))
    (stranger,) = small.world.rows(
        f"select id from student where id not in (select student_id from enrollment where section_id in ({among}))"
    )[0]
    guardian = next(iter(_rights(small, "student_id = ?", student)))
    desk = await small.desk(StaffRole.TEACHER)
    course, school = {"section_id": str(section)}, {"school_id": school_of(small.world, student)}
    # Nobody has said yet which teacher it is.
    assert await _refused(desk, COURSE, **course) == [(ProblemCode.COURSE_UNKNOWN, ("input", "sectionId"))]
    admin, name = await small.desk(StaffRole.ADMIN), desk.signed_in().username
    nobody_of_staff = await set_staff_teacher(admin, name, "999999")
    assert isinstance(nobody_of_staff, Refused)
    assert nobody_of_staff.problems[0].code is ProblemCode.TEACHER_UNKNOWN
    assert not isinstance(await set_staff_teacher(admin, name, str(teacher)), Refused)
    await small.send(COURSE, desk=desk, **course)
    assert set(await _deliveries(small)) <= set(_rights(small))
    assert await _deliveries(small)
    await small.send(STUDENT, desk=desk, student_id=str(student))
    await small.send(PERSONAL, desk=desk, guardian_id=guardian, student_id=str(student))
    no_student = [(ProblemCode.STUDENT_UNKNOWN, ("input", "studentId"))]
    assert await _refused(desk, COURSE, section_id=str(other)) == [(ProblemCode.COURSE_UNKNOWN, ("input", "sectionId"))]
    assert await _refused(desk, COURSE, section_id="999999") == [(ProblemCode.COURSE_UNKNOWN, ("input", "sectionId"))]
    assert await _refused(desk, STUDENT, student_id=str(stranger)) == no_student
    assert await _refused(desk, STUDENT, student_id="999999") == no_student
    assert await _refused(desk, PERSONAL, guardian_id=guardian, student_id=str(stranger)) == no_student
    assert await _refused(desk, PERSONAL, guardian_id=guardian) == [
        (ProblemCode.TARGET_INVALID, ("input", "studentId"))
    ]
    assert await _refused(desk, SCHOOL, **school) == [(ProblemCode.SCHOOL_UNKNOWN, ("input", "schoolId"))]
    with pytest.raises(Forbidden):
        await send_message(desk, SendMessage(DISTRICT, "a", "b", "en"))
    page = await sent_messages(desk, None, None)
    assert [each.id for each in page.found] == [3, 2, 1]
    await small.order()
    assert await sent_message(desk, node_id("Message", "portal", 4)) is None
    assert isinstance(await withdraw_message(desk, node_id("Message", "portal", 4)), Refused)


async def test_the_office_writes_to_the_families_of_its_schools_alone(small: Mail) -> None:
    desk, student = await small.desk(), small.world.student("four_children")
    school = small.world.rows(
        "select school_id from school_enrollment where student_id = ? and ends_on is null", student
    )[0][0]
    (section,) = small.world.rows("select max(section_id) from enrollment where student_id = ?", student)[0]
    guardian = next(iter(_rights(small, "student_id = ?", student)))
    orders: list[tuple[MessageScope, dict[str, str], ProblemCode, str]] = [
        (SCHOOL, {"school_id": node_id("School", school)}, ProblemCode.SCHOOL_UNKNOWN, "schoolId"),
        (COURSE, {"section_id": str(section)}, ProblemCode.COURSE_UNKNOWN, "sectionId"),
        (STUDENT, {"student_id": str(student)}, ProblemCode.STUDENT_UNKNOWN, "studentId"),
        (PERSONAL, {"guardian_id": guardian}, ProblemCode.GUARDIAN_UNKNOWN, "guardianId"),
        (PERSONAL, {"guardian_id": guardian, "student_id": str(student)}, ProblemCode.GUARDIAN_UNKNOWN, "guardianId"),
    ]
    viewer = desk.signed_in()
    for keys in ([], ["999"]):
        async with small.house.writer.transaction() as transaction:
            await put_schools_of_staff(transaction, viewer.account_id, keys, every=False)
        for scope, given, code, field in orders:
            assert await _refused(desk, scope, **given) == [(code, ("input", field))], (scope, keys)
    assert await small.house.count("select count(*) as n from posted_message") == 0
    for keys, every in (([str(school)], False), ([], True)):
        async with small.house.writer.transaction() as transaction:
            await put_schools_of_staff(transaction, viewer.account_id, keys, every=every)
        for scope, given, _, _ in orders:
            assert (await small.order(scope, desk=desk, **given)).scope is scope


async def test_what_is_wrong_with_an_order_is_told_at_once_and_nothing_is_sent(small: Mail) -> None:
    desk = await small.desk(StaffRole.ADMIN)
    late = {"show_from": NOON + timedelta(days=2), "show_until": NOON + timedelta(days=1)}
    assert await _refused(desk, DISTRICT, subject=" ", body="<script>alert(1)</script>", language="en_US!", **late) == [
        (ProblemCode.TEXT_MISSING, ("input", "subject")),
        (ProblemCode.PERIOD_INVALID, ("input", "showUntil")),
        (ProblemCode.LANGUAGE_INVALID, ("input", "language")),
    ]
    for given, code, field in (
        ({"body": "<script>alert(1)</script>"}, ProblemCode.TEXT_MISSING, "body"),
        ({"body": "x" * 20_001}, ProblemCode.TEXT_TOO_LONG, "body"),
        ({"body": "a\x00b"}, ProblemCode.TEXT_UNREADABLE, "body"),
        ({"subject": "x" * 201}, ProblemCode.TEXT_TOO_LONG, "subject"),
        ({"subject": "a\nb"}, ProblemCode.TEXT_UNREADABLE, "subject"),
        ({"pinned": True}, ProblemCode.END_MISSING, "showUntil"),
        ({"student_id": "1"}, ProblemCode.TARGET_INVALID, "studentId"),
        ({"idempotency_key": ""}, ProblemCode.TEXT_MISSING, "idempotencyKey"),
    ):
        assert await _refused(desk, DISTRICT, **given) == [(code, ("input", field))], given
    for scope, given, code, field in (
        (SCHOOL, {}, ProblemCode.TARGET_INVALID, "schoolId"),
        (SCHOOL, {"school_id": node_id("School", 999)}, ProblemCode.SCHOOL_UNKNOWN, "schoolId"),
        (SCHOOL, {"school_id": "1"}, ProblemCode.SCHOOL_UNKNOWN, "schoolId"),
        (COURSE, {"section_id": "x"}, ProblemCode.COURSE_UNKNOWN, "sectionId"),
        (STUDENT, {"student_id": "' or 1=1 --"}, ProblemCode.STUDENT_UNKNOWN, "studentId"),
        (PERSONAL, {"guardian_id": "999999"}, ProblemCode.GUARDIAN_UNKNOWN, "guardianId"),
    ):
        assert await _refused(desk, scope, **given) == [(code, ("input", field))], given
    assert await small.house.count("select count(*) as n from posted_message") == 0
    source = small.world.source
    for role, refusal in ((StaffRole.SUPPORT, Forbidden), (StaffRole.OFFICE, Forbidden)):
        with pytest.raises(refusal):
            await send_message(await small.desk(role), SendMessage(DISTRICT, "a", "b", "en"))
    with pytest.raises(Forbidden):
        await send_message(small.reader(small.world.guardian("parent")), SendMessage(STUDENT, "a", "b", "en"))
    with pytest.raises(Unauthenticated):
        await send_message(nobody(small.house, source), SendMessage(STUDENT, "a", "b", "en"))
    unproven = await office(small.house, source, StaffRole.OFFICE, proven=False)
    with pytest.raises(SecondFactorRequired):
        await send_message(unproven, SendMessage(STUDENT, "a", "b", "en"))


async def test_a_message_that_cannot_be_sent_keeps_no_other_waiting(
    small: Mail, caplog: pytest.LogCaptureFixture
) -> None:
    await small.order(STUDENT, student_id=str(small.world.student("parent")))
    async with small.house.writer.transaction() as transaction:
        await transaction.execute("update posted_message set target_id = null")
    await small.order(subject="Second")
    assert await small.deliver() == 1
    assert [(await _message(small, n)).state for n in (1, 2)] == [SendingState.FAILED, SendingState.SENT]
    assert "Message 1 met an unexpected" in caplog.text


async def test_what_a_message_says_is_not_to_be_read_in_the_store(small: Mail) -> None:
    await small.send(subject="Harvest subject", body="<p>Harvest body</p>")
    held = b"".join(path.read_bytes() for path in small.world.path.parent.glob("portal.sqlite*"))
    assert b"arvest" not in held
