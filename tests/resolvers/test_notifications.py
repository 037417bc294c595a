"""What guardians are told: once, when it has settled, of whom they may know it, and nothing twice."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.sending import MessageSender
from loaders.contract import MessageScope
from loaders.ids import node_id
from loaders.portal.access_rules import Block, BlockReason, Switch, SwitchReason
from loaders.portal.accounts import account_by_id
from loaders.portal.posted_messages import PostedMessage
from loaders.portal.registrations import RegistrationState
from loaders.portal.roles import StaffRole
from loaders.portal.support_requests import SupportRequest
from resolvers.mailroom import put_mailroom
from resolvers.notifications.moments import USUAL
from resolvers.notifications.rules import (
    DEFAULTS,
    NotificationChannel,
    NotificationKind,
    NotificationMode,
    Rule,
    ThresholdDirection,
)
from resolvers.portal.contacts import Contact
from resolvers.portal.message_order import SendMessage, send_message, withdraw_message
from resolvers.portal.support_answer import ResolveSupport, SupportAction, resolve_support_request
from resolvers.portal.support_request import SubmitSupportRequest, submit_support_request
from resolvers.registration.reading import Seen
from resolvers.registration.starting import StartRegistration, start_registration
from resolvers.registration.telling import tell
from tests.notifications import AFTERNOON, FATHER, MOTHER, PUPIL, SISTER, Told, open_told
from tests.office import office
from tests.registration import YEAR, open_forms
from tests.world import TODAY

POSTED, CROSSED = DEFAULTS[NotificationKind.GRADE_POSTED], NotificationKind.GRADE_CROSSED
PRESENT = DEFAULTS[NotificationKind.ATTENDANCE]
SCORED = Rule(NotificationKind.ASSIGNMENT_SCORED, NotificationMode.INSTANT, frozenset(NotificationChannel))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def told(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Told]:
    async with open_told(tmp_path, request.param) as made:
        yield made


async def test_a_posted_grade_is_told_both_parents_once_by_every_channel_and_names_no_grade(told: Told) -> None:
    grade = told.grade(PUPIL)
    phone, tablet = await told.device(MOTHER), await told.device(MOTHER, "tablet")
    assert phone != tablet
    await told.set(grade, 61.5)
    assert await told.round() == 0
    told.forward(minutes=9)
    assert await told.round() == 0
    told.forward(minutes=1)
    assert await told.round() == 2
    told.forward(days=3)
    assert await told.round() == 0
    for guardian in (MOTHER, FATHER):
        assert await told.listed(guardian) == [("GRADE_POSTED", 1, False)]
    assert await told.pushes() == ["A new grade for Rafael"] * 2
    mails = await told.house.mail()
    assert sorted(address for address, _, _ in mails) == ["Graham@families.example", "Marisol@families.example"]
    for _, subject, text in mails:
        assert subject == "A new grade for Rafael"
        assert "61" not in text
        assert "notification settings" in text
        assert "https://portal.example/notifications\n" in text
    assert None not in [row["html_sealed"] for row in await told.house.writer.rows("select html_sealed from mail")]
    assert told.house.portal.mail_posted.is_set()
    assert told.house.portal.push_posted.is_set()


async def test_what_is_changed_back_is_no_news_and_what_was_told_is_corrected_once(told: Told) -> None:
    grade = told.grade(PUPIL)
    ((percent, letter),) = told.world.rows("select percent, letter from grade where id = ?", grade)
    await told.only(FATHER)
    await told.set(grade, 40)
    assert await told.round() == 0
    told.forward(minutes=5)
    await told.set(grade, percent, letter)
    assert await told.settle() == 0
    # Changed twice: one piece of news.
    await told.set(grade, 41)
    await told.round()
    told.forward(minutes=4)
    await told.set(grade, 42)
    assert await told.settle() == 1
    # Told, and changed again: one correction, however often.
    for value in (50, 51, 52):
        await told.set(grade, value)
    assert await told.settle() == 1
    # Another percent, and back to what was told: nothing.
    await told.set(grade, 53)
    await told.round()
    await told.set(grade, 52)
    assert await told.settle() == 0
    await told.change("update grade set released = 0 where id = ?", grade)
    assert await told.settle() == 1
    assert await told.listed(MOTHER) == [("GRADE_POSTED", 1, corrects) for corrects in (False, True, True)]
    # What was read before it was logged was told with it, and is not told again.
    await told.change("update grade set released = 1, percent = 54 where id = ?", grade)
    await told.round()
    told.forward(minutes=10)
    told.world.change("update grade set percent = 55 where id = ?", grade)
    assert await told.round() == 1
    await told.see()
    assert await told.settle() == 0
    assert "taken back" not in (await told.house.mail())[0][2]
    assert [subject for _, subject, _ in await told.house.mail()][1] == "A grade of Rafael was corrected"


async def test_a_storm_of_scores_is_one_notice_with_their_number_and_detail_is_told_who_wants_it(told: Told) -> None:
    await told.only(FATHER)
    await told.only(MOTHER, SCORED)
    await told.device(MOTHER)
    much = (
        "student_id = ? and released = 1 and points is not null and missing = 0 and coalesce(exempt, 0) = 0 "
        "and assignment_id in (select id from assignment where visible = 1)"
    )
    (number,) = told.world.rows(f"select count(*) from score where {much}", PUPIL)[0]
    assert number > 50
    # Entered one after the other over half an hour, and seen as they come.
    for third in range(3):
        await told.change(f"update score set points = points + 1 where {much} and assignment_id % 3 = ?", PUPIL, third)
        assert await told.round() == 0
        told.forward(minutes=9)
    assert await told.settle() == 1
    assert await told.listed(MOTHER) == [("ASSIGNMENT_SCORED", number, False)]
    assert await told.pushes() == [f"{number} new scores for Rafael"]
    ((_, subject, text),) = await told.house.mail()
    assert subject == f"{number} new scores for Rafael"
    assert f"… +{number - 40}" in text
    await told.habits(MOTHER, replace(USUAL, shows_detail=True))
    (one,) = told.world.rows(f"select max(assignment_id) from score where {much}", PUPIL)[0]
    await told.change("update score set points = 7.5 where student_id = ? and assignment_id = ?", PUPIL, one)
    assert await told.settle() == 1
    body = (await told.pushes())[1]
    assert body.startswith("A score of Rafael was corrected: ")
    assert "7.5/" in body


async def test_a_line_is_crossed_by_landing_on_it_from_before_and_not_by_standing_beyond_it(told: Told) -> None:
    grade = told.grade(PUPIL, "IN_PROGRESS")
    await told.only(FATHER)
    await told.set(grade, 80)
    rule = Rule(
        CROSSED,
        NotificationMode.INSTANT,
        frozenset(NotificationChannel),
        Decimal("69.50"),
        ThresholdDirection.BELOW,
    )
    await told.settle()
    await told.only(MOTHER, rule)
    crossed = []
    for value in (69.51, 69.5, 60, 69.5, 69.6, 20):
        await told.set(grade, value)
        crossed.append(await told.settle())
    assert crossed == [0, 1, 0, 0, 0, 1]
    # Down and up again before it settled.
    await told.set(grade, 75)
    await told.settle()
    await told.set(grade, 10)
    await told.round()
    await told.set(grade, 74)
    assert await told.settle() == 0
    assert await told.listed(MOTHER) == [("GRADE_CROSSED", 1, False)] * 2


async def test_rights_are_asked_again_as_it_is_told_and_who_lost_them_is_told_nothing(told: Told) -> None:
    grade = told.grade(PUPIL)
    await told.set(grade, 12)
    await told.set(told.grade(SISTER), 13)
    assert await told.round() == 0
    told.order(Block(1, str(FATHER), str(PUPIL), date(2026, 1, 1), None, BlockReason.COURT_ORDER, AFTERNOON))
    told.forward(minutes=10)
    assert await told.round() == 3
    assert await told.listed(FATHER) == [("GRADE_POSTED", 1, False)]
    (fathers,) = [text for address, _, text in await told.house.mail() if address.startswith("Graham")]
    assert "Rafael" not in fathers
    # Lifted again, nothing comes of what was dropped; and an area that is closed drops it as well.
    told.order()
    assert await told.settle() == 0
    await told.set(grade, 14)
    await told.round()
    told.order(Switch(1, None, "GRADES", SwitchReason.GRADING_WINDOW, AFTERNOON, None, AFTERNOON))
    assert await told.settle() == 0
    # What happens while it is closed is told nobody, then or later.
    await told.set(grade, 15)
    assert await told.round() == 0
    told.order()
    assert await told.settle() == 0
    # Who cannot log in any more is told nothing.
    await told.set(grade, 16)
    await told.round()
    async with told.house.writer.transaction() as transaction:
        await transaction.execute(
            "update account set disabled_at = :now_at where id = :id",
            {"now_at": told.house.clock.now(), "id": told.accounts[FATHER]},
        )
    assert await told.settle() == 1
    assert len(await told.listed(FATHER)) == 1


async def test_quiet_hours_and_school_hours_hold_it_and_a_digest_has_its_hour(told: Told) -> None:
    await told.only(FATHER)
    await told.only(MOTHER, POSTED, PRESENT, replace(SCORED, mode=NotificationMode.DAILY))
    grade = told.grade(PUPIL)
    mark = told.world.rows("select max(on_date) from attendance where student_id = ? and status = 'TARDY'", PUPIL)[0][0]
    (score,) = told.world.rows(
        "select max(assignment_id) from score where student_id = ? and released = 1 and points > 1 and missing = 0",
        PUPIL,
    )[0]
    told.house.clock.at = AFTERNOON.replace(day=24, hour=3)
    await told.set(grade, 12)
    assert await told.settle() == 0
    told.house.clock.at = AFTERNOON.replace(day=24, hour=11, minute=59)
    assert await told.round() == 0
    # Seven in the morning, and school has not begun.
    told.forward(minutes=1)
    assert await told.round() == 1
    # In school hours a grade waits, and a mark of absence does not.
    told.house.clock.at = AFTERNOON.replace(day=24, hour=16)
    await told.set(grade, 13)
    await told.change("update attendance set status = 'ABSENT' where student_id = ? and on_date = ?", PUPIL, mark)
    await told.change("update score set points = points - 1 where student_id = ? and assignment_id = ?", PUPIL, score)
    assert await told.settle() == 1
    told.house.clock.at = AFTERNOON.replace(day=24, hour=21)
    assert await told.round() == 1
    told.house.clock.at = AFTERNOON.replace(day=24, hour=21, minute=59)
    assert await told.round() == 0
    told.forward(minutes=1)
    assert await told.round() == 1
    # Another zone, and no hold: five in the afternoon there is an hour later here.
    await told.habits(MOTHER, replace(USUAL, time_zone="America/Chicago", holds_in_school=False))
    told.house.clock.at = AFTERNOON.replace(day=25, hour=16)
    await told.set(grade, 14)
    await told.change("update score set points = points + 2 where student_id = ? and assignment_id = ?", PUPIL, score)
    assert await told.settle() == 1
    told.house.clock.at = AFTERNOON.replace(day=25, hour=22)
    assert await told.round() == 0
    told.forward(hours=1)
    assert await told.round() == 1
    # On a day without school it waits for no bell.
    assert told.world.rows("select max(is_school_day) from calendar_day where on_date = '2026-11-26'") == [(0,)]
    await told.habits(MOTHER, USUAL)
    told.house.clock.at = AFTERNOON.replace(day=26, hour=16)
    await told.set(grade, 15)
    assert await told.settle() == 1
    kinds = [kind for kind, _, _ in await told.listed(MOTHER)]
    assert kinds[:4] == ["GRADE_POSTED", "ATTENDANCE", "GRADE_POSTED", "ASSIGNMENT_SCORED"]
    assert kinds[4:] == ["GRADE_POSTED", "ASSIGNMENT_SCORED", "GRADE_POSTED"]


async def test_missing_and_due_work_and_documents_are_found_by_a_daily_look_each_once(told: Told) -> None:
    await told.only(FATHER)
    missing, soon = DEFAULTS[NotificationKind.MISSING_WORK], NotificationKind.DUE_SOON
    at_once = replace(missing, mode=NotificationMode.INSTANT)
    due = Rule(soon, NotificationMode.INSTANT, frozenset({NotificationChannel.INBOX}), days_ahead=3)
    await told.only(MOTHER, at_once, due, DEFAULTS[NotificationKind.DOCUMENT])
    # What was missing, and was issued, before anybody could be told of it, is told nobody.
    told.house.clock.at = AFTERNOON.replace(hour=20, minute=29)
    assert await told.round() == 0
    told.forward(minutes=1)
    assert await told.round() == 0
    assert (await told.house.writer.rows("select looked_on from notification_place"))[0]["looked_on"] in (
        TODAY,
        str(TODAY),
    )
    ids = [
        row[0]
        for row in told.world.rows(
            "select a.id from assignment a join enrollment e on e.section_id = a.section_id "
            "where e.student_id = ? and e.ends_on is null and a.visible = 1 and a.due_on = '2026-11-30' "
            "order by a.id limit 3",
            PUPIL,
        )
    ]
    told.world.change("update assignment set due_on = '2026-11-24' where id in (?, ?)", *ids[:2])
    for each in ids[:2]:
        section = told.world.rows("select section_id from assignment where id = ?", each)[0][0]
        told.world.change("delete from score where student_id = ? and assignment_id = ?", PUPIL, each)
        told.world.change(
            "insert into score (student_id, assignment_id, section_id, missing, released, late, incomplete, exempt, "
            "dropped, turned_in, cheated) values (?, ?, ?, 1, 1, 0, 0, 0, 0, 0, 0)",
            *(PUPIL, each, section),
        )
    told.world.change("update document set released = 1, issued_on = '2026-11-24' where id = 3")
    told.house.clock.at = AFTERNOON.replace(day=24)
    assert await told.round() == 2
    assert await told.round() == 0
    told.house.clock.at = AFTERNOON.replace(day=25)
    assert await told.round() == 0
    # Due in three days.
    told.house.clock.at = AFTERNOON.replace(day=27)
    assert await told.round() >= 1
    listed = await told.listed(MOTHER)
    assert listed[:2] == [("MISSING_WORK", 2, False), ("DOCUMENT", 1, False)]
    assert {kind for kind, _, _ in listed[2:]} == {"DUE_SOON"}
    # A correction takes the place of the letter.
    told.world.change(
        "insert into document (id, student_id, kind, title, issued_on, version, supersedes_id, path, released) "
        "values (99, ?, 'LETTER', 'Letter about the field trip', '2026-11-28', 2, 3, 'x.pdf', 1)",
        PUPIL,
    )
    told.house.clock.at = AFTERNOON.replace(day=28)
    await told.round()
    assert ("DOCUMENT", 1, True) in await told.listed(MOTHER)


async def test_a_message_that_was_sent_from_here_is_told_and_one_that_was_taken_back_is_not(told: Told) -> None:
    source, portal = told.world.source, told.house.portal
    put_mailroom(source, told.house.writer, portal.sealer)
    desk = await office(told.house, source, StaffRole.ADMIN)
    for subject in ("Trip", "Mistake"):
        order = SendMessage(MessageScope.STUDENT, subject, "Bring a hat.", "en", student_id=str(PUPIL))
        assert isinstance(await send_message(desk, order), PostedMessage)
    assert await MessageSender(portal, source).send_ordered() == 2
    assert await told.notifier._decider.decide() > 0
    await withdraw_message(desk, node_id("Message", "portal", 2))
    assert await told.round() == 2
    for guardian in (MOTHER, FATHER):
        assert await told.listed(guardian) == [("MESSAGE", 1, False)]


async def test_messages_answers_and_registrations_are_told_those_who_may_see_them_now(told: Told) -> None:
    await told.only(FATHER, DEFAULTS[NotificationKind.MESSAGE], DEFAULTS[NotificationKind.REGISTRATION])
    for number in (901, 902):
        told.world.change(
            "insert into message (id, scope, subject, body, sent_at) values (?, 'STUDENT', 'Trip', 'Bring a hat.', ?)",
            *(number, "2026-11-23T20:59:00Z"),
        )
        for guardian in (MOTHER, FATHER):
            told.world.change(
                "insert into message_recipient (message_id, guardian_id, student_id) values (?, ?, ?)",
                *(number, guardian, PUPIL),
            )
    await told.see()
    # The one is withdrawn, and the other is about a student from whom the father is kept, before they are told.
    decided = await told.notifier._decider.decide()
    assert decided > 0
    told.world.change("delete from message where id = 902")
    told.order(Block(1, str(FATHER), str(PUPIL), date(2026, 1, 1), None, BlockReason.COURT_ORDER, AFTERNOON))
    assert await told.round() == 1
    assert await told.listed(MOTHER) == [("MESSAGE", 1, False)]
    told.order()
    # An answer of the desk to who asked while signed in.
    form = SubmitSupportRequest("M", "12 Oak", "5", None, ["R"], None, "I cannot see the bus times.")
    asked = await submit_support_request(told.context(MOTHER), form)
    assert isinstance(asked, SupportRequest)
    await told.house.staff("desk", StaffRole.SUPPORT)
    session = await told.house.mobile("desk")
    await told.house.prove(session)
    desk = await told.house.context(told.world.source, session)
    order = ResolveSupport(asked.ticket, SupportAction.ANSWER, "They are on the school's page.", None, "")
    assert isinstance(await resolve_support_request(desk, order), SupportRequest)
    assert await told.round() == 1
    assert (await told.listed(MOTHER))[1] == ("SUPPORT", 1, False)
    # A registration that the office has moved on, of a student from whom the father is kept by then.
    open_forms(told.world.source)
    begun = await start_registration(
        told.context(MOTHER), StartRegistration(YEAR, node_id("Student", PUPIL), node_id("School", 1))
    )
    assert isinstance(begun, Seen), begun
    accounts = [await account_by_id(told.house.writer, told.accounts[each]) for each in (MOTHER, FATHER)]
    known = [(each, Contact(None, "en", "M")) for each in accounts if each is not None]
    async with told.house.writer.transaction() as transaction:
        await tell(desk, transaction, known, begun.registration, RegistrationState.IN_REVIEW)
    told.order(Block(1, str(FATHER), str(PUPIL), date(2026, 1, 1), None, BlockReason.COURT_ORDER, AFTERNOON))
    assert await told.round() == 1
    assert (await told.listed(MOTHER))[2] == ("REGISTRATION", 1, False)
    assert await told.listed(FATHER) == []
