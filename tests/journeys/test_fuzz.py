"""Documents that nobody wrote, sent to a running gateway: no failure, no leak, no answer against the schema."""

import re
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from tests import documents
from tests.drawing import NOT_FOR_PARENTS
from tests.journeys.asking import Asker, Running, leaves, socket, sound
from tests.journeys.real_values import forged_cursors, ids, known_from, register_scalars, with_real_values
from tests.journeys.running import homeroom, run

QUERIES = ("portal", "me", "student", "node", "nodes")
MUTATIONS = (
    *("logIn", "refreshSession", "logOut", "changePassword"),
    *("setRecoveryEmail", "confirmRecoveryEmail", "undoRecoveryEmail", "setPreferenceImages"),
    "deferSecuritySetup",
    *("requestUsername", "requestPasswordReset", "openPasswordReset", "completePasswordReset"),
    *("beginSecondFactor", "confirmSecondFactor", "proveSecondFactor", "removeSecondFactor"),
    *("revokeSession", "revokeOtherSessions"),
    *("submitSupportRequest", "resolveSupportRequest"),
    *("disableAccount", "enableAccount", "setStaffRoles", "endAccountSessions"),
    *("submitPortalRequest", "recordIdentityCheck", "decidePortalRequest", "orderKeyLetters"),
    *("issueActivationKey", "redeemActivationKey", "createAccount"),
    *("startRegistration", "saveRegistration", "submitRegistration", "withdrawRegistration"),
    *("beginUpload", "removeUpload"),
    *("reviewRegistration", "assignRegistration", "remarkOnRegistration", "setStaffSchools"),
    *("setAccessBlock", "liftAccessBlock", "setAreaSwitch", "liftAreaSwitch"),
    *("recordEligibility", "withdrawEligibility", "createCalendarFeed", "revokeCalendarFeed"),
    *("setNotificationRule", "setNotificationSettings", "markNotificationsRead"),
    *("registerDevice", "removeDevice", "replayDeadLetters"),
    *("markMessagesRead", "sendMessage", "withdrawMessage", "setStaffTeacher"),
)
#: What would end the parent's own session: drawn for nobody alone.
NOT_FOR_GUESTS = ("revokeOtherSessions",)
CONNECTIONS = [
    "query ($after: String) { me { messages(after: $after) { totalCount nodes { id } } } }",
    "query ($after: String) { me { assignments(after: $after) { totalCount nodes { id } } } }",
    "query ($after: String) { me { students { attendance(after: $after) { totalCount nodes { id } } } } }",
]
FOLLOW = """subscription ($student: ID, $after: String) {
  gradeChanged(studentId: $student, after: $after) { cursor student { id } grade { id } } }"""
MEDIA = ("application/json", "application/graphql-response+json")
# Generating and asking share two cores with whatever else runs, so how long one document takes says nothing; drawn
# selections are deep, which is what they are for. To shrink a failing document takes minutes: it is shown as it is.
BOUNDED = settings(
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)

Fuzz = Callable[[int], Callable[[Any], Any]]


@pytest_asyncio.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """A demo with a second family that has an account; at the end its log must tell of no failure."""
    folder = Path(tmp_path_factory.mktemp("fuzz"))
    async with homeroom("demo", "--students", "60", folder=folder) as gateway:
        username, password = gateway.line("parent").split(" ")
        with closing(sqlite3.connect(folder / ".homeroom" / "demo.db")) as db:
            cases = dict(db.execute("select name, guardian_id from demo_case where guardian_id is not null"))
            right = "select student_id from guardian_student where guardian_id = ? and portal_access = 1"
            students = frozenset(row[0] for row in db.execute(right, (cases["parent"],)))
        added = await run(
            *("user", "add", "--username", "neighbour", "--guardian", str(cases["four_children"]), "--finished"),
            folder=folder,
            settings={
                "HOMEROOM_SIS_URL": f"sqlite:///{folder}/.homeroom/demo.db",
                "HOMEROOM_SIS_ADAPTER": "home",
                "HOMEROOM_SIS_ALLOW_WRITABLE": "true",
                "HOMEROOM_PORTAL_URL": f"sqlite:///{folder}/.homeroom/demo-portal.db",
            },
            given=f"{password}\n",
        )
        assert added[0] == 0, added[1]
        register_scalars()
        operations = schemathesis.graphql.from_url(gateway.url)
        with httpx2.Client(timeout=30) as client:
            parent = Asker(gateway.url, client, await gateway.log_in(username, password), students)
            neighbour = Asker(gateway.url, client, await gateway.log_in("neighbour", password))
            own, other = (known_from([a.data(d) for d in documents.ALL.values()]) for a in (parent, neighbour))
            nobody = Asker(gateway.url, client, None)
            guest = Asker(gateway.url, client, await gateway.log_in(username, password), students)
            yield Running(operations, operations.client_schema, nobody, parent, guest, own, other.without(own))
        gateway.process.send_signal(signal.SIGTERM)
        told, _ = await gateway.process.communicate()
        assert not re.search(r"failed|Traceback|exception", told.decode()), told.decode()


@pytest.fixture
def fuzz(pytestconfig: pytest.Config) -> Fuzz:
    """Decorates a test of drawn values to run so many times: the same ones always, or those of --hypothesis-seed."""
    chosen = pytestconfig.getoption("--hypothesis-seed")
    number = int(chosen) if chosen not in (None, "random") else 0
    print(f"These documents are drawn by --hypothesis-seed={number}.")

    def times(examples: int) -> Callable[[Any], Any]:
        return lambda test: seed(number)(settings(BOUNDED, max_examples=examples)(test))

    return times


