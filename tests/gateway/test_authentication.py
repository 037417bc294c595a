"""Password hashes and the viewer behind a token: equal work, bounded queues, and memories that end in time."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.authentication import CHEAPEST, Authenticator, HashProfile, PasswordHasher
from gateway.endings import Endings
from loaders.database import Writer
from loaders.dialect import Dialect
from loaders.errors import SourceDown
from loaders.portal.roles import StaffRole
from loaders.portal.transaction import Transaction
from resolvers.context import Caller, ClientKind, Reply, Viewer
from resolvers.errors import Overloaded
from resolvers.portal.accounts import CreateAccount, create_account
from resolvers.portal.problems import ProblemCode
from resolvers.portal.sessions import LoggedIn, log_out, refresh
from tests.portal import ADAPTER, NOON, PASSWORD, House, empty_place, open_house


@dataclass
class Watched:
    """A store whose reads are counted, and can be held back or fail to write."""

    writer: Writer
    reads: int = 0
    away: bool = False
    open: asyncio.Event = field(default_factory=asyncio.Event)
    reading: asyncio.Event = field(default_factory=asyncio.Event)

    async def rows(self, sql: str, params: Mapping[str, Any] | None = None) -> Sequence[Mapping[str, Any]]:
        self.reads += 1
        found = await self.writer.rows(sql, params)
        self.reading.set()
        await self.open.wait()
        return found

    def rows_at_once(self, sql: str, params: Mapping[str, Any] | None = None) -> Sequence[Mapping[str, Any]] | None:
        self.reads += 1
        return self.writer.rows_at_once(sql, params)

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        if self.away:
            raise SourceDown("The store is away.")
        return self.writer.transaction()


BOTH = pytest.mark.parametrize(
    "house", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)


@pytest.fixture
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(getattr(request, "param", "sqlite"), tmp_path) as url, open_house(url) as house:
        yield house


@pytest.fixture
def store(house: House) -> Watched:
    watched = Watched(house.writer)
    watched.open.set()
    return watched


@pytest.fixture
async def authenticator(house: House, store: Watched) -> AsyncIterator[Authenticator]:
    portal = replace(house.portal, writer=store)
    authenticator = Authenticator(portal, ADAPTER, remembered=2, settled_seconds=5, clock=house.clock.monotonic)
    yield authenticator
    await authenticator.close()


@pytest.fixture
def hasher() -> Iterator[PasswordHasher]:
    hasher = PasswordHasher(CHEAPEST)
    yield hasher
    hasher.close()


def test_the_default_is_what_owasp_asks() -> None:
    hasher = PasswordHasher()
    hasher.close()
    assert not hasher.needs_rehash("$argon2id$v=19$m=19456,t=2,p=1$" + "c2FsdHNhbHRzYWx0c2FsdA$" + "A" * 43)
    assert hasher.needs_rehash("$argon2id$v=19$m=19455,t=2,p=1$" + "c2FsdHNhbHRzYWx0c2FsdA$" + "A" * 43)


async def test_a_password_fits_its_own_hash_alone(hasher: PasswordHasher) -> None:
    stored = await hasher.hash(PASSWORD)
    assert await hasher.verify(PASSWORD, stored)
    assert stored != await hasher.hash(PASSWORD)
    for password, other in ((PASSWORD + " ", stored), ("", stored), ("x", None), (PASSWORD, "nonsense"), ("", "")):
        assert not await hasher.verify(password, other)


async def test_every_character_of_a_long_password_counts(hasher: PasswordHasher) -> None:
    stored = await hasher.hash("é" * 127 + "1")
    assert await hasher.verify("é" * 127 + "1", stored)
    assert not await hasher.verify("é" * 127 + "2", stored)


async def test_a_pepper_can_be_brought_in_and_changed_only_on_purpose(hasher: PasswordHasher) -> None:
    plain = await hasher.hash(PASSWORD)
    first, second = PasswordHasher(CHEAPEST, b"one"), PasswordHasher(CHEAPEST, b"two")
    peppered = await first.hash(PASSWORD)
    assert await first.verify(PASSWORD, plain)
    assert (first.needs_rehash(plain), first.needs_rehash(peppered)) == (True, False)
    assert await first.verify(PASSWORD, peppered)
    for other in (second, hasher):
        assert not await other.verify(PASSWORD, peppered)
        assert other.needs_rehash(peppered)
    first.close()
    second.close()


async def test_two_work_sixty_wait_and_the_next_is_told_when_to_come_back(
    hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, working, most, lock = threading.Event(), 0, 0, threading.Lock()

    def slow(password: str) -> str:
        nonlocal working, most
        with lock:
            working += 1
            most = max(most, working)
        go.wait(10)
        with lock:
            working -= 1
        return password

    monkeypatch.setattr(hasher, "_hashed", slow)
    tasks = [asyncio.create_task(hasher.hash(str(n))) for n in range(62)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded) as caught:
        await hasher.hash("one too many")
    assert caught.value.retry_after == 2
    # Those at work keep their places when nobody waits for them any more; those who wait give them up.
    for task in tasks[:10]:
        task.cancel()
    await asyncio.wait(tasks[:10])
    later = [asyncio.create_task(hasher.hash(str(n))) for n in range(8)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await hasher.hash("one too many")
    go.set()
    assert await asyncio.gather(*tasks[10:], *later) == [str(n) for n in (*range(10, 62), *range(8))]
    assert most == 2
    assert await hasher.hash("room again") == "room again"


@BOTH
async def test_a_hash_of_yesterdays_parameters_is_made_anew_at_log_in(house: House) -> None:
    old = PasswordHasher(HashProfile(memory_kib=16, rounds=1))
    portal = replace(house.portal, hasher=old)
    await create_account(portal, CreateAccount("ana", PASSWORD, "7", finished=True))
    old.close()
    await house.mobile("ana")
    (row,) = await house.writer.rows("select password_hash from account")
    assert row["password_hash"].startswith("$argon2id$v=19$m=8,t=1,p=1$")
    await house.mobile("ana")


@BOTH
async def test_a_token_leads_to_its_viewer(house: House, authenticator: Authenticator) -> None:
    account = await house.account("Ana", guardian_id="7")
    session = await house.mobile("ana")
    viewer = await authenticator.viewer(session.access_token or "", by_cookie=False)
    assert viewer == Viewer(account, session.session_id, "Ana", 7, frozenset(), NOON + timedelta(minutes=15))


async def test_each_kind_of_token_is_good_only_in_its_own_way(house: House, authenticator: Authenticator) -> None:
    await house.account("ana")
    cookie, bearer = await house.web("ana"), (await house.mobile("ana")).access_token or ""
    for _ in range(2):
        assert await authenticator.viewer(cookie, by_cookie=False) is None
        assert await authenticator.viewer(bearer, by_cookie=True) is None
        assert await authenticator.viewer(cookie, by_cookie=True) is not None
        assert await authenticator.viewer(bearer, by_cookie=False) is not None


async def test_a_refresh_token_is_no_access_token(house: House, authenticator: Authenticator) -> None:
    await house.account("ana")
    session = await house.mobile("ana")
    assert await authenticator.viewer(session.refresh_token or "", by_cookie=False) is None


@pytest.mark.parametrize("token", ["", "x" * 43, "x" * 100_000, "\ud800" * 43, "é" * 43, "\x00" * 43])
async def test_a_token_that_is_none_leads_to_nobody(authenticator: Authenticator, token: str) -> None:
    for by_cookie in (True, False):
        assert await authenticator.viewer(token, by_cookie=by_cookie) is None


async def test_a_viewer_is_remembered_for_five_seconds_and_no_longer(
    house: House, authenticator: Authenticator, store: Watched
) -> None:
    await house.account("ana")
    token = (await house.mobile("ana")).access_token or ""
    for _ in range(3):
        assert await authenticator.viewer(token, by_cookie=False) is not None
    assert store.reads == 1
    async with house.writer.transaction() as transaction:
        await transaction.execute("update session set ended_at = :now_at, end_reason = 'ELSEWHERE'", {"now_at": NOON})
    house.clock.pass_by(seconds=4.9)
    assert await authenticator.viewer(token, by_cookie=False) is not None
    house.clock.pass_by(seconds=0.1)
    assert await authenticator.viewer(token, by_cookie=False) is None


async def test_a_settled_parent_is_remembered_for_half_a_minute_but_not_past_the_sessions_end(
    house: House, store: Watched
) -> None:
    await house.account("ana")
    token = (await house.mobile("ana")).access_token or ""
    portal = replace(house.portal, writer=store)
    authenticator = Authenticator(portal, ADAPTER, clock=house.clock.monotonic)
    for seconds, reads in ((0, 1), (29, 1), (1, 2), (29, 2)):
        house.clock.pass_by(seconds=seconds)
        assert await authenticator.viewer(token, by_cookie=False) is not None
        assert store.reads == reads
    async with house.writer.transaction() as transaction:
        await transaction.execute(
            "update session set ended_at = :now_at, end_reason = 'ELSEWHERE'", {"now_at": house.clock.now()}
        )
    await Endings(portal).look()
    assert await authenticator.viewer(token, by_cookie=False) is None


@BOTH
async def test_a_token_is_read_without_a_wait_where_the_store_is_a_file(
    house: House, authenticator: Authenticator, store: Watched
) -> None:
    await house.account("ana")
    session = await house.mobile("ana")
    token = session.access_token or ""
    assert authenticator.recall(token, True) is None
    told = authenticator.recall(token, False)
    if house.writer.dialect is Dialect.POSTGRESQL:
        assert told is None
        told = await authenticator.viewer(token, by_cookie=False)
    assert told is not None
    reads = store.reads
    assert authenticator.recall(token, False) is told
    assert authenticator.recall(token, True) is None
    assert await authenticator.viewer(token, by_cookie=False) is told
    for nobody in ("", "x" * 42, token + "x"):
        assert authenticator.recall(nobody, False) is None
    assert store.reads == reads
    assert authenticator.recall("x" * 43, False) is None
    await log_out(house.portal, Caller(token), Reply())
    assert authenticator.recall(token, False) is None
    assert authenticator._known == {}


async def test_a_token_read_without_a_wait_ends_and_slides_as_one_that_is_waited_for(
    house: House, authenticator: Authenticator
) -> None:
    await house.account("ana")
    cookie, token = await house.web("ana"), (await house.mobile("ana")).access_token or ""
    assert authenticator.recall(token, False) is not None
    house.clock.pass_by(minutes=15)
    assert authenticator.recall(token, False) is None
    viewer = authenticator.recall(cookie, True)
    assert viewer is not None
    assert viewer.expires_at == house.clock.at + timedelta(minutes=30)
    async with house.writer.transaction() as transaction:
        await transaction.execute("update session set ended_at = :now_at, end_reason = 'ELSEWHERE'", {"now_at": NOON})
    house.clock.pass_by(seconds=5)
    assert authenticator.recall(cookie, True) is None


async def test_memory_is_bounded(house: House, authenticator: Authenticator, store: Watched) -> None:
    await house.account("ana")
    tokens = [(await house.mobile("ana")).access_token or "" for _ in range(3)]
    for token in (*tokens, tokens[0]):
        assert await authenticator.viewer(token, by_cookie=False) is not None
    assert store.reads == 4
    assert len(authenticator._known) == len(authenticator._by_session) == 2


async def test_a_memory_ends_with_the_token(house: House, authenticator: Authenticator) -> None:
    await house.account("ana")
    token = (await house.mobile("ana")).access_token or ""
    house.clock.pass_by(minutes=14, seconds=58)
    assert await authenticator.viewer(token, by_cookie=False) is not None
    house.clock.pass_by(seconds=2)
    assert await authenticator.viewer(token, by_cookie=False) is None


async def test_logging_out_and_refreshing_empty_the_memory_at_once(house: House, authenticator: Authenticator) -> None:
    await house.account("ana")
    session = await house.mobile("ana")
    assert await authenticator.viewer(session.access_token or "", by_cookie=False) is not None
    renewed = await refresh(house.portal, session.refresh_token, Caller())
    assert isinstance(renewed, LoggedIn)
    assert await authenticator.viewer(session.access_token or "", by_cookie=False) is None
    assert await authenticator.viewer(renewed.access_token or "", by_cookie=False) is not None
    await log_out(house.portal, Caller(renewed.access_token), Reply())
    assert await authenticator.viewer(renewed.access_token or "", by_cookie=False) is None


async def test_a_session_that_ends_while_it_is_read_is_not_remembered(
    house: House, authenticator: Authenticator, store: Watched
) -> None:
    await house.account("ana")
    token = (await house.mobile("ana")).access_token or ""
    store.open.clear()
    asking = asyncio.create_task(authenticator.viewer(token, by_cookie=False))
    async with asyncio.timeout(5):
        await store.reading.wait()
    await log_out(house.portal, Caller(token), Reply())
    store.open.set()
    await asking
    assert await authenticator.viewer(token, by_cookie=False) is None


@BOTH
async def test_a_web_session_slides_with_use_up_to_twelve_hours(house: House, authenticator: Authenticator) -> None:
    await house.account("ana")
    cookie = await house.web("ana")
    for _ in range(24):
        house.clock.pass_by(minutes=29)
        viewer = await authenticator.viewer(cookie, by_cookie=True)
        assert viewer is not None
        assert viewer.expires_at == min(house.clock.at + timedelta(minutes=30), NOON + timedelta(hours=12))
        await authenticator.close()
    house.clock.pass_by(minutes=24)
    assert house.clock.at == NOON + timedelta(hours=12)
    assert await authenticator.viewer(cookie, by_cookie=True) is None


async def test_a_web_session_ends_when_it_is_not_used(house: House, authenticator: Authenticator) -> None:
    await house.account("ana")
    cookie = await house.web("ana")
    house.clock.pass_by(minutes=30)
    assert await authenticator.viewer(cookie, by_cookie=True) is None


async def test_showing_a_cookie_as_a_bearer_does_not_keep_its_session_alive(
    house: House, authenticator: Authenticator
) -> None:
    await house.account("ana")
    cookie = await house.web("ana")
    house.clock.pass_by(minutes=29)
    await authenticator.viewer(cookie, by_cookie=False)
    await authenticator.close()
    house.clock.pass_by(minutes=1)
    assert await authenticator.viewer(cookie, by_cookie=True) is None


@BOTH
async def test_a_use_is_noted_once_a_minute_beside_the_answer(
    house: House, authenticator: Authenticator, store: Watched
) -> None:
    await house.account("ana")
    cookie = await house.web("ana")
    seen = []
    for seconds in (54, 6, 54, 6):
        house.clock.pass_by(seconds=seconds)
        assert await authenticator.viewer(cookie, by_cookie=True) is not None
        await authenticator.close()
        (row,) = await house.writer.rows("select last_seen_at from session")
        seen.append((row["last_seen_at"] - NOON).total_seconds())
    assert seen == [0, 60, 60, 120]
    store.away = True
    house.clock.pass_by(minutes=2)
    assert await authenticator.viewer(cookie, by_cookie=True) is not None


async def test_a_disabled_account_has_no_viewer(house: House, authenticator: Authenticator) -> None:
    await house.account("ana")
    token = (await house.mobile("ana")).access_token or ""
    async with house.writer.transaction() as transaction:
        await transaction.execute("update account set disabled_at = :now_at", {"now_at": NOON})
    assert await authenticator.viewer(token, by_cookie=False) is None


async def test_a_guardian_whom_the_source_cannot_have_is_nobody(house: House, authenticator: Authenticator) -> None:
    await house.account("ana", guardian_id="not a number")
    token = (await house.mobile("ana")).access_token or ""
    assert await authenticator.viewer(token, by_cookie=False) is None


async def test_an_account_is_refused_with_every_reason_at_once(house: House) -> None:
    refused = await create_account(house.portal, CreateAccount("x", "short", "7", frozenset({StaffRole.ADMIN})))
    assert [problem.code for problem in getattr(refused, "problems", ())] == [
        ProblemCode.USERNAME_TOO_SHORT,
        ProblemCode.PASSWORD_TOO_SHORT,
        ProblemCode.PASSWORD_NEEDS_DIGIT,
        ProblemCode.PASSWORD_NEEDS_SPECIAL,
        ProblemCode.OWNER_AMBIGUOUS,
    ]
    assert await house.writer.rows("select id from account") == []
    assert await house.trail() == []


@BOTH
async def test_one_name_is_one_account_however_it_is_spelled(house: House) -> None:
    orders = [CreateAccount(name, PASSWORD, "7") for name in ("Straße", "STRASSE", " strasse", "ｓｔｒａｓｓｅ")]
    made = await asyncio.gather(*(create_account(house.portal, order) for order in orders))
    refused = [answer.problems for answer in made if hasattr(answer, "problems")]
    assert [[problem.code for problem in problems] for problems in refused] == [[ProblemCode.USERNAME_TAKEN]] * 3
    assert await house.count("select count(*) as n from account") == 1
    assert isinstance((await house.try_log_in("strasse"))[0], LoggedIn)


async def test_a_password_is_the_same_in_every_composition(house: House) -> None:
    await house.account("ana", password="Caf\u00e9-12345")
    answer, _ = await house.try_log_in("ana", "Cafe\u0301-12345", client=ClientKind.MOBILE)
    assert isinstance(answer, LoggedIn)
