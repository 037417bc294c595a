"""The support desk, on both engines: the form, what it refuses, the queue, and what the desk does with a request."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from strawberry.types import ExecutionResult

from loaders.portal.roles import StaffRole
from loaders.portal.support_requests import SupportRequest, SupportState, forget_support_requests, request_by_ticket
from resolvers.context import Caller, Context
from resolvers.errors import BadUserInput, Forbidden, RateLimited, SecondFactorRequired, Unauthenticated
from resolvers.portal.problems import ProblemCode, Refused
from resolvers.portal.sessions import LoggedIn
from resolvers.portal.support_answer import ResolveSupport, SupportAction, resolve_support_request, support_queue
from resolvers.portal.support_request import SubmitSupportRequest, check_support_request, submit_support_request
from schema.api import schema
from tests.portal import NOON, House, empty_place, open_house
from tests.world import World, open_world

FORM = SubmitSupportRequest(
    full_name="Dana Porter",
    home_address="12 Oak Street, Apt. 4B\nMaple Falls",
    phone="(555) 010-7788",
    email="dana@families.example",
    student_names=["Kim Porter", "Lee Porter"],
    username="dana",
    what_happened="I cannot log in since Monday. My password is wrong, it says, and I never set up the pictures.",
    language="es-MX",
)
QUEUE = """query ($after: String, $states: [SupportState!]) { staff {
  supportRequests(first: 2, after: $after, states: $states) {
    totalCount pageInfo { endCursor hasNextPage hasPreviousPage }
    nodes { ticket overdue replyBy state signedIn fullName whatHappened steps { state by note } } } } }"""


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students."""
    made = await open_world(Path(tmp_path_factory.mktemp("support")) / "district.db", 25)
    yield made
    await made.recorded.reads.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        yield house


def nobody(house: House, world: World, address: str = "198.51.100.7") -> Context:
    return Context(world.source, None, Caller(address=address), house.portal, None)


async def submitted(house: House, world: World, **changes: Any) -> SupportRequest:
    count = await house.count("select count(*) as n from support_request")
    done = await submit_support_request(nobody(house, world, f"198.51.100.{count}"), replace(FORM, **changes))
    assert isinstance(done, SupportRequest), done
    return done


async def desk(house: House, *roles: StaffRole, name: str = "jordan") -> LoggedIn:
    await house.staff(name, *roles)
    session = await house.mobile(name)
    await house.prove(session)
    return session


def codes(done: object) -> list[tuple[ProblemCode, str]]:
    assert isinstance(done, Refused), done
    return [(problem.code, ".".join(problem.path)) for problem in done.problems]


async def ask(context: Context, document: str, **variables: Any) -> ExecutionResult:
    answer = await schema.execute(document, variable_values=variables, context_value=context)
    assert isinstance(answer, ExecutionResult)
    return answer


async def test_the_form_is_kept_with_a_ticket_and_a_day_for_the_reply(house: House, world: World) -> None:
    done = await submitted(house, world)
    assert (done.state, done.reply_by_on, done.submitted_at) == (SupportState.NEW, date(2026, 11, 30), NOON)
    assert len(done.ticket.replace("-", "")) == 8
    (row,) = await house.writer.rows("select * from support_request")
    assert (row["name"], row["home_address"], row["phone"]) == (FORM.full_name, FORM.home_address, FORM.phone)
    assert (row["students"], row["language"], row["account_id"]) == ('["Kim Porter", "Lee Porter"]', "es", None)
    assert await house.trail() == [("stranger", "SUPPORT_REQUEST_SUBMITTED", "support_request:1")]
    assert "Dana" not in str(await house.writer.rows("select * from audit"))
    assert "Dana" not in repr(FORM)


async def test_tickets_are_no_numbers_that_count_up(house: House, world: World) -> None:
    tickets = {(await submitted(house, world)).ticket for _ in range(20)}
    assert len(tickets) == 20
    assert len({ticket[:3] for ticket in tickets}) > 10


@pytest.mark.parametrize(
    "text",
    [
        "my password: maple it does not work",
        "Password = hunter2 and I am locked out",
        "pw=secret please help me",
        "mi contraseña es girasol9 y no entra",
        "My password is Sunshine! and it worked before",
        "my password was iloveyou until Monday",
        "the password “maple leaf” is refused",
        "I always type Maple7leaf! and it is refused",
        "I tried Tr0ub4dor&3 (twice).",
        'it is "S0mmer-Ferien", as ever',
    ],
)
def test_a_password_in_the_text_is_refused_and_not_repeated(text: str) -> None:
    problems, _ = check_support_request(replace(FORM, what_happened=text))
    (problem,) = problems
    assert (problem.code, problem.path) == (ProblemCode.PASSWORD_IN_TEXT, ("input", "whatHappened"))
    assert not any(word in problem.message for word in text.split() if len(word) > 5 and word != "password")


