"""The second factor on both engines: begun, confirmed, proven once a session, removed; and what each refusal leaves."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.authentication import Authenticator
from loaders.portal.roles import StaffRole
from resolvers.context import Caller, ClientKind, Context
from resolvers.errors import RateLimited, SecondFactorRequired, Unauthenticated
from resolvers.portal.problems import ProblemCode, Refused
from resolvers.portal.second_factor import (
    FAILURES_A_DAY,
    SecondFactorBegun,
    SecondFactorConfirmed,
    SecondFactorProven,
    SecondFactorRemoved,
    SecondFactorState,
    begin_second_factor,
    confirm_second_factor,
    prove_second_factor,
    remove_second_factor,
    second_factor_state,
)
from resolvers.portal.sessions import LoggedIn, refresh
from resolvers.portal.tokens import token_hash
from resolvers.portal.totp import code_at, step_at
from resolvers.staff import staff
from tests.portal import ADAPTER, PASSWORD, House, empty_place, open_house
from tests.world import World, open_world

DANA = "3"


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students."""
    made = await open_world(Path(tmp_path_factory.mktemp("factors")) / "district.db", 25)
    yield made
    await made.recorded.reads.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        yield house


def now_code(house: House, secret: str, drift: int = 0) -> str:
    return code_at(secret, step_at(house.clock.now()) + drift)


async def enrolled(house: House, world: World, username: str) -> tuple[str, SecondFactorConfirmed]:
    """The secret and the answer of a second factor that was set up; thirty seconds later."""
    session = await house.mobile(username)
    begun = await begin_second_factor(await house.context(world.source, session), PASSWORD)
    assert isinstance(begun, SecondFactorBegun), begun
    context = await house.context(world.source, session)
    confirmed = await confirm_second_factor(context, now_code(house, begun.secret))
    assert isinstance(confirmed, SecondFactorConfirmed), confirmed
    house.clock.pass_by(seconds=30)
    return begun.secret, confirmed


def code_of(answer: object) -> ProblemCode:
    assert isinstance(answer, Refused), answer
    (problem,) = answer.problems
    return problem.code


async def test_staff_pass_their_door_once_they_have_proven_it(house: House, world: World) -> None:
    await house.staff("office", StaffRole.OFFICE)
    secret, confirmed = await enrolled(house, world, "office")
    session = await house.mobile("office")
    assert session.second_factor_needed
    context = await house.context(world.source, session)
    with pytest.raises(SecondFactorRequired):
        staff(context, StaffRole.OFFICE)
    proven = await prove_second_factor(context, now_code(house, secret))
    assert isinstance(proven, SecondFactorProven)
    assert proven.recovery_codes_left == len(confirmed.recovery_codes) == 10
    assert staff(context, StaffRole.OFFICE).username == "office"
    later = replace(session, access_token=proven.session.access_token)
    assert staff(await house.context(world.source, later), StaffRole.OFFICE).second_factor


async def test_confirming_proves_it_ends_other_sessions_and_sends_a_mail(house: House, world: World) -> None:
    account = await house.account("dana", DANA)
    other = await house.mobile("dana")
    session = await house.mobile("dana")
    context = await house.context(world.source, session)
    begun = await begin_second_factor(context, PASSWORD)
    assert isinstance(begun, SecondFactorBegun)
    assert await second_factor_state(context) == SecondFactorState(False, 0)
    context = await house.context(world.source, session)
    confirmed = await confirm_second_factor(context, now_code(house, begun.secret))
    assert isinstance(confirmed, SecondFactorConfirmed)
    assert context.signed_in().second_factor
    assert await second_factor_state(context) == SecondFactorState(True, 10)
    rows = await house.writer.rows("select id, end_reason from session where ended_at is not null")
    assert [tuple(row.values()) for row in rows] == [(other.session_id, "SECOND_FACTOR_ENABLED")]
    ((address, subject, _),) = await house.mail()
    assert (address, subject) == ("dana.porter.3@example.org", "Your second factor is on")
    trail = [(actor, action) for actor, action, _ in await house.trail()]
    assert trail[-2:] == [
        (f"account:{account}", "SECOND_FACTOR_BEGUN"),
        (f"account:{account}", "SECOND_FACTOR_ENABLED"),
    ]


