"""Logging in, carrying a session on, and logging out."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import Info

from resolvers import people
from resolvers.context import Batch, ClientKind, Context, Viewer
from resolvers.portal import Portal, sessions
from resolvers.portal.devices import remember_device
from resolvers.portal.problems import Problem as Refusal
from resolvers.portal.sessions import LoggedIn, LogIn
from schema.batching import batched
from schema.orders import ON_AN_ACCOUNT
from schema.problems import LogInProblem

if TYPE_CHECKING:
    from schema.people import Parent

LazyParent = Annotated["Parent", strawberry.lazy("schema.people")]

_ABUSE = (
    "Fails with `RATE_LIMITED` and `retryAfter` in seconds after too many failures, and with "
    "`OVERLOADED` and HTTP status 503 where too many log in at this moment."
)


@strawberry.input(description="Who logs in, and with what.")
class LogInInput:
    username: str = strawberry.field(description="The user name; case and surrounding space make no difference.")
    password: str = strawberry.field(description="The password, exactly.")
    client: ClientKind = strawberry.field(
        description="WEB for a session in an HttpOnly cookie, MOBILE for a bearer token and a refresh token."
    )
    device_name: str | None = strawberry.field(
        default=None, description="What to call this device in the list of sessions, up to 100 characters."
    )
    device_id: str | None = strawberry.field(
        default=None,
        description="MOBILE: what this installation is known by, random and kept, up to 200 characters; a log-in from "
        "another one is told by mail. WEB clients have a cookie for that.",
    )

    def __repr__(self) -> str:
        return f"LogInInput(client={self.client})"


@strawberry.type(
    description="How the session is shown with each request. WEB clients send their cookie; no token here."
)
class SessionTokens:
    access_token: str | None = strawberry.field(
        description="Send it as `Authorization: Bearer …`. Null for WEB clients."
    )
    refresh_token: str | None = strawberry.field(
        description="Good for one `refreshSession`; a second use ends the session. Null for WEB clients."
    )
    expires_at: datetime = strawberry.field(
        description="MOBILE: when the access token ends. WEB: when the session ends if it is not used until then."
    )

    def __repr__(self) -> str:
        return f"SessionTokens(expires_at={self.expires_at})"


@strawberry.type(description="A session was begun or carried on.")
class LogInSuccess:
    session: SessionTokens = strawberry.field(description="The session's tokens.")
    second_factor_needed: bool = strawberry.field(
        description="Whether `proveSecondFactor` must come next: the account has a second factor, and this session has "
        "not proven it."
    )

    @batched(None)
    def me(keys: Any, batch: Batch) -> LazyParent | None:
        """Who has logged in; null for staff."""
        return people.viewer_if_parent(keys, batch)


@strawberry.type(description="No session goes on under the token or cookie that was shown.")
class LogOutSuccess:
    ended: bool = strawberry.field(description="Whether there was a session to end; logging out twice is no fault.")


LogInResult = Annotated[
    LogInSuccess | LogInProblem,
    strawberry.union("LogInResult", description="A session, or why there is none."),
]
LogOutResult = Annotated[
    LogOutSuccess,
    strawberry.union("LogOutResult", description="That there is no session any more."),
]


@strawberry.type(description="The orders that begin, carry on and end sessions.")
class SessionMutations:
    @strawberry.mutation(
        description="Log in. Unknown names and wrong passwords are answered alike. WEB clients get their session as a "
        f"cookie of the HTTP answer. {_ABUSE}",
        metadata=ON_AN_ACCOUNT,
    )
    async def log_in(
        self,
        info: Info[Context, None],
        input: Annotated[LogInInput, strawberry.argument(description="Who logs in, and with what.")],
    ) -> LogInResult:
        order = LogIn(input.username, input.password, input.client, input.device_name, input.device_id)
        context = info.context
        context.begin_account_order()
        done = await sessions.log_in(_portal(context), order, context.caller, context.reply)
        result = _result(context, done)
        if isinstance(done, LoggedIn):
            remember_device(context, order, done)
        return result

    @strawberry.mutation(
        description="Carry a MOBILE session on with new tokens; the old ones end. A refresh token is good for one use."
    )
    async def refresh_session(
        self,
        info: Info[Context, None],
        refresh_token: Annotated[
            str | None, strawberry.argument(description="The last refresh token this session was given.")
        ] = None,
    ) -> LogInResult:
        context = info.context
        return _result(context, await sessions.refresh(_portal(context), refresh_token, context.caller))

    @strawberry.mutation(description="End the session at once, its live connections too, and clear the cookie.")
    async def log_out(self, info: Info[Context, None]) -> LogOutResult:
        context = info.context
        done = await sessions.log_out(_portal(context), context.caller, context.reply)
        return LogOutSuccess(ended=done.ended)


def _portal(context: Context) -> Portal:
    portal: Portal = context.portal
    return portal


def _result(context: Context, result: LoggedIn | Refusal) -> LogInSuccess | LogInProblem:
    if isinstance(result, Refusal):
        return LogInProblem.of(result)
    context.become(_viewer(context, result))
    return LogInSuccess(
        session=SessionTokens(
            access_token=result.access_token, refresh_token=result.refresh_token, expires_at=result.expires_at
        ),
        second_factor_needed=result.second_factor_needed,
    )


def _viewer(context: Context, session: LoggedIn) -> Viewer:
    """The viewer of a session that has just begun, so that its own answer can say who it is."""
    guardian = session.guardian_id
    return Viewer(
        account_id=session.account_id,
        session_id=session.session_id,
        username=session.username,
        guardian_key=None if guardian is None else context.source.adapter.parse_key("guardian", guardian),
        roles=session.roles,
        expires_at=session.expires_at,
        second_factor=session.second_factor,
        second_factor_needed=session.second_factor_needed,
        setup_required=session.setup_required,
    )