@pytest.mark.parametrize(
    "text",
    [
        "My password is not working, and the password was forgotten.",
        "The page says password is incorrect. Password: ?",
        "Mi contraseña es incorrecta desde el 2026-11-23T10:00.",
        "Mail me at dana.p0rter-x@families.example.org or see https://example.org/a?b=1-2",
        "My 4th-grader (10:30am-11:15am) has COVID-19, call +1 (555) 010-7788; ticket 8K2M-04XZ.",
        "Bitte helfen Sie mir; naïve Grüße aus der Straße 12",
    ],
)
def test_what_people_write_about_passwords_is_taken(text: str) -> None:
    assert check_support_request(replace(FORM, what_happened=text))[0] == []


async def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_kept(house: House, world: World) -> None:
    order = SubmitSupportRequest(" ", "x" * 401, "5\x07", None, [], "password: abc", "short", None)
    assert codes(await submit_support_request(nobody(house, world), order)) == [
        (ProblemCode.TEXT_MISSING, "input.fullName"),
        (ProblemCode.TEXT_TOO_LONG, "input.homeAddress"),
        (ProblemCode.TEXT_UNREADABLE, "input.phone"),
        (ProblemCode.TOO_MANY_STUDENTS, "input.studentNames"),
        (ProblemCode.PASSWORD_IN_TEXT, "input.username"),
        (ProblemCode.TEXT_MISSING, "input.whatHappened"),
    ]
    order = replace(FORM, student_names=["A"] * 13, what_happened="x" * 4001)
    assert [code for code, _ in codes(await submit_support_request(nobody(house, world), order))] == [
        ProblemCode.TOO_MANY_STUDENTS,
        ProblemCode.TEXT_TOO_LONG,
    ]
    assert await house.count("select count(*) as n from support_request") == 0
    assert await house.trail() == []
    assert await house.mail() == []


async def test_an_address_writes_five_times_an_hour(house: House, world: World) -> None:
    for _ in range(5):
        assert isinstance(await submit_support_request(nobody(house, world), FORM), SupportRequest)
    with pytest.raises(RateLimited) as caught:
        await submit_support_request(nobody(house, world), FORM)
    assert caught.value.retry_after == 720
    assert await house.count("select count(*) as n from support_request") == 5


def test_the_form_has_no_place_for_a_password() -> None:
    fields = schema._schema.type_map["SupportRequestInput"].fields  # type: ignore[attr-defined]
    assert [name for name in fields if "pass" in name.lower()] == []


async def test_whoever_is_signed_in_finds_the_own_requests_and_no_others(house: House, world: World) -> None:
    await house.account("dana", "3")
    await house.account("eva", "1")
    dana, eva = await house.mobile("dana"), await house.mobile("eva")
    await submit_support_request(await house.context(world.source, dana), FORM)
    await submitted(house, world)
    document = "{ me { supportRequests { ticket state replyBy answer } } }"
    mine = (await ask(await house.context(world.source, dana), document)).data
    (row,) = await house.writer.rows("select ticket from support_request where account_id is not null")
    assert mine == {
        "me": {"supportRequests": [{"ticket": row["ticket"], "state": "NEW", "replyBy": "2026-11-30", "answer": None}]}
    }
    assert (await ask(await house.context(world.source, eva), document)).data == {"me": {"supportRequests": []}}


async def test_the_queue_shows_overdue_ones_first_and_pages_on(house: House, world: World) -> None:
    requests = [await submitted(house, world) for _ in range(5)]
    async with house.writer.transaction() as transaction:
        for number, on, state in (
            (1, date(2026, 11, 30), "NEW"),
            (2, date(2026, 11, 20), "ACKNOWLEDGED"),
            (3, date(2026, 11, 10), "RESOLVED"),
            (4, date(2026, 11, 19), "WAITING_FOR_PARENT"),
            (5, date(2026, 11, 21), "NEW"),
        ):
            await transaction.execute(
                "update support_request set reply_by_on = :on, state = :state where id = :id",
                {"id": number, "on": on, "state": state},
            )
    session = await desk(house, StaffRole.OFFICE)
    seen, after = list[Any](), None
    while True:
        answer = await ask(await house.context(world.source, session), QUEUE, after=after)
        assert answer.errors is None, answer.errors
        page = (answer.data or {})["staff"]["supportRequests"]
        assert page["totalCount"] == 5
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        seen += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    numbers = {request.ticket: request.id for request in requests}
    assert [(numbers[each["ticket"]], each["overdue"]) for each in seen] == [
        (2, True),
        (5, True),
        (4, False),
        (1, False),
        (3, False),
    ]
    assert seen[0]["steps"] == [{"state": "NEW", "by": None, "note": None}]
    only = await ask(await house.context(world.source, session), QUEUE, states=["NEW"])
    assert (only.data or {})["staff"]["supportRequests"]["totalCount"] == 2
    with pytest.raises(BadUserInput):
        await support_queue(await house.context(world.source, session), 2, "x", None)