async def test_the_tokens_of_before_end_with_the_step_up(house: House, world: World) -> None:
    await house.account("dana", DANA)
    secret, _ = await enrolled(house, world, "dana")
    session = await house.mobile("dana")
    proven = await prove_second_factor(await house.context(world.source, session), now_code(house, secret))
    assert isinstance(proven, SecondFactorProven)
    authenticator = Authenticator(house.portal, ADAPTER)
    assert await authenticator.viewer(session.access_token or "", by_cookie=False) is None
    assert await authenticator.viewer(proven.session.access_token or "", by_cookie=False) is not None
    renewed = await refresh(house.portal, proven.session.refresh_token, Caller())
    assert isinstance(renewed, LoggedIn)
    assert (renewed.second_factor, renewed.second_factor_needed) == (True, False)
    # The refresh token of before was taken: whoever shows it ends the session.
    assert not isinstance(await refresh(house.portal, session.refresh_token, Caller()), LoggedIn)
    assert await authenticator.viewer(renewed.access_token or "", by_cookie=False) is None
    await authenticator.close()


async def test_a_web_session_gets_another_cookie(house: House, world: World) -> None:
    await house.account("dana", DANA)
    secret, _ = await enrolled(house, world, "dana")
    cookie = await house.web("dana")
    authenticator = Authenticator(house.portal, ADAPTER)
    viewer = await authenticator.viewer(cookie, by_cookie=True)
    socket = Context(world.source, viewer, Caller(cookie, True, transport="websocket"), house.portal, None)
    assert code_of(await prove_second_factor(socket, now_code(house, secret))) is ProblemCode.COOKIE_NEEDS_HTTP
    context = Context(world.source, viewer, Caller(cookie, True), house.portal, None)
    proven = await prove_second_factor(context, now_code(house, secret))
    assert isinstance(proven, SecondFactorProven)
    assert (proven.session.access_token, proven.session.refresh_token) == (None, None)
    new = context.reply.session_cookie
    assert new
    assert await authenticator.viewer(cookie, by_cookie=True) is None
    found = await authenticator.viewer(new, by_cookie=True)
    assert found is not None
    assert found.second_factor
    await authenticator.close()


async def test_no_code_is_taken_twice(house: House, world: World) -> None:
    await house.account("dana", DANA)
    secret, _ = await enrolled(house, world, "dana")
    code = now_code(house, secret)
    first, second = await house.mobile("dana"), await house.mobile("dana")
    assert isinstance(await prove_second_factor(await house.context(world.source, first), code), SecondFactorProven)
    context = await house.context(world.source, second)
    assert code_of(await prove_second_factor(context, code)) is ProblemCode.CODE_WRONG
    assert not context.signed_in().second_factor


async def test_the_code_that_confirmed_it_proves_nothing_more(house: House, world: World) -> None:
    await house.account("dana", DANA)
    secret, _ = await enrolled(house, world, "dana")
    context = await house.context(world.source, await house.mobile("dana"))
    assert code_of(await prove_second_factor(context, now_code(house, secret, -1))) is ProblemCode.CODE_WRONG


async def test_a_recovery_code_is_good_once(house: House, world: World) -> None:
    await house.account("dana", DANA)
    _, confirmed = await enrolled(house, world, "dana")
    code = confirmed.recovery_codes[3]
    typed = code.lower().replace("-", " ")
    proven = await prove_second_factor(await house.context(world.source, await house.mobile("dana")), typed)
    assert isinstance(proven, SecondFactorProven)
    assert proven.recovery_codes_left == 9
    context = await house.context(world.source, await house.mobile("dana"))
    assert code_of(await prove_second_factor(context, code)) is ProblemCode.CODE_WRONG


async def test_nothing_of_it_lies_in_the_store_readable(house: House, world: World) -> None:
    await house.account("dana", DANA)
    secret, confirmed = await enrolled(house, world, "dana")
    (factor,) = await house.writer.rows("select secret_sealed from second_factor")
    assert secret not in factor["secret_sealed"]
    kept = {row["code_hash"] for row in await house.writer.rows("select code_hash from recovery_code")}
    assert kept == {token_hash(code.replace("-", "")) for code in confirmed.recovery_codes}


async def test_a_stolen_password_replaces_no_second_factor(house: House, world: World) -> None:
    await house.account("dana", DANA)
    secret, _ = await enrolled(house, world, "dana")
    thief = await house.mobile("dana")
    context = await house.context(world.source, thief)
    assert code_of(await begin_second_factor(context, PASSWORD)) is ProblemCode.SECOND_FACTOR_ENABLED
    proven = await prove_second_factor(await house.context(world.source, thief), now_code(house, secret))
    assert isinstance(proven, SecondFactorProven)
    owner = replace(thief, access_token=proven.session.access_token)
    assert isinstance(await begin_second_factor(await house.context(world.source, owner), PASSWORD), SecondFactorBegun)


async def test_a_wrong_password_begins_none(house: House, world: World) -> None:
    await house.account("dana", DANA)
    context = await house.context(world.source, await house.mobile("dana"))
    assert code_of(await begin_second_factor(context, "wrong-1-word")) is ProblemCode.PASSWORD_WRONG
    assert await house.count("select count(*) as n from second_factor") == 0


