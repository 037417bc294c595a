"""Portal requests, on both engines: what a form must hold, who may follow it, what staff record, what stays away."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from loaders.portal.portal_requests import (
    KeyDelivery,
    PhotoIdKind,
    RequestState,
    expire_requests,
    forget_portal_requests,
)
from loaders.portal.roles import StaffRole
from resolvers.errors import BadUserInput, Forbidden, RateLimited, SecondFactorRequired, Unauthenticated
from resolvers.portal.guardians import Search, find_guardians, schools_of
from resolvers.portal.identity_check import IdentityCheck, record_identity_check
from resolvers.portal.key_delivery import IssueKey, KeyIssued, issue_activation_key, order_key_letters
from resolvers.portal.letters import letter_job_of
from resolvers.portal.portal_request import RequestAndSteps, RequestStatus, status_of, submit_portal_request
from resolvers.portal.problems import ProblemCode, Refused
from resolvers.portal.request_decision import Decided, Decision, decide_portal_request
from resolvers.portal.request_list import count_of_requests, page_of_requests, request_for_office
from tests.office import (
    DANA,
    MARISOL,
    MONTH,
    PALOMA,
    ask,
    everything,
    form,
    nobody,
    office,
    opened,
    submitted,
    verified,
)
from tests.portal import House, empty_place, open_house
from tests.world import World, open_world


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students."""
    made = await open_world(Path(tmp_path_factory.mktemp("requests")) / "district.db", 25)
    yield made
    await made.recorded.reads.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        yield house


def codes(answer: Any) -> list[tuple[ProblemCode, tuple[str, ...]]]:
    assert isinstance(answer, Refused), answer
    return [(problem.code, problem.path[1:]) for problem in answer.problems]


async def test_a_form_is_saved_unsigned_and_followed_by_its_reference(house: House, world: World) -> None:
    reference = await submitted(house, world.source)
    assert len(reference) == 11
    for typed in (reference, reference.lower().replace("-", " "), f" {reference} "):
        status = await status_of(nobody(house, world.source), typed)
        assert status is not None
        assert (status.state, status.steps) == (
            RequestState.SUBMITTED,
            ((RequestState.SUBMITTED, house.clock.now()),),
        )
        assert status.next_step.startswith("Take a photo ID")
    (row,) = (await everything(house))["portal_request"]
    assert (row["signature_witnessed"], row["id_kind"], row["guardian_id"]) == (0, None, None)
    assert (row["name"], row["home_address"]) == ("Dana Porter", "12 Elm Street\nMaple Falls, MO 65101")
    assert (await house.trail())[-1] == ("stranger", "PORTAL_REQUEST_SUBMITTED", f"portal_request:{row['id']}")
    assert await house.mail() == []


async def test_references_are_random_and_an_unknown_one_is_nothing(house: House, world: World) -> None:
    references = {await submitted(house, world.source) for _ in range(8)}
    assert len({reference[:4] for reference in references}) > 4
    for typed in ("00000-00000", "", "x", "\ud800", "A" * 5000):
        assert await status_of(nobody(house, world.source), typed) is None


async def test_everything_that_is_wrong_with_a_form_is_told_at_once(house: House, world: World) -> None:
    before = await everything(house)
    answer = await submit_portal_request(
        nobody(house, world.source),
        form(
            name="  ",
            students=[("Kit", "", None), ("K" * 121, "School", None)],
            home_address="Elm\x00Street",
            phone="\ud800",
            email=None,
        ),
    )
    assert codes(answer) == [
        (ProblemCode.TEXT_MISSING, ("name",)),
        (ProblemCode.TEXT_MISSING, ("students", "0", "schoolName")),
        (ProblemCode.TEXT_TOO_LONG, ("students", "1", "name")),
        (ProblemCode.TEXT_UNREADABLE, ("homeAddress",)),
        (ProblemCode.TEXT_UNREADABLE, ("phone",)),
        (ProblemCode.EMAIL_NEEDED, ("email",)),
    ]
    for students in ([], [("Kit", "School", None)] * 13):
        answer = await submit_portal_request(nobody(house, world.source), form(students=students))
        assert codes(answer) == [(ProblemCode.TOO_MANY_STUDENTS, ("students",))]
    assert await everything(house) == before


