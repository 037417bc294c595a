"""Log-in, refresh and log-out on both engines: what holds, what ends, and what nobody learns."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.authentication import Authenticator
from loaders.database import Writer
from loaders.portal.transaction import Transaction
from resolvers.context import Caller, ClientKind, Reply
from resolvers.errors import Overloaded, RateLimited
from resolvers.portal.problems import Problem, ProblemCode
from resolvers.portal.sessions import LoggedIn, LoggedOut, log_out, refresh
from resolvers.portal.tokens import token_hash
from tests.portal import ADAPTER, NOON, PASSWORD, House, empty_place, open_house

SESSIONS = "select count(*) as n from session"
NOBODY = Caller()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        yield house


@dataclass
class HangsUp:
    """A store whose client goes away when its order is done but not yet committed."""

    writer: Writer
    task: "asyncio.Task[LoggedOut] | None" = None

    async def rows(self, sql: str, params: Mapping[str, Any] | None = None) -> Sequence[Mapping[str, Any]]:
        return await self.writer.rows(sql, params)

    def rows_at_once(self, sql: str, params: Mapping[str, Any] | None = None) -> Sequence[Mapping[str, Any]] | None:
        return self.writer.rows_at_once(sql, params)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self.writer.transaction() as transaction:
            yield transaction
            assert self.task is not None
            self.task.cancel()


async def disable(house: House, account: int) -> None:
    async with house.writer.transaction() as transaction:
        await transaction.execute(
            "update account set disabled_at = :disabled_at where id = :id", {"id": account, "disabled_at": NOON}
        )


async def test_a_mobile_log_in_gives_tokens_of_which_the_store_keeps_hashes(house: House) -> None:
    account = await house.account("Ana")
    answer, reply = await house.try_log_in("  ANA ")
    assert isinstance(answer, LoggedIn)
    assert (answer.account_id, answer.expires_at) == (account, NOON + timedelta(minutes=15))
    assert reply == Reply()
    assert answer.access_token is not None
    assert answer.refresh_token is not None
    (row,) = await house.writer.rows("select token_hash, refresh_hash, refresh_expires_at from session")
    assert dict(row) == {
        "token_hash": token_hash(answer.access_token),
        "refresh_hash": token_hash(answer.refresh_token),
        "refresh_expires_at": NOON + timedelta(days=60),
    }
    assert await house.trail() == [
        ("operator", "ACCOUNT_CREATED", f"account:{account}"),
        (f"account:{account}", "LOGGED_IN", f"session:{answer.session_id}"),
    ]


async def test_a_web_log_in_gives_a_cookie_and_no_token(house: House) -> None:
    account = await house.account("ana")
    answer, reply = await house.try_log_in("ana", client=ClientKind.WEB)
    assert isinstance(answer, LoggedIn)
    assert (answer.account_id, answer.expires_at) == (account, NOON + timedelta(minutes=30))
    assert (answer.access_token, answer.refresh_token) == (None, None)
    assert reply.cookie_expires_at == NOON + timedelta(hours=12)
    assert reply.session_cookie is not None
    assert len(reply.session_cookie) == 43


async def test_a_web_log_in_over_a_websocket_is_refused_before_anything_is_done(house: House) -> None:
    await house.account("ana")
    answer, reply = await house.try_log_in("ana", client=ClientKind.WEB, transport="websocket")
    assert (answer.code, reply) == (ProblemCode.COOKIE_NEEDS_HTTP, Reply())
    assert house.hasher.verified == []
    assert await house.count(SESSIONS) == 0
    over_socket, _ = await house.try_log_in("ana", transport="websocket")
    assert isinstance(over_socket, LoggedIn)


async def test_nobody_learns_whether_an_account_exists(house: House) -> None:
    await house.account("ana")
    await disable(house, await house.account("ben"))
    answers = []
    for n in range(4):
        for username, password in (
            (f"nobody{n}", PASSWORD),
            ("ana", "wrong-1-password"),
            ("ben", PASSWORD),
            ("\ud800\x00", PASSWORD),
            ("ana", "\ud800"),
            ("ana", "e" + "\u0301\u0316" * 20_000),
        ):
            before = len(house.hasher.verified)
            answer, reply = await house.try_log_in(username, password, client=ClientKind.WEB, address=f"198.51.100.{n}")
            answers.append((answer, reply))
            assert len(house.hasher.verified) - before == 1, (username, password[:20])
    assert {answer.code for answer, _ in answers} == {ProblemCode.INVALID_CREDENTIALS}
    assert len({answer.message for answer, _ in answers}) == 1
    assert all(reply == Reply() for _, reply in answers)
    assert await house.count(SESSIONS) == 0
    assert await house.count("select count(*) as n from audit where action = 'LOG_IN_FAILED'") == 24


async def test_what_a_stranger_types_is_not_kept(house: House) -> None:
    await house.try_log_in("my-Secret-1-by-mistake")
    (row,) = await house.writer.rows("select actor, subject, detail, account_id from audit")
    assert tuple(row.values()) == ("stranger", "account", "{}", None)


async def test_waits_grow_and_are_the_same_for_a_name_that_is_nobodys(house: House) -> None:
    await house.account("ana")
    for username in ("ana", "nobody"):
        waits = []
        for _ in range(8):
            try:
                await house.try_log_in(username, "wrong", address="198.51.100.7")
            except RateLimited as error:
                waits.append(error.retry_after)
                house.clock.pass_by(seconds=error.retry_after or 0)
                await house.try_log_in(username, "wrong", address="198.51.100.7")
        assert waits == [5, 10, 20]


async def test_a_throttled_guess_does_no_work_and_is_not_told_the_truth(house: House) -> None:
    await house.account("ana")
    for _ in range(5):
        await house.try_log_in("ana", "wrong", address="198.51.100.7")
    before = len(house.hasher.verified)
    for spelling in ("ana", " ANA", "ａｎａ"):
        with pytest.raises(RateLimited) as caught:
            await house.try_log_in(spelling, PASSWORD, address="198.51.100.7")
        assert caught.value.retry_after == 5
    assert len(house.hasher.verified) == before
    assert await house.count(SESSIONS) == 0


async def test_a_stranger_cannot_keep_a_family_out(house: House) -> None:
    await house.account("ana")
    for n in range(10):
        for _ in range(5):
            await house.try_log_in("ana", "wrong", address=f"198.51.100.{n}")
        with pytest.raises(RateLimited):
            await house.try_log_in("ana", "wrong", address=f"198.51.100.{n}")
    answer, _ = await house.try_log_in("ana", address="203.0.113.5")
    assert isinstance(answer, LoggedIn)


async def test_many_guesses_at_once_get_no_more_than_one_after_another(house: House) -> None:
    await house.account("ana")
    guesses = [house.try_log_in("ana", f"wrong-{n}", address="198.51.100.7") for n in range(30)]
    answers = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(isinstance(answer, RateLimited) for answer in answers) == 25
    assert len(house.hasher.verified) == 5


async def test_what_we_broke_off_is_nobodys_failure(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.account("ana")

    async def overloaded(password: str, stored: str | None) -> bool:
        raise Overloaded("Full.", 2)

    with monkeypatch.context() as patched:
        patched.setattr(house.hasher, "verify", overloaded)
        for _ in range(20):
            with pytest.raises(Overloaded):
                await house.try_log_in("ana")
    await house.mobile("ana")


async def test_an_account_disabled_while_its_password_is_verified_begins_no_session(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, verify = await house.account("ana"), house.hasher.verify

    async def too_late(password: str, stored: str | None) -> bool:
        right = await verify(password, stored)
        await disable(house, account)
        return right

    monkeypatch.setattr(house.hasher, "verify", too_late)
    answer, _ = await house.try_log_in("ana")
    assert answer.code is ProblemCode.INVALID_CREDENTIALS
    assert await house.count(SESSIONS) == 0


async def test_refreshing_replaces_both_tokens(house: House) -> None:
    await house.account("ana")
    first = await house.mobile("ana")
    house.clock.pass_by(minutes=14)
    second = await refresh(house.portal, first.refresh_token, NOBODY)
    assert isinstance(second, LoggedIn)
    assert second.session_id == first.session_id
    assert second.expires_at == NOON + timedelta(minutes=29)
    assert len({first.access_token, first.refresh_token, second.access_token, second.refresh_token}) == 4
    authenticator = Authenticator(house.portal, ADAPTER)
    assert await authenticator.viewer(first.access_token or "", by_cookie=False) is None
    assert await authenticator.viewer(second.access_token or "", by_cookie=False) is not None
    await authenticator.close()


async def test_a_refresh_token_used_twice_ends_the_session_for_both(house: House) -> None:
    account = await house.account("ana")
    first = await house.mobile("ana")
    second = await refresh(house.portal, first.refresh_token, NOBODY)
    assert isinstance(second, LoggedIn)
    ended = asyncio.Event()
    house.portal.revocations.watch(first.session_id, ended.set)
    again = await refresh(house.portal, first.refresh_token, NOBODY)
    assert isinstance(again, Problem)
    assert again.code is ProblemCode.INVALID_REFRESH_TOKEN
    assert ended.is_set()
    assert isinstance(await refresh(house.portal, second.refresh_token, NOBODY), Problem)
    assert (await house.trail())[-1] == (f"account:{account}", "REFRESH_REUSED", f"session:{first.session_id}")
    (row,) = await house.writer.rows("select end_reason from session")
    assert row["end_reason"] == "REFRESH_REUSED"


async def test_of_ten_who_use_a_refresh_token_at_once_at_most_one_wins(house: House) -> None:
    await house.account("ana")
    first = await house.mobile("ana")
    answers = await asyncio.gather(*(refresh(house.portal, first.refresh_token, NOBODY) for _ in range(10)))
    won = [answer for answer in answers if isinstance(answer, LoggedIn)]
    assert len(won) == 1
    assert isinstance(await refresh(house.portal, won[0].refresh_token, NOBODY), Problem)
    assert await house.count(f"{SESSIONS} where ended_at is null") == 0


@pytest.mark.postgresql
async def test_of_two_processes_that_use_a_refresh_token_at_once_at_most_one_wins(tmp_path: Path) -> None:
    async with empty_place("postgresql", tmp_path) as url, open_house(url) as one, open_house(url) as other:
        await one.account("ana")
        for _ in range(5):
            first = await one.mobile("ana")
            tries = [refresh(house.portal, first.refresh_token, NOBODY) for house in (one, other, one, other)]
            answers = await asyncio.gather(*tries)
            assert sum(isinstance(answer, LoggedIn) for answer in answers) == 1
            assert await one.count(f"{SESSIONS} where ended_at is null") == 0


@pytest.mark.parametrize("passed", [{"days": 60}, {"days": 400}])
async def test_a_refresh_token_past_its_time_opens_nothing_and_ends_nothing(
    house: House, passed: dict[str, float]
) -> None:
    await house.account("ana")
    first = await house.mobile("ana")
    trail = await house.trail()
    house.clock.pass_by(**passed)
    assert isinstance(await refresh(house.portal, first.refresh_token, NOBODY), Problem)
    assert await house.trail() == trail


async def test_refreshing_does_not_outlive_the_year(house: House) -> None:
    await house.account("ana")
    session = await house.mobile("ana")
    for _ in range(12):
        house.clock.pass_by(days=30)
        answer = await refresh(house.portal, session.refresh_token, NOBODY)
        assert isinstance(answer, LoggedIn)
        session = answer
    house.clock.pass_by(days=5)
    assert isinstance(await refresh(house.portal, session.refresh_token, NOBODY), Problem)


async def test_a_disabled_account_refreshes_nothing(house: House) -> None:
    account = await house.account("ana")
    session = await house.mobile("ana")
    await disable(house, account)
    assert isinstance(await refresh(house.portal, session.refresh_token, NOBODY), Problem)


async def test_a_web_client_is_told_that_cookies_slide_by_themselves(house: House) -> None:
    await house.account("ana")
    cookie = await house.web("ana")
    answer = await refresh(house.portal, None, Caller(cookie, by_cookie=True))
    assert isinstance(answer, Problem)
    assert answer.code is ProblemCode.COOKIE_SLIDES_BY_ITSELF


@pytest.mark.parametrize("token", [None, "", "x" * 43, "\ud800" * 43, "short"])
async def test_a_token_that_is_none_refreshes_nothing(house: House, token: str | None) -> None:
    answer = await refresh(house.portal, token, NOBODY)
    assert isinstance(answer, Problem)
    assert answer.code is ProblemCode.INVALID_REFRESH_TOKEN
    assert await house.trail() == []


async def test_logging_out_ends_the_session_at_once_and_twice_is_no_fault(house: House) -> None:
    account = await house.account("ana")
    caller, reply = Caller(await house.web("ana"), by_cookie=True), Reply()
    authenticator = Authenticator(house.portal, ADAPTER)
    viewer = await authenticator.viewer(caller.token or "", by_cookie=True)
    assert viewer is not None
    ended, later = asyncio.Event(), asyncio.Event()
    house.portal.revocations.watch(viewer.session_id, ended.set)
    assert await log_out(house.portal, caller, reply) == LoggedOut(True)
    assert (reply.session_cookie, ended.is_set()) == ("", True)
    house.portal.revocations.watch(viewer.session_id, later.set)
    assert later.is_set()
    assert await authenticator.viewer(caller.token or "", by_cookie=True) is None
    assert await log_out(house.portal, caller, Reply()) == LoggedOut(False)
    assert (await house.trail())[-1] == (f"account:{account}", "LOGGED_OUT", f"session:{viewer.session_id}")
    assert await house.count("select count(*) as n from audit where action = 'LOGGED_OUT'") == 1


@pytest.mark.parametrize("token", [None, "", "x" * 43, "\ud800"])
async def test_somebody_without_a_session_logs_out_too(house: House, token: str | None) -> None:
    reply = Reply()
    assert await log_out(house.portal, Caller(token, by_cookie=token is not None), reply) == LoggedOut(False)
    assert reply.session_cookie == ""


async def test_a_client_that_hangs_up_while_it_logs_out_is_logged_out(house: House) -> None:
    await house.account("ana")
    session = await house.mobile("ana")
    ended = asyncio.Event()
    house.portal.revocations.watch(session.session_id, ended.set)
    hangs_up = HangsUp(house.writer)
    portal = replace(house.portal, writer=hangs_up)
    hangs_up.task = asyncio.create_task(log_out(portal, Caller(session.access_token), Reply()))
    await asyncio.wait({hangs_up.task}, timeout=5)
    assert (hangs_up.task.cancelled(), ended.is_set()) == (True, True)
    assert await house.count(f"{SESSIONS} where ended_at is null") == 0


async def test_logging_in_anew_ends_the_session_in_the_cookie(house: House) -> None:
    await house.account("ana")
    old = await house.web("ana")
    _, reply = await house.try_log_in("ana", client=ClientKind.WEB, token=old, by_cookie=True)
    assert reply.session_cookie not in ("", None, old)
    rows = await house.writer.rows("select end_reason from session order by id")
    assert [row["end_reason"] for row in rows] == ["REPLACED", None]


async def test_what_clients_say_of_themselves_is_stored_as_one_short_line(house: House) -> None:
    await house.account("ana")
    await house.try_log_in("ana", user_agent="Mozilla\r\n\x00" + "x" * 9000)
    (row,) = await house.writer.rows("select user_agent from session")
    assert row["user_agent"] == ("Mozilla " + "x" * 9000)[:300]


async def test_a_spray_is_written_down_once_and_without_the_names(house: House) -> None:
    for n in range(45):
        await house.try_log_in(f"name-{n}", "Summer-2026", address="198.51.100.7")
    rows = await house.writer.rows(
        "select actor, subject, account_id, address, detail from audit where action = 'SPRAY_SUSPECTED'"
    )
    assert [tuple(row.values()) for row in rows] == [("stranger", "network:198.51.100.7", None, "198.51.100.7", "{}")]


async def test_a_browser_that_is_known_is_not_kept_out_by_a_stranger_in_its_network(house: House) -> None:
    account = await house.account("ana")
    device = "d" * 43
    async with house.writer.transaction() as transaction:
        await transaction.execute(
            "insert into known_device (account_id, device_hash, address, user_agent, first_seen_at, last_seen_at) "
            "values (:id, :hash, '', '', :now_at, :now_at)",
            {"id": account, "hash": token_hash(device), "now_at": house.clock.now()},
        )
    for _ in range(5):
        await house.try_log_in("ana", "wrong", address="198.51.100.7")
    web = ClientKind.WEB
    for shown in (None, "e" * 43, "x"):
        with pytest.raises(RateLimited):
            await house.try_log_in("ana", client=web, address="198.51.100.7", device=shown)
    with pytest.raises(RateLimited):
        await house.try_log_in("ana", client=ClientKind.MOBILE, address="198.51.100.7", device=device)
    answer, _ = await house.try_log_in("ana", client=web, address="198.51.100.7", device=device)
    assert isinstance(answer, LoggedIn)
    for _ in range(5):
        await house.try_log_in("ana", "wrong", client=web, address="198.51.100.7", device=device)
    with pytest.raises(RateLimited):
        await house.try_log_in("ana", client=web, address="198.51.100.7", device=device)