async def test_what_was_not_begun_is_neither_confirmed_nor_proven_nor_removed(house: House, world: World) -> None:
    await house.account("dana", DANA)
    session = await house.mobile("dana")
    for order in (
        lambda context: confirm_second_factor(context, "123456"),
        lambda context: prove_second_factor(context, "123456"),
        lambda context: remove_second_factor(context, PASSWORD, "123456"),
    ):
        context = await house.context(world.source, session)
        assert code_of(await order(context)) is ProblemCode.SECOND_FACTOR_MISSING


async def test_a_parent_removes_it_by_password_and_code_and_a_mail_tells_so(house: House, world: World) -> None:
    await house.account("dana", DANA)
    secret, _ = await enrolled(house, world, "dana")
    session = await house.mobile("dana")
    context = await house.context(world.source, session)
    answer = await remove_second_factor(context, "wrong-1-word", now_code(house, secret))
    assert code_of(answer) is ProblemCode.PASSWORD_WRONG
    context = await house.context(world.source, session)
    assert code_of(await remove_second_factor(context, PASSWORD, "000000")) is ProblemCode.CODE_WRONG
    assert await second_factor_state(context) == SecondFactorState(True, 10)
    context = await house.context(world.source, session)
    assert await remove_second_factor(context, PASSWORD, now_code(house, secret)) == SecondFactorRemoved()
    assert await second_factor_state(context) == SecondFactorState(False, 0)
    assert [subject for _, subject, _ in await house.mail()][-1] == "Your second factor is off"
    assert not (await house.mobile("dana")).second_factor_needed


async def test_staff_cannot_be_without_one(house: House, world: World) -> None:
    await house.staff("office", StaffRole.OFFICE)
    secret, _ = await enrolled(house, world, "office")
    context = await house.context(world.source, await house.mobile("office"))
    answer = await remove_second_factor(context, PASSWORD, now_code(house, secret))
    assert code_of(answer) is ProblemCode.SECOND_FACTOR_OF_STAFF
    assert (await second_factor_state(context)).enabled


async def test_guessing_codes_takes_ever_longer_and_logging_in_anew_does_not_help(house: House, world: World) -> None:
    await house.account("dana", DANA)
    secret, _ = await enrolled(house, world, "dana")
    for _ in range(5):
        context = await house.context(world.source, await house.mobile("dana"), "198.51.100.7")
        assert code_of(await prove_second_factor(context, "000000")) is ProblemCode.CODE_WRONG
    context = await house.context(world.source, await house.mobile("dana"), "198.51.100.7")
    with pytest.raises(RateLimited) as caught:
        await prove_second_factor(context, now_code(house, secret))
    assert caught.value.retry_after == 5
    assert not context.signed_in().second_factor


async def test_from_however_many_addresses_a_day_has_so_many_guesses(house: House, world: World) -> None:
    await house.account("dana", DANA)
    secret, _ = await enrolled(house, world, "dana")
    session = await house.mobile("dana")
    for guess in range(FAILURES_A_DAY):
        context = await house.context(world.source, session, f"198.51.100.{guess}")
        assert code_of(await prove_second_factor(context, "000000")) is ProblemCode.CODE_WRONG
    with pytest.raises(RateLimited) as caught:
        await prove_second_factor(await house.context(world.source, session, "203.0.113.9"), now_code(house, secret))
    assert caught.value.retry_after == 24 * 3600 + 1
    house.clock.pass_by(hours=24, seconds=1)
    session = await house.mobile("dana")
    context = await house.context(world.source, session, "203.0.113.9")
    assert isinstance(await prove_second_factor(context, now_code(house, secret)), SecondFactorProven)


async def test_nobody_does_any_of_it_without_a_session(house: House, world: World) -> None:
    for order in (
        lambda context: begin_second_factor(context, PASSWORD),
        lambda context: confirm_second_factor(context, "123456"),
        lambda context: prove_second_factor(context, "123456"),
        lambda context: remove_second_factor(context, PASSWORD, "123456"),
    ):
        with pytest.raises(Unauthenticated):
            await order(Context(world.source, None, Caller(), house.portal, None))


async def test_a_parent_who_has_one_sees_no_student_before_it_is_proven(house: House, world: World) -> None:
    await house.account("dana", DANA)
    secret, _ = await enrolled(house, world, "dana")
    answer, _ = await house.try_log_in("dana", client=ClientKind.MOBILE)
    assert answer.second_factor_needed
    context = await house.context(world.source, answer)
    with pytest.raises(SecondFactorRequired):
        context.guardian()
    assert isinstance(await prove_second_factor(context, now_code(house, secret)), SecondFactorProven)
    assert context.guardian() == int(DANA)