async def test_who_wants_a_letter_needs_no_email(house: House, world: World) -> None:
    reference = await submitted(house, world.source, email=None, delivery=KeyDelivery.POST)
    assert await status_of(nobody(house, world.source), reference) is not None


async def test_one_address_sends_twenty_an_hour_and_looks_up_sixty(house: House, world: World) -> None:
    for _ in range(20):
        await submitted(house, world.source)
    with pytest.raises(RateLimited) as caught:
        await submitted(house, world.source)
    assert caught.value.retry_after == 180
    assert isinstance(await submit_portal_request(nobody(house, world.source, "203.0.113.9"), form()), RequestAndSteps)
    for _ in range(60):
        await status_of(nobody(house, world.source), "00000-00000")
    with pytest.raises(RateLimited):
        await status_of(nobody(house, world.source), "00000-00000")


async def test_the_status_tells_nothing_that_was_typed_and_nobodys_name(house: House, world: World) -> None:
    desk = await office(house, world.source)
    reference = await verified(house, desk)
    await decide_portal_request(desk, Decision(reference, False, "No such family."))
    answer = await ask(
        nobody(house, world.source),
        "query ($r: String!) { portal { portalRequest(reference: $r) { state steps { state happenedAt } nextStep } } }",
        r=reference,
    )
    assert answer.data is not None
    status = answer.data["portal"]["portalRequest"]
    assert [step["state"] for step in status["steps"]] == ["SUBMITTED", "ID_VERIFIED", "DENIED"]
    assert set(status) == {"state", "steps", "nextStep"}
    assert not any(word in str(status) for word in ("Dana", "Kit", "Elm", "Jo Desk", "No such family", "PASSPORT"))


async def test_the_office_records_the_check_and_nothing_of_the_id_but_its_kind(house: House, world: World) -> None:
    desk = await office(house, world.source)
    reference = await submitted(house, world.source)
    house.clock.pass_by(hours=2)
    done = await record_identity_check(desk, IdentityCheck(reference, PhotoIdKind.STATE_ID, True, DANA))
    assert isinstance(done, RequestAndSteps)
    assert (done.request.state, done.request.id_kind, done.request.guardian_id) == (
        RequestState.ID_VERIFIED,
        PhotoIdKind.STATE_ID,
        DANA,
    )
    assert [(step.state, step.happened_at, step.by, step.note) for step in done.steps] == [
        (RequestState.SUBMITTED, house.clock.now() - timedelta(hours=2), None, None),
        (RequestState.ID_VERIFIED, house.clock.now(), "Jo Desk", "STATE_ID"),
    ]
    columns = (await everything(house))["portal_request"][0]
    assert not any(word in name for name in columns for word in ("number", "scan", "image", "license"))


async def test_a_check_is_refused_with_every_reason_at_once(house: House, world: World) -> None:
    desk = await office(house, world.source)
    reference = await submitted(house, world.source)
    before = await everything(house)
    answer = await record_identity_check(desk, IdentityCheck("00000-00000", PhotoIdKind.OTHER, False, "4711"))
    assert codes(answer) == [
        (ProblemCode.REQUEST_NOT_FOUND, ("reference",)),
        (ProblemCode.SIGNATURE_NOT_WITNESSED, ("signatureWitnessed",)),
        (ProblemCode.GUARDIAN_UNKNOWN, ("guardianId",)),
    ]
    for key in ("", "x", "'; drop table guardian", "9" * 40):
        answer = await record_identity_check(desk, IdentityCheck(reference, PhotoIdKind.OTHER, True, key))
        assert codes(answer) == [(ProblemCode.GUARDIAN_UNKNOWN, ("guardianId",))]
    world.change("update guardian_student set portal_access = 0 where guardian_id = ?", int(PALOMA))
    try:
        answer = await record_identity_check(desk, IdentityCheck(reference, PhotoIdKind.OTHER, True, PALOMA))
    finally:
        world.change("update guardian_student set portal_access = 1 where guardian_id = ?", int(PALOMA))
    assert codes(answer) == [(ProblemCode.GUARDIAN_WITHOUT_RIGHT, ("guardianId",))]
    assert await everything(house) == before


