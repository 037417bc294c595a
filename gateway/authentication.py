"""Who asks: password hashes by argon2, here and only here, and the viewer behind a token."""

import asyncio
import hashlib
import hmac
import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.uses import Uses
from loaders.adapter import Adapter
from loaders.portal.sessions import Session, session_at_once, session_by_id, session_by_token
from resolvers.context import ClientKind, Viewer
from resolvers.errors import Overloaded
from resolvers.portal import Portal
from resolvers.portal.tokens import holds, idle_expiry, is_token, token_hash

T = TypeVar("T")

_log = logging.getLogger(__name__)

_THREADS = 2
_WAITING = 60
_RETRY_SECONDS = 2


@dataclass(frozen=True, slots=True)
class HashProfile:
    """What argon2id costs; by default what OWASP and ASVS 5.0 (appendix C) ask: 19 MiB, twice, one lane."""

    memory_kib: int = 19 * 1024
    rounds: int = 2
    lanes: int = 1


CHEAPEST = HashProfile(memory_kib=8, rounds=1)


class PasswordHasher:
    """Hashes and verifies on two threads of its own, with a bounded queue before them.

    More threads make fewer hashes: measured on two cores, 39 a second with two, 28 with forty, and the loop stalls.
    With a `pepper`, a key kept outside the database, the password's HMAC-SHA256 is hashed; which key it was stands
    before the hash, so that hashes without it still verify and are made anew.
    """

    def __init__(self, profile: HashProfile = HashProfile(), pepper: bytes | None = None) -> None:
        self._argon2 = argon2.PasswordHasher(
            time_cost=profile.rounds, memory_cost=profile.memory_kib, parallelism=profile.lanes
        )
        self._pepper = pepper
        self._prefix = f"hmac-sha256:{_key_id(pepper)}" if pepper else ""
        self._dummy = self._hashed(secrets.token_urlsafe(32))
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="passwords")
        self._busy = 0
        self._lock = threading.Lock()

    async def hash(self, password: str) -> str:
        """The hash of a password, to be stored; Overloaded where too many wait."""
        return await self._run(lambda: self._hashed(password))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether the password made the stored hash; None takes the same work and is never right."""
        return await self._run(lambda: self._verified(password, stored or self._dummy)) and stored is not None

    def needs_rehash(self, stored: str) -> bool:
        """Whether the hash was made with other parameters, or another pepper, than today's."""
        prefix, bare = _split(stored)
        return prefix != self._prefix or self._argon2.check_needs_rehash(bare)

    def close(self) -> None:
        """Ends the threads; what waits is not begun."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _hashed(self, password: str) -> str:
        return self._prefix + self._argon2.hash(_secret(password, self._pepper))

    def _verified(self, password: str, stored: str) -> bool:
        prefix, bare = _split(stored)
        known = prefix in ("", self._prefix)
        if not known:
            _log.error("A password hash was made with a pepper that is not configured: nobody of it can log in.")
        try:
            return self._argon2.verify(bare, _secret(password, self._pepper if prefix else None)) and known
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        with self._lock:
            if self._busy >= _THREADS + _WAITING:
                raise Overloaded("Too many people log in at this moment. Try again shortly.", _RETRY_SECONDS)
            self._busy += 1
        try:
            future = self._threads.submit(work)
        except RuntimeError:
            with self._lock:
                self._busy -= 1
            raise
        # Told by the thread, not by whoever waits: one who has gone away does not make room.
        future.add_done_callback(self._make_room)
        return await asyncio.wrap_future(future)

    def _make_room(self, _: "Future[T]") -> None:
        with self._lock:
            self._busy -= 1


def _secret(password: str, pepper: bytes | None) -> bytes:
    text = password.encode("utf-8", "surrogatepass")
    return text if pepper is None else hmac.new(pepper, text, hashlib.sha256).hexdigest().encode()


def _key_id(pepper: bytes) -> str:
    return hashlib.sha256(b"homeroom pepper" + pepper).hexdigest()[:8]


def _split(stored: str) -> tuple[str, str]:
    prefix, dollar, bare = stored.partition("$")
    return prefix, dollar + bare


@dataclass(frozen=True, slots=True)
class _Known:
    viewer: Viewer
    by_cookie: bool
    until: float


class Authenticator:
    """Finds the viewer behind a token, with a memory of `seconds`.

    A session that ends is forgotten at once where it ends in this process, and within half a second where it ends in
    another (`endings.py`). A parent whose security set-up is done is remembered for `settled_seconds`: nothing of such
    a viewer changes but by the session's end.
    """

    def __init__(
        self,
        portal: Portal,
        adapter: Adapter,
        *,
        remembered: int = 10_000,
        seconds: float = 5.0,
        settled_seconds: float = 30.0,
        touch_every: timedelta = timedelta(minutes=1),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._portal = portal
        self._adapter = adapter
        self._size = remembered
        self._seconds = seconds
        self._settled_seconds = settled_seconds
        self._touch_every = touch_every
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._by_session: dict[int, set[str]] = {}
        self._uses = Uses(portal.writer)
        portal.revocations.listen(self._forget)

    def recall(self, token: str, by_cookie: bool) -> Viewer | None:
        """Who asks, where that is remembered or read without a wait; None where it has to be asked, or nobody does."""
        key, started = token_hash(token), self._clock()
        known = self._known.get(key)
        if known is not None and started < known.until:
            return known.viewer if known.by_cookie == by_cookie else None
        session = session_at_once(self._portal.writer, key) if is_token(token) else None
        return self._taken(key, session, self._portal.now(), by_cookie, started)

    async def viewer(self, token: str, *, by_cookie: bool) -> Viewer | None:
        """Who asks; None for a token that is unknown, expired, ended, or shown in the other kind of client's way."""
        if not is_token(token):
            return None
        key = token_hash(token)
        return await self._viewer(key, by_cookie, lambda: session_by_token(self._portal.writer, key))

    async def viewer_of_session(self, session_id: int, *, by_cookie: bool) -> Viewer | None:
        """Who has this session, whatever its tokens are by now; None where it has ended, or its last token has."""
        key = f"session {session_id}"
        return await self._viewer(key, by_cookie, lambda: session_by_id(self._portal.writer, session_id))

    async def close(self) -> None:
        """Waits for what is still being noted."""
        await self._uses.written()

    async def _viewer(self, key: str, by_cookie: bool, read: Callable[[], Awaitable[Session | None]]) -> Viewer | None:
        now = self._portal.now()
        known = self._known.get(key)
        if known is None or known.until <= self._clock():
            return await self._read(key, now, by_cookie, read)
        return known.viewer if known.by_cookie == by_cookie else None

    async def _read(
        self, key: str, now: datetime, by_cookie: bool, read: Callable[[], Awaitable[Session | None]]
    ) -> Viewer | None:
        changes, started = self._portal.revocations.changes, self._clock()
        session = await read()
        # A session that ended while it was read must not be remembered as it was before.
        keep = changes == self._portal.revocations.changes
        return self._taken(key, session, now, by_cookie, started, keep=keep)

    def _taken(
        self, key: str, session: Session | None, now: datetime, by_cookie: bool, started: float, *, keep: bool = True
    ) -> Viewer | None:
        """The viewer of a session that was read, whose use is noted; with `keep` he is remembered."""
        if session is None or not holds(session, now):
            return None
        expires_at = self._uses.prolonged(session.id, session.token_expires_at)
        if expires_at != session.token_expires_at:
            session = replace(session, token_expires_at=expires_at)
        if session.token_expires_at <= now:
            return None
        viewer = self._viewer_of(session)
        if viewer is None or (session.client == ClientKind.WEB.value) != by_cookie:
            return None
        if now - session.last_seen_at >= self._touch_every:
            viewer = replace(viewer, expires_at=self._touch(session, now))
        if keep:
            settled = not (viewer.roles or viewer.setup_required or viewer.second_factor_needed)
            most = self._settled_seconds if settled else self._seconds
            lasts = min(most, (viewer.expires_at - now).total_seconds())
            self._remember(key, _Known(viewer, by_cookie, started + lasts))
        return viewer

    def _viewer_of(self, session: Session) -> Viewer | None:
        guardian = None
        if session.guardian_id is not None:
            guardian = self._adapter.parse_key("guardian", session.guardian_id)
            if guardian is None:
                _log.error("Account %d names a guardian that cannot be one of this source's.", session.account_id)
                return None
        return Viewer(
            account_id=session.account_id,
            session_id=session.id,
            username=session.username,
            guardian_key=guardian,
            roles=session.roles,
            expires_at=session.token_expires_at,
            second_factor=session.second_factor_at is not None,
            second_factor_needed=session.second_factor and session.second_factor_at is None,
            setup_required=guardian is not None and session.setup_done_at is None and session.setup_deferred_at is None,
        )

    def _touch(self, session: Session, now: datetime) -> datetime:
        """Notes the use beside the answer's path; until when the token holds by it."""
        expires_at = session.token_expires_at
        if session.client == ClientKind.WEB.value:
            expires_at = idle_expiry(self._portal.lifetimes, now, session.absolute_expires_at)
        self._uses.note(session.id, now, expires_at)
        return expires_at

    def _remember(self, key: str, known: _Known) -> None:
        self._drop(key)
        self._known[key] = known
        self._by_session.setdefault(known.viewer.session_id, set()).add(key)
        while len(self._known) > self._size:
            self._drop(next(iter(self._known)))

    def _forget(self, session_id: int) -> None:
        for key in list(self._by_session.get(session_id, ())):
            self._drop(key)

    def _drop(self, key: str) -> None:
        known = self._known.pop(key, None)
        if known is None:
            return
        keys = self._by_session[known.viewer.session_id]
        keys.discard(key)
        if not keys:
            del self._by_session[known.viewer.session_id]