@pytest.mark.parametrize("role", list(StaffRole))
async def test_each_role_is_let_in_where_it_belongs(house: House, world: World, role: StaffRole) -> None:
    request = await submitted(house, world)
    session = await desk(house, role)
    order = ResolveSupport(request.ticket, SupportAction.ACKNOWLEDGE)
    reading = role in (StaffRole.SUPPORT, StaffRole.OFFICE)
    context = await house.context(world.source, session)
    if reading:
        assert len((await support_queue(context, None, None, None)).found) == 1
    else:
        with pytest.raises(Forbidden):
            await support_queue(context, None, None, None)
    if role is StaffRole.SUPPORT:
        assert isinstance(await resolve_support_request(context, order), SupportRequest)
    else:
        before = await house.trail()
        with pytest.raises(Forbidden):
            await resolve_support_request(context, order)
        assert await house.trail() == before


async def test_strangers_parents_and_staff_without_a_second_factor_do_nothing(house: House, world: World) -> None:
    request = await submitted(house, world)
    await house.account("dana", "3")
    await house.staff("jordan", StaffRole.SUPPORT)
    order = ResolveSupport(request.ticket, SupportAction.RESOLVE, "Hello.")
    parent = await house.context(world.source, await house.mobile("dana"))
    unproven = await house.context(world.source, await house.mobile("jordan"))
    before = await house.trail()
    for context, refusal in (
        (nobody(house, world), Unauthenticated),
        (parent, Forbidden),
        (unproven, SecondFactorRequired),
    ):
        with pytest.raises(refusal):
            await resolve_support_request(context, order)
        with pytest.raises(refusal):
            await support_queue(context, None, None, None)
    assert (await house.trail(), await house.mail()) == (before, [])
    found = await request_by_ticket(house.writer, request.ticket)
    assert found is not None
    assert found.state is SupportState.NEW


async def test_a_request_is_acknowledged_answered_and_resolved(house: House, world: World) -> None:
    request = await submitted(house, world)
    session = await desk(house, StaffRole.SUPPORT)

    async def order(action: SupportAction, **given: Any) -> SupportRequest | Refused:
        context = await house.context(world.source, session, "203.0.113.5")
        return await resolve_support_request(context, ResolveSupport(request.ticket.lower(), action, **given))

    one = await order(SupportAction.ACKNOWLEDGE, note="Called, no answer.")
    assert isinstance(one, SupportRequest)
    assert (one.state, await house.mail()) == (SupportState.ACKNOWLEDGED, [])
    two = await order(SupportAction.ANSWER, answer="Which browser is it?\nThank you.")
    assert isinstance(two, SupportRequest)
    assert (two.state, two.answer) == (SupportState.WAITING_FOR_PARENT, "Which browser is it?\nThank you.")
    ((address, subject, text),) = await house.mail()
    assert (address, subject) == ("dana@families.example", f"Respuesta a su solicitud {request.ticket}")
    assert "Which browser is it? Thank you." in text
    assert "Dana" not in text
    three = await order(SupportAction.RESOLVE)
    assert isinstance(three, SupportRequest)
    assert three.state is SupportState.RESOLVED
    assert codes(await order(SupportAction.ANSWER, answer="Again.")) == [(ProblemCode.STATE_WRONG, "input.action")]
    assert len(await house.mail()) == 1
    rows = await house.writer.rows(
        "select actor, action, subject, address from audit where actor = 'account:1' and "
        "action like 'SUPPORT%' order by id"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("account:1", f"SUPPORT_REQUEST_{state}", "support_request:1", "203.0.113.5")
        for state in ("ACKNOWLEDGED", "WAITING_FOR_PARENT", "RESOLVED")
    ]
    steps = await house.writer.rows("select state, account_id, note from support_request_step order by id")
    assert [tuple(step.values()) for step in steps] == [
        ("NEW", None, None),
        ("ACKNOWLEDGED", 1, "Called, no answer."),
        ("WAITING_FOR_PARENT", 1, None),
        ("RESOLVED", 1, None),
    ]