async def test_approval_by_email_issues_the_key_and_mails_it_to_the_family(house: House, world: World) -> None:
    desk = await office(house, world.source)
    reference = await verified(house, desk)
    done = await decide_portal_request(desk, Decision(reference, True))
    assert isinstance(done, Decided)
    assert done.letter is None
    assert [(step.state, step.by) for step in done.found.steps[2:]] == [
        (RequestState.APPROVED, "Jo Desk"),
        (RequestState.KEY_SENT, "Jo Desk"),
    ]
    ((address, subject, text),) = await house.mail()
    assert (address, subject) == ("dana@families.example", "Your activation key for Maple Falls")
    assert "https://portal.example" in text
    assert house.portal.mail_posted.is_set()
    (key,) = (await everything(house))["activation_key"]
    assert (key["guardian_id"], key["used_at"], key["revoked_at"]) == (DANA, None, None)
    assert [action for _, action, _ in await house.trail()][-3:] == [
        "IDENTITY_CHECKED",
        "PORTAL_REQUEST_APPROVED",
        "ACTIVATION_KEY_ISSUED",
    ]


async def test_nothing_is_approved_before_the_identity_was_checked(house: House, world: World) -> None:
    desk = await office(house, world.source)
    reference = await submitted(house, world.source)
    before = await everything(house)
    answer = await decide_portal_request(desk, Decision(reference, True))
    assert codes(answer) == [(ProblemCode.STATE_WRONG, ("reference",))]
    assert await everything(house) == before


async def test_a_right_that_ended_since_the_check_is_not_approved(house: House, world: World) -> None:
    desk = await office(house, world.source)
    reference = await verified(house, desk, PALOMA)
    world.change("update guardian_student set portal_access = 0 where guardian_id = ?", int(PALOMA))
    try:
        answer = await decide_portal_request(desk, Decision(reference, True))
    finally:
        world.change("update guardian_student set portal_access = 1 where guardian_id = ?", int(PALOMA))
    assert codes(answer) == [(ProblemCode.GUARDIAN_WITHOUT_RIGHT, ("reference",))]
    assert await house.mail() == []


async def test_a_denial_needs_a_reason_which_is_mailed_only_to_whom_the_school_has_seen(
    house: House, world: World
) -> None:
    desk = await office(house, world.source)
    seen, unseen = await verified(house, desk), await submitted(house, world.source)
    for reason in (None, "", "   "):
        answer = await decide_portal_request(desk, Decision(seen, False, reason))
        assert codes(answer) == [(ProblemCode.REASON_MISSING, ("reason",))]
    for reference in (seen, unseen):
        done = await decide_portal_request(desk, Decision(reference, False, "The students are not ours."))
        assert isinstance(done, Decided)
        assert done.found.request.denial_reason == "The students are not ours."
    ((address, _, text),) = await house.mail()
    assert address == "dana@families.example"
    assert "The students are not ours." in text
    assert (await everything(house))["activation_key"] == []


async def test_a_decision_stands(house: House, world: World) -> None:
    desk = await office(house, world.source)
    for approve in (True, False):
        reference = await verified(house, desk)
        await decide_portal_request(desk, Decision(reference, approve, "Because."))
        before = await everything(house)
        for again in (True, False):
            answer = await decide_portal_request(desk, Decision(reference, again, "Because."))
            assert codes(answer) == [(ProblemCode.STATE_WRONG, ("reference",))]
        refused = await record_identity_check(desk, IdentityCheck(reference, PhotoIdKind.OTHER, True, DANA))
        assert codes(refused) == [(ProblemCode.STATE_WRONG, ("reference",))]
        assert await everything(house) == before


