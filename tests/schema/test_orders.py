"""Every order of the schema by every kind of caller: who is refused by which code, and what a refusal leaves alone.

An order that is not in the table fails here: whoever adds one says whom it is for.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from strawberry.types import ExecutionResult

from loaders.ids import node_id
from loaders.portal.roles import StaffRole
from resolvers.context import Caller, Context
from resolvers.errors import Refusal
from resolvers.portal.support_request import SubmitSupportRequest, submit_support_request
from schema.api import schema
from tests.portal import PASSWORD, House, empty_place, open_house
from tests.registration import open_forms
from tests.world import World, open_world

ADDRESS = "203.0.113.5"
FORM = """{ fullName: "D", homeAddress: "12 Oak", phone: "5", studentNames: ["K"], whatHappened: "I am locked out." }"""
ANYBODY, SIGNED_IN, PARENTS, GATED = "anybody", "signed in", "parents", "parents whose set-up is done"


@dataclass(frozen=True, slots=True)
class Order:
    """Whom an order is for (roles: with a second factor), arguments, and the action in the trail where it succeeds."""

    who: str | frozenset[StaffRole]
    arguments: str = ""
    action: str | None = None


def _admin(arguments: str, action: str) -> Order:
    return Order(frozenset({StaffRole.ADMIN}), arguments, action)


def _office(arguments: str, action: str | None = None) -> Order:
    return Order(frozenset({StaffRole.OFFICE}), arguments, action)


def _access(arguments: str, action: str | None = None) -> Order:
    return Order(frozenset({StaffRole.OFFICE, StaffRole.ADMIN}), arguments, action)


ORDERS = {
    "logIn": Order(ANYBODY, f'input: {{ username: "dana", password: "{PASSWORD}", client: MOBILE }}', "LOGGED_IN"),
    "refreshSession": Order(ANYBODY, 'refreshToken: "x"'),
    "logOut": Order(ANYBODY),
    "changePassword": Order(
        SIGNED_IN, f'input: {{ currentPassword: "{PASSWORD}", newPassword: "Quiet-river-9" }}', "PASSWORD_CHANGED"
    ),
    "beginSecondFactor": Order(SIGNED_IN, f'input: {{ currentPassword: "{PASSWORD}" }}'),
    "confirmSecondFactor": Order(SIGNED_IN, 'input: { code: "000000" }'),
    "proveSecondFactor": Order(SIGNED_IN, 'input: { code: "000000" }'),
    "removeSecondFactor": Order(SIGNED_IN, f'input: {{ currentPassword: "{PASSWORD}", code: "000000" }}'),
    "deferSecuritySetup": Order(PARENTS),
    "setRecoveryEmail": Order(
        SIGNED_IN, f'input: {{ currentPassword: "{PASSWORD}", email: "new@families.example" }}', "RECOVERY_EMAIL_SET"
    ),
    "confirmRecoveryEmail": Order(ANYBODY, 'token: "x"'),
    "undoRecoveryEmail": Order(ANYBODY, 'token: "x"'),
    "setPreferenceImages": Order(
        SIGNED_IN, f'input: {{ currentPassword: "{PASSWORD}", liked: ["x"], disliked: ["y"] }}'
    ),
    "requestUsername": Order(ANYBODY, 'email: "x@families.example"'),
    "requestPasswordReset": Order(ANYBODY, 'username: "nobody"'),
    "openPasswordReset": Order(ANYBODY, 'token: "x", language: "en"'),
    "completePasswordReset": Order(
        ANYBODY, 'input: { token: "x", liked: [], disliked: [], newPassword: "Quiet-river-9" }'
    ),
    "revokeSession": Order(SIGNED_IN, f'id: "{node_id("Session", 999)}"'),
    "revokeOtherSessions": Order(SIGNED_IN, "", "OTHER_SESSIONS_REVOKED"),
    "submitSupportRequest": Order(ANYBODY, f"input: {FORM}", "SUPPORT_REQUEST_SUBMITTED"),
    "resolveSupportRequest": Order(
        frozenset({StaffRole.SUPPORT}),
        'input: { ticket: "TICKET", action: RESOLVE, answer: "Done." }',
        "SUPPORT_REQUEST_RESOLVED",
    ),
    "submitPortalRequest": Order(
        ANYBODY,
        'input: { name: "D", relationship: MOTHER, students: [{ name: "K", schoolName: "S" }], homeAddress: "12 Oak", '
        'phone: "5", delivery: POST }',
        "PORTAL_REQUEST_SUBMITTED",
    ),
    "redeemActivationKey": Order(ANYBODY, 'key: "x"'),
    "createAccount": Order(ANYBODY, 'input: { key: "x", username: "fresh", password: "Quiet-river-9" }'),
    "recordIdentityCheck": _office(
        'input: { reference: "x", idKind: PASSPORT, signatureWitnessed: true, guardianId: "3" }'
    ),
    "decidePortalRequest": _office('input: { reference: "x", approve: false, reason: "Unknown." }'),
    "issueActivationKey": _office('input: { guardianId: "1", delivery: POST }', "LETTER_ORDERED"),
    "orderKeyLetters": _office(f'input: {{ schoolId: "{node_id("School", 1)}" }}', "LETTERS_ORDERED"),
    "setAccessBlock": _access('input: { guardianId: "1", studentId: "1", reason: COURT_ORDER }', "ACCESS_BLOCKED"),
    "liftAccessBlock": _access(f'id: "{node_id("AccessBlock", 999)}"'),
    "setAreaSwitch": _access("input: { areas: [GRADES], reason: SUMMER }", "AREA_CLOSED"),
    "liftAreaSwitch": _access(f'id: "{node_id("AreaSwitch", 999)}"'),
    "recordEligibility": _access('input: { studentId: "1", kind: CONSENT }', "ELIGIBILITY_RECORDED"),
    "withdrawEligibility": _access(f'id: "{node_id("Eligibility", 999)}"'),
    "createCalendarFeed": Order(GATED, f'studentId: "{node_id("Student", 9999)}"'),
    "revokeCalendarFeed": Order(GATED, f'id: "{node_id("CalendarFeed", 999)}"'),
    "registerDevice": Order(GATED, 'input: { platform: FCM, token: "x" }'),
    "removeDevice": Order(GATED, f'id: "{node_id("Device", 999)}"'),
    "replayDeadLetters": Order(frozenset({StaffRole.ADMIN}), f'ids: ["{node_id("DeadLetter", 999)}"]'),
    "startRegistration": Order(
        GATED, f'input: {{ schoolYear: 2028, schoolId: "{node_id("School", 1)}" }}', "REGISTRATION_STARTED"
    ),
    "saveRegistration": Order(
        GATED, f'input: {{ id: "{node_id("Registration", 1)}", section: "health", version: 0, answers: [] }}'
    ),
    "submitRegistration": Order(
        GATED, f'input: {{ id: "{node_id("Registration", 1)}", signature: "x", answersVersion: "x" }}'
    ),
    "beginUpload": Order(
        GATED,
        f'input: {{ id: "{node_id("Registration", 1)}", section: "health", field: "immunization_record", '
        'fileName: "x.pdf", mediaType: "application/pdf", bytes: 1 }',
    ),
    "removeUpload": Order(GATED, 'id: "1"'),
    "withdrawRegistration": Order(GATED, f'id: "{node_id("Registration", 1)}"'),
    "reviewRegistration": _office(f'input: {{ id: "{node_id("Registration", 1)}", version: 1, state: APPROVED }}'),
    "assignRegistration": _office(f'input: {{ id: "{node_id("Registration", 1)}", version: 1 }}'),
    "remarkOnRegistration": _office(f'input: {{ id: "{node_id("Registration", 1)}", text: "x" }}'),
    "setStaffSchools": _admin('input: { username: "target", schoolIds: [], every: true }', "SCHOOLS_CHANGED"),
    "setNotificationRule": Order(GATED, "input: { kind: MESSAGE, mode: OFF }"),
    "setNotificationSettings": Order(GATED, "input: { digestWeekday: 1 }"),
    "markNotificationsRead": Order(GATED, f'ids: ["{node_id("Notification", 999)}"]'),
    "markMessagesRead": Order(GATED, "ids: []"),
    # What of a message a teacher may send is told as data.
    "sendMessage": Order(
        frozenset({StaffRole.OFFICE, StaffRole.ADMIN, StaffRole.TEACHER}),
        'input: { scope: STUDENT, studentId: "1", subject: "S", body: "B", language: "en" }',
    ),
    "withdrawMessage": Order(
        frozenset({StaffRole.OFFICE, StaffRole.ADMIN, StaffRole.TEACHER}),
        f'id: "{node_id("Message", "portal", 1)}"',
    ),
    "setStaffTeacher": _admin('input: { username: "target", teacherId: "1" }', "TEACHER_CHANGED"),
    "disableAccount": _admin('username: "target"', "ACCOUNT_DISABLED"),
    "enableAccount": _admin('username: "disabled"', "ACCOUNT_ENABLED"),
    "setStaffRoles": _admin('input: { username: "target", roles: [TEACHER] }', "ROLES_CHANGED"),
    "endAccountSessions": _admin('username: "target"', "ACCOUNT_SESSIONS_ENDED"),
}
PARENT, UNFINISHED, NOBODY = "parent", "parent without set-up", "nobody"
CALLERS = [NOBODY, PARENT, UNFINISHED, *(f"{role.value}{proof}" for role in StaffRole for proof in ("", " proven"))]


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students that takes registrations."""
    made = await open_world(Path(tmp_path_factory.mktemp("orders")) / "district.db", 25)
    open_forms(made.source)
    yield made
    await made.recorded.reads.close()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place("sqlite", tmp_path) as url, open_house(url) as house:
        await house.account("dana", "3")
        await house.staff("target", StaffRole.OFFICE)
        await house.staff("disabled", StaffRole.OFFICE)
        async with house.writer.transaction() as transaction:
            await transaction.execute(
                "update account set disabled_at = :now_at where username = 'disabled'", {"now_at": house.clock.now()}
            )
        yield house