async def test_a_disabled_parent_is_let_in_again_and_who_never_finished_is_sent_to_the_school(
    house: House, world: World
) -> None:
    session = await desk(house, StaffRole.SUPPORT)
    for name, done_at in (("dana", house.clock.now()), ("eva", None)):
        account = await house.account(name, "3")
        async with house.writer.transaction() as transaction:
            await transaction.execute(
                "update account set disabled_at = :now_at, setup_done_at = :done_at where id = :id",
                {"id": account, "now_at": house.clock.now(), "done_at": done_at},
            )
        assert not isinstance((await house.try_log_in(name))[0], LoggedIn)
        request = await submitted(house, world, language="en")
        context = await house.context(world.source, session)
        order = ResolveSupport(request.ticket, SupportAction.RESOLVE, "Sorry.", reactivate_username=f" {name.upper()}")
        done = await resolve_support_request(context, order)
        assert isinstance(done, SupportRequest)
        assert done.reactivated
        assert isinstance((await house.try_log_in(name))[0], LoggedIn)
        rows = await house.writer.rows(
            "select actor_name, action, purpose from access_log where account_id = :id", {"id": account}
        )
        assert [tuple(row.values()) for row in rows] == [("Jo Desk", "CHANGED", "SUPPORT")]
    one, two = [text for _, _, text in await house.mail()]
    assert "Log in with your user name and password" in one
    assert "take a photo ID to your student's school and ask for a new activation key" in two


async def test_what_cannot_be_done_is_told_at_once_and_nothing_is_changed(house: House, world: World) -> None:
    request = await submitted(house, world)
    session = await desk(house, StaffRole.SUPPORT)
    await house.account("dana", "3")
    await house.staff("office", StaffRole.OFFICE)
    before = await house.trail()

    async def order(ticket: str, action: SupportAction, **given: Any) -> list[tuple[ProblemCode, str]]:
        context = await house.context(world.source, session)
        return codes(await resolve_support_request(context, ResolveSupport(ticket, action, **given)))

    known, who = request.ticket, "input.reactivateUsername"
    assert await order("0000-0000", SupportAction.RESOLVE) == [(ProblemCode.REQUEST_NOT_FOUND, "input.ticket")]
    assert await order(known, SupportAction.ANSWER) == [(ProblemCode.TEXT_MISSING, "input.answer")]
    assert await order(known, SupportAction.ANSWER, answer="Your password: maple7") == [
        (ProblemCode.PASSWORD_IN_TEXT, "input.answer")
    ]
    for name in ("office", "nobody", "jordan"):
        assert await order(known, SupportAction.RESOLVE, reactivate_username=name) == [
            (ProblemCode.ACCOUNT_NOT_FOUND, who)
        ]
    assert await order(known, SupportAction.RESOLVE, reactivate_username="dana") == [(ProblemCode.STATE_WRONG, who)]
    assert (await house.trail(), await house.mail()) == (before, [])


async def test_of_two_who_resolve_at_once_one_does(house: House, world: World) -> None:
    request = await submitted(house, world)
    session = await desk(house, StaffRole.SUPPORT)
    order = ResolveSupport(request.ticket, SupportAction.RESOLVE, "Done.")
    contexts = [await house.context(world.source, session) for _ in range(2)]
    answers = await asyncio.gather(*(resolve_support_request(context, order) for context in contexts))
    assert sorted(isinstance(answer, SupportRequest) for answer in answers) == [False, True]
    assert len(await house.mail()) == 1


async def test_a_year_after_it_was_resolved_the_texts_are_gone(house: House, world: World) -> None:
    old, open_one = await submitted(house, world), await submitted(house, world)
    session = await desk(house, StaffRole.SUPPORT)
    context = await house.context(world.source, session)
    await resolve_support_request(context, ResolveSupport(old.ticket, SupportAction.RESOLVE, "Done."))
    house.clock.pass_by(days=366)
    before = house.clock.now().replace(year=2026)
    async with house.writer.transaction() as transaction:
        assert await forget_support_requests(transaction, before) == 1
        assert await forget_support_requests(transaction, before) == 0
    rows = await house.writer.rows(
        "select name, text, phone, home_address, email, answer, address from support_request order by id"
    )
    assert [value for value in rows[0].values() if value] == []
    assert rows[1]["text"] == open_one.text


async def test_a_family_reads_who_opened_what_it_wrote_once_an_hour(house: House, world: World) -> None:
    await house.account("dana", "3")
    await submit_support_request(await house.context(world.source, await house.mobile("dana")), FORM)
    await submitted(house, world)
    session = await desk(house, StaffRole.SUPPORT)
    opened = "select count(*) as n from access_log where action = 'OPENED' and account_id = 1 and purpose = 'SUPPORT'"
    for passed, lines in ((0, 1), (50, 1), (11, 2)):
        house.clock.pass_by(minutes=passed)
        session = await house.mobile("jordan") if passed else session
        await house.prove(session)
        await support_queue(await house.context(world.source, session), None, None, None)
        assert await house.count(opened) == lines
    assert await house.count("select count(*) as n from access_log") == 2