async def test_of_two_who_decide_at_once_one_does(house: House, world: World) -> None:
    desk = await office(house, world.source)
    reference = await verified(house, desk)
    answers = await asyncio.gather(*(decide_portal_request(desk, Decision(reference, True)) for _ in range(2)))
    assert sorted(isinstance(answer, Decided) for answer in answers) == [False, True]
    assert len(await house.mail()) == 1
    assert await house.count("select count(*) as n from activation_key") == 1


async def test_a_request_expires_with_its_key_and_another_key_brings_it_back(house: House, world: World) -> None:
    desk = await office(house, world.source)
    reference = await verified(house, desk)
    await decide_portal_request(desk, Decision(reference, True))
    await verified(house, desk, MARISOL)
    house.clock.pass_by(days=29)
    async with house.writer.transaction() as transaction:
        assert await expire_requests(transaction, house.clock.now()) == 0
    house.clock.pass_by(days=1)
    async with house.writer.transaction() as transaction:
        assert await expire_requests(transaction, house.clock.now()) == 1
        assert await expire_requests(transaction, house.clock.now()) == 0
    status = await status_of(nobody(house, world.source), reference)
    assert isinstance(status, RequestStatus)
    assert status.steps[-1] == (RequestState.EXPIRED, house.clock.now())
    done = await issue_activation_key(await office(house, world.source), IssueKey(DANA, KeyDelivery.EMAIL))
    assert isinstance(done, KeyIssued)
    status = await status_of(nobody(house, world.source), reference)
    assert isinstance(status, RequestStatus)
    assert status.state is RequestState.KEY_SENT
    key = (await house.mail())[-1][2].split("\n\n")[2]
    await opened(house, world.source, key)
    status = await status_of(nobody(house, world.source), reference)
    assert isinstance(status, RequestStatus)
    assert status.state is RequestState.ACTIVATED


async def test_what_families_typed_is_gone_a_year_after_the_end(house: House, world: World) -> None:
    desk = await office(house, world.source)
    ended, open_one = await verified(house, desk), await submitted(house, world.source)
    await decide_portal_request(desk, Decision(ended, False, "No."))
    async with house.writer.transaction() as transaction:
        assert await forget_portal_requests(transaction, house.clock.now()) == 0
        assert await forget_portal_requests(transaction, house.clock.now() + MONTH) == 1
        assert await forget_portal_requests(transaction, house.clock.now() + MONTH) == 0
    kept = {row["reference"]: row for row in (await everything(house))["portal_request"]}
    gone = ("name", "home_address", "phone", "email", "address", "students", "denial_reason")
    assert [kept[ended][name] for name in gone] == ["", "", "", "", "", "[]", None]
    assert kept[open_one]["name"] == "Dana Porter"
    assert await request_for_office(desk, ended) is not None


async def test_the_queue_is_paged_oldest_first_and_by_state(house: House, world: World) -> None:
    desk = await office(house, world.source)
    references = []
    for _ in range(5):
        references.append(await submitted(house, world.source))
        house.clock.pass_by(minutes=1)
    await decide_portal_request(desk, Decision(references[1], False, "No."))
    seen, after = [], None
    while True:
        page = await page_of_requests(desk, 2, after, [RequestState.SUBMITTED])
        seen += [each.request.reference for each in page.found]
        assert page.has_previous == (after is not None)
        if not page.has_next:
            break
        after = page.cursors[-1]
    assert seen == [references[0], *references[2:]]
    assert await count_of_requests(desk, [RequestState.SUBMITTED]) == 4
    assert await count_of_requests(desk, None) == 5
    assert await count_of_requests(desk, []) == 0
    for cursor in ("x", "W10", "WyJhIiwgMV0", ""):
        with pytest.raises(BadUserInput):
            await page_of_requests(desk, 2, cursor, None)
    with pytest.raises(BadUserInput):
        await page_of_requests(desk, 101, None, None)


