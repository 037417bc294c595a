"""A portal store of our own on either engine, with a clock that is set by hand and hashes that are counted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.authentication import CHEAPEST, Authenticator, PasswordHasher
from gateway.sealing import sealer_of
from loaders.adapter import load_adapter
from loaders.database import Writer
from loaders.portal.roles import StaffRole
from loaders.source import Source
from resolvers.context import Caller, ClientKind, Context, Reply
from resolvers.portal import Letterhead, Portal
from resolvers.portal.accounts import AccountCreated, CreateAccount, create_account
from resolvers.portal.mail import SEALED_FOR
from resolvers.portal.sessions import LoggedIn, LogIn, log_in
from resolvers.portal.throttle import Throttle
from tests.stores import empty_place as empty_place
from tests.stores import settle

ADAPTER = load_adapter("home")
PASSWORD = "Maple-7-leaf"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class Clock:
    """An instant and a monotonic count of seconds, moved together and by hand."""

    at: datetime = NOON
    seconds: float = 1000.0

    def now(self) -> datetime:
        """The instant."""
        return self.at

    def monotonic(self) -> float:
        """The count of seconds."""
        return self.seconds

    def pass_by(self, **passed: float) -> None:
        """Lets time pass, as in `timedelta(**passed)`."""
        self.at += timedelta(**passed)
        self.seconds += timedelta(**passed).total_seconds()


@dataclass
class Counted:
    """A hasher whose verifications are written down: which hash each was about, None where there was no account."""

    inner: PasswordHasher
    verified: list[str | None] = field(default_factory=list)

    async def hash(self, password: str) -> str:
        """The hash."""
        return await self.inner.hash(password)

    async def verify(self, password: str, stored: str | None) -> bool:
        """The verdict."""
        self.verified.append(stored)
        return await self.inner.verify(password, stored)

    def needs_rehash(self, stored: str) -> bool:
        """Whether the hash is no longer ours."""
        return self.inner.needs_rehash(stored)


@dataclass
class House:
    """A portal with its clock, hasher and store."""

    portal: Portal
    writer: Writer
    clock: Clock
    hasher: Counted

    async def account(
        self, username: str, guardian_id: str = "7", password: str = PASSWORD, *, finished: bool = True
    ) -> int:
        """The id of an account that was made; one that is not `finished` has yet to do the security set-up."""
        order = CreateAccount(username, password, guardian_id, finished=finished)
        made = await create_account(self.portal, order)
        assert isinstance(made, AccountCreated), made
        return made.account_id

    async def try_log_in(
        self, username: str, password: str = PASSWORD, client: ClientKind = ClientKind.MOBILE, **caller: Any
    ) -> tuple[Any, Reply]:
        """What a log-in answers, and what it asks of the HTTP answer."""
        reply = Reply()
        answer = await log_in(self.portal, LogIn(username, password, client), Caller(**caller), reply)
        return answer, reply

    async def mobile(self, username: str) -> LoggedIn:
        """A MOBILE session."""
        answer, _ = await self.try_log_in(username)
        assert isinstance(answer, LoggedIn), answer
        return answer

    async def web(self, username: str) -> str:
        """The cookie of a WEB session."""
        _, reply = await self.try_log_in(username, client=ClientKind.WEB)
        assert reply.session_cookie
        return reply.session_cookie

    async def context(self, source: Source, session: LoggedIn, address: str = "") -> Context:
        """An operation of that MOBILE session."""
        authenticator = Authenticator(self.portal, ADAPTER)
        viewer = await authenticator.viewer(session.access_token or "", by_cookie=False)
        await authenticator.close()
        assert viewer is not None
        return Context(source, viewer, Caller(session.access_token, address=address), self.portal, None)

    async def prove(self, session: LoggedIn) -> None:
        """Has the session prove a second factor."""
        async with self.writer.transaction() as transaction:
            await transaction.execute(
                "update session set second_factor_at = :now_at where id = :id",
                {"id": session.session_id, "now_at": self.clock.now()},
            )
        self.portal.revocations.rotated(session.session_id)

    async def staff(self, username: str, *roles: StaffRole) -> int:
        """The id of an account of a member of staff that was made."""
        order = CreateAccount(
            username, PASSWORD, roles=frozenset(roles), name="Jo Desk", email=f"{username}@school.example"
        )
        made = await create_account(self.portal, order)
        assert isinstance(made, AccountCreated), made
        return made.account_id

    async def mail(self) -> list[tuple[str, str, str]]:
        """Address, subject and text of every mail in the outbox."""
        rows = await self.writer.rows("select to_address, subject, text_sealed from mail order by id")
        return [
            (row["to_address"], row["subject"], self.portal.sealer.open(SEALED_FOR, row["text_sealed"])) for row in rows
        ]

    async def trail(self) -> list[tuple[str, str, str]]:
        """Actor, action and subject of every audit row."""
        rows = await self.writer.rows("select actor, action, subject from audit order by id")
        return [(row["actor"], row["action"], row["subject"]) for row in rows]

    async def count(self, sql: str) -> int:
        """The number that a `select count(*) as n` gives."""
        return int((await self.writer.rows(sql))[0]["n"])


@asynccontextmanager
async def open_house(url: str) -> AsyncIterator[House]:
    """A migrated store with a portal over it."""
    await settle(url)
    writer, clock, hasher = await Writer.open(url), Clock(), PasswordHasher(CHEAPEST)
    counted = Counted(hasher)
    portal = Portal(
        writer,
        counted,
        clock.now,
        throttle=Throttle(clock=clock.monotonic),
        sealer=sealer_of(b"a key of the tests, and of nobody"),
        letterhead=Letterhead("Maple Falls", "https://portal.example", "help@school.example"),
    )
    try:
        yield House(portal, writer, clock, counted)
    finally:
        await portal.errands.done()
        hasher.close()
        await writer.close()
