"""What one operation knows: its viewer, the time, the data, and what it has to tell the transport."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, NamedTuple

from loaders.errors import MustWait
from loaders.known import Known
from loaders.portal.roles import StaffRole
from loaders.source import Source
from loaders.statement import Key
from resolvers.errors import BadUserInput, Forbidden, SecondFactorRequired, SecuritySetupRequired, Unauthenticated
from resolvers.portal.passwords import SEED, Policy

#: For how long an answer holds that asked the clock what is to be seen now.
MOMENT = timedelta(seconds=2)
_UNREAD = object()


class ClientKind(Enum):
    """WEB clients keep their session in an HttpOnly cookie, MOBILE clients as a bearer and a refresh token."""

    WEB = "WEB"
    MOBILE = "MOBILE"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: an account with a live session; a guardian of the SIS, or staff with roles.

    `second_factor` says whether this session has proven one, `second_factor_needed` whether it has not although the
    account has one, `setup_required` whether a parent has yet to finish the security set-up.
    """

    account_id: int
    session_id: int
    username: str
    guardian_key: Key | None
    roles: frozenset[StaffRole]
    expires_at: datetime
    second_factor: bool = False
    second_factor_needed: bool = False
    setup_required: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a request comes from: the token it carries, whether that was a cookie, and the client's address.

    `session_id` takes the token's place on a socket that was opened with it: the session goes on under new tokens.
    `device` is what a browser is known by, where an order can begin a session.
    """

    token: str | None = None
    by_cookie: bool = False
    address: str = ""
    user_agent: str = ""
    transport: str = "http"
    session_id: int | None = None
    device: str | None = None


@dataclass(slots=True)
class Reply:
    """What an operation asks of the HTTP answer beside its data: cookies.

    `session_cookie` is one to set, or to clear (""); `device_cookie` is what the browser is to be known by.
    """

    session_cookie: str | None = None
    cookie_expires_at: datetime | None = None
    device_cookie: str | None = None


class Context:
    """One operation, or one event of a subscription: never shared, so nothing in it can be stale.

    `portal` is the service of the portal's orders (accounts and sessions), `live` that of changes as they happen.
    `known` is what has been read of the source and need not be read twice.
    `scope` is the viewer's scope once it is read, and a future while it is being read (see `access.scope_of`).
    It also notes whether its answer may be given again: `volatile` once something was read that no mark of the source
    vouches for, `fresh_until` where the clock alone ends its truth, and `inboxes` where it holds while those stay as
    they are.
    While it is `hurried` only the source is read, without a wait: who asks for more gets MustWait, and is asked again.
    """

    __slots__ = (
        "_account_order",
        "_live",
        "_mark",
        "_portal",
        "_reply",
        "caller",
        "district_name",
        "fresh_until",
        "hurried",
        "inboxes",
        "known",
        "loads",
        "policy",
        "resume",
        "scope",
        "source",
        "support_email",
        "viewer",
        "volatile",
    )

    def __init__(
        self,
        source: Source,
        viewer: Viewer | None,
        caller: Caller,
        portal: Any,
        live: Any,
        district_name: str = "",
        support_email: str | None = None,
        policy: Policy = SEED,
    ) -> None:
        self.source = source
        self.viewer = viewer
        self.caller = caller
        self.district_name = district_name
        self.support_email = support_email
        self.policy = policy
        self.loads: dict[Any, Any] = {}
        self.known = Known()
        self.volatile = False
        self.hurried = False
        #: The cursor with which a stream of events comes back by itself; it stands above the operation's own.
        self.resume: str | None = None
        self.fresh_until: datetime | None = None
        self.inboxes: int | None = None
        self._portal = portal
        self._live = live
        self._reply: Reply | None = None
        self.scope: Any = None
        self._mark: Any = _UNREAD
        self._account_order = False

    def become(self, viewer: Viewer) -> None:
        """Go on as this viewer, who has just logged in; nothing read for another stays."""
        self.viewer = viewer
        self.loads.clear()
        self.known = Known()
        self.scope = None

    @property
    def portal(self) -> Any:
        """The service of the portal's orders; what it tells is never remembered."""
        if self.hurried:
            raise MustWait
        self.volatile = True
        return self._portal

    @property
    def live(self) -> Any:
        """The service of changes as they happen; what it tells is never remembered."""
        if self.hurried:
            raise MustWait
        self.volatile = True
        return self._live

    @property
    def reply(self) -> Reply:
        """What the operation asks of the HTTP answer."""
        if self._reply is None:
            self._reply = Reply()
        return self._reply

    @property
    def mark(self) -> Hashable | None:
        """The source's mark when the operation first asked for it; None where nothing vouches for what it reads."""
        if self._mark is _UNREAD:
            self._mark = self.source.mark()
        mark: Hashable | None = self._mark
        return mark

    @property
    def today(self) -> date:
        """Today's date where the district is."""
        return self.source.today()

    @property
    def now(self) -> datetime:
        """The current instant, in UTC; an answer that tells it is never given again."""
        self.volatile = True
        return self.source.now()

    @property
    def moment(self) -> datetime:
        """The current instant, for what appears and disappears by the clock; the answer holds for two seconds."""
        now = self.source.now()
        self.holds_until(now + MOMENT)
        return now

    def holds_until(self, instant: datetime) -> None:
        """Note that the answer is true no longer than until this instant."""
        if self.fresh_until is None or instant < self.fresh_until:
            self.fresh_until = instant

    def signed_in(self) -> Viewer:
        """The viewer; Unauthenticated without a session."""
        if self.viewer is None:
            raise Unauthenticated("Log in first.")
        return self.viewer

    def begin_account_order(self) -> None:
        """Lets one order on an account through an operation, and refuses the next: aliases must not multiply guesses.

        BadUserInput from the second on, which is then not carried out.
        """
        if self._account_order:
            raise BadUserInput("A document holds one order on an account at the most: send the next by itself.")
        self._account_order = True

    def account_of_guardian(self) -> Key:
        """The viewer's guardian key, for what a parent may do before the gate opens; refuses who is no guardian.

        Unauthenticated without a session, Forbidden for staff.
        """
        viewer = self.signed_in()
        if viewer.guardian_key is None:
            raise Forbidden("This is for parents and guardians; the session is a member of staff's.")
        return viewer.guardian_key

    def guardian(self) -> Key:
        """The viewer's guardian key, the gate being open; refuses as `account_of_guardian` and `gate` do."""
        key = self.account_of_guardian()
        self.gate()
        return key

    def gate(self) -> None:
        """Returns where this session may read what the school has of a family.

        SecondFactorRequired where the account has one that the session has not proven, SecuritySetupRequired for a
        parent who has yet to finish the set-up. Nobody's session and those of staff pass: other doors hold them.
        """
        viewer = self.viewer
        if viewer is None or viewer.guardian_key is None:
            return
        if viewer.second_factor_needed:
            raise SecondFactorRequired("Prove your second factor first.")
        if viewer.setup_required:
            raise SecuritySetupRequired("Finish the security set-up first: `me.security.missing` says what it lacks.")


class Batch(NamedTuple):
    """The second argument of every batch resolver: the operation, and the columns it wants (None: all)."""

    context: Context
    wanted: Sequence[str] | None = None

    def wants(self, column: str) -> bool:
        """Whether the operation names this column among those it wants."""
        return self.wanted is not None and column in self.wanted


ContextFactory = Callable[[Caller], Awaitable[Context]]