async def test_guardians_are_found_by_the_beginnings_of_names_and_never_listed(house: House, world: World) -> None:
    desk = await office(house, world.source)
    (found,) = await find_guardians(desk, Search("dana port"))
    assert (found.guardian.sourced_id, found.guardian.name, found.has_account) == (DANA, "Dana Porter", False)
    assert found.guardian.students
    await house.account("dana", DANA)
    assert (await find_guardians(desk, Search("PORTER", found.guardian.students[0].split()[0])))[0].has_account
    assert await find_guardians(desk, Search("dana", "nosuchchild")) == []
    assert [each.guardian.name for each in await find_guardians(desk, Search("peña marisol"))] == ["Marisol Peña"]
    for name in ("", "a", "%%", "__", "12", "\ud800"):
        with pytest.raises(BadUserInput):
            await find_guardians(desk, Search(name))
    assert await find_guardians(desk, Search("an%a' or 1=1")) == []
    for school in await schools_of(desk):
        at_school = await find_guardians(desk, Search("dana", school_id=school.id))
        assert all(each.guardian.sourced_id for each in at_school)
    actions = [action for _, action, _ in await house.trail()]
    assert "GUARDIANS_SEARCHED" in actions
    assert ("GUARDIAN_SHOWN", f"guardian:{DANA}") in [entry[1:] for entry in await house.trail()]
    opened = await house.writer.rows("select distinct actor_name, actor_role, action, purpose from access_log")
    assert [tuple(row.values()) for row in opened] == [("Jo Desk", "OFFICE", "OPENED", "ACTIVATION")]
    students = {row["student_id"] for row in await house.writer.rows("select student_id from access_log")}
    assert {str(key) for key in found.guardian.student_keys} <= students


async def test_a_search_shows_twenty_at_the_most(house: House, tmp_path: Path) -> None:
    large = await open_world(tmp_path / "large.db", 60)
    try:
        large.change("update guardian set family_name = 'Samename'")
        desk = await office(house, large.source)
        assert len(await find_guardians(desk, Search("samename"))) == 20
    finally:
        await large.recorded.reads.close()


REFUSALS = {
    "nobody": Unauthenticated,
    "parent": Forbidden,
    "teacher": Forbidden,
    "support": Forbidden,
    "admin": Forbidden,
    "office without a second factor": SecondFactorRequired,
}


@pytest.mark.parametrize("who", REFUSALS)
async def test_every_order_and_list_of_the_office_is_shut_to_everybody_else(
    house: House, world: World, who: str
) -> None:
    desk = await office(house, world.source)
    reference = await verified(house, desk)
    if who == "nobody":
        context = nobody(house, world.source)
    elif who == "parent":
        await house.account("dana", DANA)
        context = await house.context(world.source, await house.mobile("dana"))
    elif who.startswith("office"):
        context = await office(house, world.source, StaffRole.OFFICE, proven=False)
    else:
        context = await office(house, world.source, StaffRole[who.upper()])
    before, trail = await everything(house), await house.trail()
    school = (await schools_of(desk))[0].id
    for refused in (
        record_identity_check(context, IdentityCheck(reference, PhotoIdKind.OTHER, True, MARISOL)),
        decide_portal_request(context, Decision(reference, True)),
        decide_portal_request(context, Decision(reference, False, "No.")),
        issue_activation_key(context, IssueKey(DANA, KeyDelivery.EMAIL)),
        order_key_letters(context, school),
        page_of_requests(context, None, None, None),
        count_of_requests(context, None),
        request_for_office(context, reference),
        find_guardians(context, Search("dana")),
        schools_of(context),
        letter_job_of(context, "1"),
    ):
        with pytest.raises(REFUSALS[who]):
            await refused
    assert await everything(house) == before
    assert await house.trail() == trail