def expected(order: Order, caller: str) -> str | None:
    """The code by which this caller is refused; None where it is let in."""
    if order.who == ANYBODY or (order.who == SIGNED_IN and caller != NOBODY):
        return None
    if order.who == PARENTS and caller.startswith(PARENT):
        return None
    if order.who == GATED and caller == PARENT:
        return None
    if order.who == GATED and caller == UNFINISHED:
        return "SECURITY_SETUP_REQUIRED"
    if caller == NOBODY:
        return "UNAUTHENTICATED"
    role = caller.partition(" ")[0]
    if caller in (PARENT, UNFINISHED) or isinstance(order.who, str) or role not in {each.value for each in order.who}:
        return "FORBIDDEN"
    return None if caller.endswith(" proven") else "SECOND_FACTOR_REQUIRED"


async def context_of(house: House, world: World, caller: str) -> Context:
    if caller == NOBODY:
        return Context(world.source, None, Caller(address=ADDRESS), house.portal, None)
    if caller == UNFINISHED:
        await house.account("fresh-parent", "1", finished=False)
        return await house.context(world.source, await house.mobile("fresh-parent"), ADDRESS)
    if caller == PARENT:
        return await house.context(world.source, await house.mobile("dana"), ADDRESS)
    role, _, proven = caller.partition(" ")
    await house.staff("member", StaffRole(role))
    session = await house.mobile("member")
    if proven:
        await house.prove(session)
    return await house.context(world.source, session, ADDRESS)