def check(running: Running, asker: Asker, document: str, response: httpx2.Response, media: str) -> Any:
    """The answer to a drawn document, which may be a refusal and must be sound in every way."""
    assert response.headers["content-type"] == f"{media}; charset=utf-8"
    answer = response.json()
    refused = "data" not in answer
    early = refused and answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    expected = {400} if refused and media == MEDIA[1] else {200, 400} if early else {200}
    assert response.status_code in expected, response.text
    sound(running, asker, document, answer)
    return answer


def test_the_running_schema_has_the_fields_that_are_fuzzed_here(running: Running) -> None:
    assert set(running.operations["Query"]) == {*QUERIES, *NOT_FOR_PARENTS}
    assert set(running.operations["Mutation"]) == set(MUTATIONS)


@pytest.mark.parametrize("name", QUERIES)
def test_as_a_parent_drawn_documents_with_real_ids_yield_the_own_family_alone(
    running: Running, fuzz: Fuzz, name: str
) -> None:
    before = running.parent.asked.copy()
    drawn = with_real_values(running.operations, name, running.own, running.foreign)

    @fuzz(20 if name == "portal" else 60)
    @given(document=drawn, media=st.sampled_from(MEDIA))
    def holds(document: str, media: str) -> None:
        check(running, running.parent, document, running.parent.ask(document, media), media)

    holds()
    figures = running.parent.asked - before
    print(name, dict(figures))
    # Of `nodes` from 19 to 42 of 60 had data, by the seed: each new field of the schema makes other draws.
    assert figures["with data"] >= figures["documents"] * 0.25
    assert name == "portal" or figures["of students"] >= figures["documents"] * 0.25


def test_a_forged_cursor_is_a_place_or_bad_input_and_no_failure(running: Running) -> None:
    forged = list(forged_cursors(running.own))
    assert len(forged) >= 9 * 7
    for after in forged:
        for document in CONNECTIONS:
            check(running, running.parent, document, running.parent.ask(document, after=after), MEDIA[0])


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("name", QUERIES)
def test_as_a_parent_whatever_schemathesis_draws_is_answered_soundly(
    running: Running, fuzz: Fuzz, name: str, mode: GenerationMode
) -> None:
    @fuzz(30)
    @given(case=running.operations["Query"][name].as_strategy(generation_mode=mode), media=st.sampled_from(MEDIA))
    def holds(case: Any, media: str) -> None:
        check(running, running.parent, case.body, running.parent.ask(case.body, media), media)

    holds()


@pytest.mark.parametrize("name", QUERIES)
def test_signed_out_nothing_but_the_portal_is_told(running: Running, fuzz: Fuzz, name: str) -> None:
    drawn = with_real_values(running.operations, name, running.own, running.foreign)

    @fuzz(30)
    @given(document=drawn, media=st.sampled_from(MEDIA))
    def holds(document: str, media: str) -> None:
        data = check(running, running.nobody, document, running.nobody.ask(document, media), media).get("data")
        told = list(leaves(data))
        # A request of a made-up reference is nothing, and the desk of this district has no address.
        nothing = "portalRequest" in document or "supportDesk" in document
        assert bool(told) is (name == "portal") or (not told and nothing), (document, told)

    holds()


@pytest.mark.parametrize("name", sorted(NOT_FOR_PARENTS))
def test_whatever_is_drawn_of_the_desk_no_parent_and_nobody_is_told(running: Running, fuzz: Fuzz, name: str) -> None:
    drawn = running.operations["Query"][name].as_strategy()

    @fuzz(30)
    @given(case=drawn, media=st.sampled_from(MEDIA), who=st.sampled_from([running.nobody, running.parent]))
    def holds(case: Any, media: str, who: Asker) -> None:
        data = check(running, who, case.body, who.ask(case.body, media), media).get("data")
        assert list(leaves(data)) == []

    holds()


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("name", MUTATIONS)
def test_drawn_orders_open_no_session(running: Running, fuzz: Fuzz, name: str, mode: GenerationMode) -> None:
    drawn = running.operations["Mutation"][name].as_strategy(generation_mode=mode)
    askers = [running.nobody] if name in NOT_FOR_GUESTS else [running.nobody, running.guest]

    @fuzz(15)
    @given(case=drawn, media=st.sampled_from(MEDIA), who=st.sampled_from(askers))
    def holds(case: Any, media: str, who: Asker) -> None:
        response = who.ask(case.body, media)
        data = check(running, who, case.body, response, media).get("data")
        assert "session" not in ((data or {}).get(name) or {})
        assert all("=;" in cookie and "Max-Age=0" in cookie for cookie in response.headers.get_list("set-cookie"))

    holds()


def test_over_a_socket_drawn_documents_are_answered_by_the_same_law(running: Running, fuzz: Fuzz) -> None:
    drawn = st.sampled_from(QUERIES).flatmap(
        lambda name: with_real_values(running.operations, name, running.own, running.foreign)
    )
    before = running.parent.asked.copy()
    with socket(running.parent) as say:

        @fuzz(40)
        @given(document=drawn)
        def holds(document: str) -> None:
            (answer,) = say({"query": document})
            sound(running, running.parent, document, answer)

        holds()
    figures = running.parent.asked - before
    assert figures["with data"] >= figures["documents"] * 0.4


def test_over_a_socket_no_drawn_id_streams_another_familys_grades(running: Running, fuzz: Fuzz) -> None:
    with socket(running.parent) as say:
        # JSON with a NUL in it is refused before it is a message, and ends the socket.
        anything = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)

        @fuzz(40)
        @given(student=ids("Student", running.own, running.foreign), after=st.none() | anything)
        def holds(student: str, after: str | None) -> None:
            for answer in say({"query": FOLLOW, "variables": {"student": student, "after": after}}, live=True):
                sound(running, running.parent, FOLLOW, answer)
                assert "data" not in answer

        holds()
