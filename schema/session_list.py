"""Where one is logged in, and ending that."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import ID, Info

from resolvers.context import ClientKind, Context
from resolvers.portal import session_list
from resolvers.portal.problems import Refused
from schema.problems import Problems


@strawberry.type(description="One log-in of the viewer's that holds. Its tokens are told nowhere.")
class Session:
    id: ID = strawberry.field(description="Opaque; what `revokeSession` takes.")
    current: bool = strawberry.field(description="Whether it is the session that asks.")
    client: ClientKind = strawberry.field(description="Whether it is a browser's or an app's.")
    device_name: str | None = strawberry.field(description="What the device was called at the log-in.")
    address: str = strawberry.field(description="The network address that logged in; empty where it is not known.")
    user_agent: str = strawberry.field(description="What the browser or app called itself, cut to 120 characters.")
    created_at: datetime = strawberry.field(description="When it was begun.")
    last_seen_at: datetime = strawberry.field(description="When it was used last, to the minute.")
    expires_at: datetime = strawberry.field(description="When it ends if it is not used until then.")


@strawberry.type(description="Whoever has sessions.")
class SessionOwner:
    @strawberry.field(description="Where the viewer is logged in, the session used last first.")
    async def sessions(self, info: Info[Context, None]) -> list[Session]:
        return [
            Session(
                id=ID(found.id),
                current=found.current,
                client=found.client,
                device_name=found.device_name,
                address=found.address,
                user_agent=found.user_agent,
                created_at=found.created_at,
                last_seen_at=found.last_seen_at,
                expires_at=found.expires_at,
            )
            for found in await session_list.own_sessions(info.context)
        ]


@strawberry.type(description="Sessions were ended at once, their live connections too.")
class RevokeSessionSuccess:
    ended: int = strawberry.field(description="How many.")


RevokeSessionResult = Annotated[
    RevokeSessionSuccess | Problems,
    strawberry.union("RevokeSessionResult", description="How many sessions were ended, or why none was."),
]


@strawberry.type(description="The orders by which one ends one's own sessions.")
class SessionListMutations:
    @strawberry.mutation(
        description="End one of the viewer's sessions; somebody else's, an ended and a made-up one are refused alike, "
        "with `SESSION_NOT_FOUND`."
    )
    async def revoke_session(
        self,
        info: Info[Context, None],
        id: Annotated[ID, strawberry.argument(description="The session's id, as `sessions` has it.")],
    ) -> RevokeSessionResult:
        return _result(await session_list.revoke_session(info.context, id))

    @strawberry.mutation(description="End all the viewer's sessions but the one that asks.")
    async def revoke_other_sessions(self, info: Info[Context, None]) -> RevokeSessionResult:
        return _result(await session_list.revoke_other_sessions(info.context))


def _result(done: session_list.SessionsRevoked | Refused) -> RevokeSessionSuccess | Problems:
    return Problems.of(done) if isinstance(done, Refused) else RevokeSessionSuccess(ended=done.ended)
