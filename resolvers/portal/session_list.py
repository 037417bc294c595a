"""One's own sessions: where one is logged in, and putting an end to that, here and everywhere else."""

from dataclasses import dataclass
from datetime import datetime

from loaders.ids import node_id, read_node_id
from loaders.portal.session_list import end_session_of, sessions_of_account
from loaders.portal.sessions import end_other_sessions
from resolvers.context import ClientKind, Context
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.texts import label
from resolvers.portal.trail import note

_AGENT_SHOWN = 120
_NOT_FOUND = Problem(ProblemCode.SESSION_NOT_FOUND, "No session of yours that goes on has this id.", ("id",))


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One log-in of the viewer's that holds; `current` is the one that asks."""

    id: str
    current: bool
    client: ClientKind
    device_name: str | None
    address: str
    user_agent: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SessionsRevoked:
    """How many sessions were ended."""

    ended: int


async def own_sessions(context: Context) -> list[OwnSession]:
    """The viewer's sessions that go on, the one used last first; Unauthenticated without a session."""
    viewer = context.signed_in()
    portal: Portal = context.portal
    return [
        OwnSession(
            id=node_id("Session", found.id),
            current=found.id == viewer.session_id,
            client=ClientKind(found.client),
            device_name=found.device_name,
            address=found.address,
            user_agent=label(found.user_agent, _AGENT_SHOWN),
            created_at=found.created_at,
            last_seen_at=found.last_seen_at,
            expires_at=found.expires_at,
        )
        for found in await sessions_of_account(portal.writer, viewer.account_id, portal.now())
    ]


async def revoke_session(context: Context, id: str) -> SessionsRevoked | Refused:
    """Ends one of the viewer's sessions; somebody else's, an ended and a made-up one are refused alike.

    Whoever ends the session that asks is logged out by that.
    """
    viewer = context.signed_in()
    found = read_node_id(id)
    number = found[1][0] if found is not None and found[0] == "Session" and len(found[1]) == 1 else ""
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        return Refused((_NOT_FOUND,))
    return await undisturbed(_do_revoke(context, viewer.account_id, int(number)))


async def _do_revoke(context: Context, account_id: int, session_id: int) -> SessionsRevoked | Refused:
    portal: Portal = context.portal
    async with portal.writer.transaction() as transaction:
        if not await end_session_of(transaction, session_id, account_id, "REVOKED", portal.instant()):
            return Refused((_NOT_FOUND,))
        await note(context, transaction, "SESSION_REVOKED", f"session:{session_id}", account_id=account_id)
    portal.revocations.end(session_id)
    if session_id == context.signed_in().session_id and context.caller.by_cookie:
        context.reply.session_cookie = ""
    return SessionsRevoked(1)


async def revoke_other_sessions(context: Context) -> SessionsRevoked:
    """Ends all the viewer's sessions but the one that asks; Unauthenticated without a session."""
    context.signed_in()
    return await undisturbed(_do_revoke_others(context))


async def _do_revoke_others(context: Context) -> SessionsRevoked:
    portal: Portal = context.portal
    viewer = context.signed_in()
    async with portal.writer.transaction() as transaction:
        ended = await end_other_sessions(transaction, viewer.account_id, viewer.session_id, "REVOKED", portal.instant())
        await note(
            context,
            transaction,
            "OTHER_SESSIONS_REVOKED",
            f"account:{viewer.account_id}",
            account_id=viewer.account_id,
            ended_sessions=len(ended),
        )
    for session_id in ended:
        portal.revocations.end(session_id)
    return SessionsRevoked(len(ended))