async def everything(house: House) -> dict[str, Any]:
    """All rows of the store but the trail's."""
    names = await house.writer.rows("select name from sqlite_master where type = 'table' and name <> 'audit'")
    return {row["name"]: await house.writer.rows(f"select * from {row['name']}") for row in names}


def test_every_order_of_the_schema_is_in_the_table() -> None:
    mutation = schema._schema.mutation_type
    assert mutation is not None
    assert set(mutation.fields) == set(ORDERS)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("name", ORDERS)
async def test_each_caller_is_let_in_or_refused_as_the_table_says(
    house: House, world: World, name: str, caller: str
) -> None:
    order = ORDERS[name]
    opened = Context(world.source, None, Caller(address="198.51.100.1"), house.portal, None)
    form = SubmitSupportRequest("D", "12 Oak", "5", "d@example.org", ["K"], None, "I am locked out.")
    request = await submit_support_request(opened, form)
    context = await context_of(house, world, caller)
    trail, before = await house.trail(), await everything(house)
    arguments = order.arguments.replace("TICKET", getattr(request, "ticket", ""))
    document = f"mutation {{ {name}{f'({arguments})' if arguments else ''} {{ __typename }} }}"
    answer = await schema.execute(document, context_value=context)
    assert isinstance(answer, ExecutionResult)
    found = {error.original_error.code for error in answer.errors or () if isinstance(error.original_error, Refusal)}
    assert len(found) == len(answer.errors or ()), answer.errors
    refusal = expected(order, caller)
    assert found == ({refusal} if refusal else set())
    written = (await house.writer.rows("select actor, action, subject, address from audit order by id"))[len(trail) :]
    if refusal is not None:
        assert await everything(house) == before
        assert [row["action"] for row in written] == []
        assert context.reply.session_cookie is None
    elif order.action is not None:
        (row,) = written
        viewer = None if name == "logIn" else context.viewer
        actor = f"account:{viewer.account_id}" if viewer else "account:1" if name == "logIn" else "stranger"
        assert (row["actor"], row["action"], row["address"]) == (actor, order.action, ADDRESS)
        assert ":" in row["subject"]
        assert await everything(house) != before
    else:
        assert len(written) <= 1
    marked = schema._schema.mutation_type.fields[name].extensions["strawberry-definition"].metadata  # type: ignore[union-attr]
    if refusal is None:
        assert bool(marked.get("homeroom.account_order")) is context._account_order
