"""The access log of a family: what was done with its account and its students' records, and by whom."""

from datetime import datetime

import strawberry
from strawberry import ID, Info

from resolvers import access_log as log
from resolvers.access_log import AccessActor, AccessEntry, AccessKind
from resolvers.context import Context
from schema.batching import After, First
from schema.connections import Connection
from schema.enums import described
from schema.listings import connection

described(
    AccessKind,
    "AccessKind",
    "What was done with an account or a record. Read a value you do not know as something that was done.",
    {
        AccessKind.LOGGED_IN: "A session was begun.",
        AccessKind.LOG_IN_FAILED: "Somebody tried to log in with a wrong password or a wrong second factor.",
        AccessKind.LOGGED_OUT: "A session was ended by logging out.",
        AccessKind.SESSION_ENDED: "Sessions were ended from elsewhere.",
        AccessKind.TOKEN_REUSED: "A refresh token was shown twice, so that its session was ended.",
        AccessKind.PASSWORD_CHANGED: "The password was changed.",
        AccessKind.PASSWORD_NOT_PROVEN: "In a session, a wrong current password was given.",
        AccessKind.RECOVERY_EMAIL_CHANGED: "The recovery e-mail address was set, confirmed or taken back.",
        AccessKind.PREFERENCE_IMAGES_CHANGED: "The preference images were chosen.",
        AccessKind.SECOND_FACTOR_CHANGED: "The second factor was set up or removed.",
        AccessKind.RECOVERY: "A forgotten user name or password was recovered, or that was tried.",
        AccessKind.ACCOUNT_CREATED: "The account was opened.",
        AccessKind.ACCOUNT_CHANGED: "The account was disabled, enabled, or given other roles.",
        AccessKind.SUPPORT_ASKED: "The support desk was written to.",
        AccessKind.DOCUMENT_FETCHED: "A document about a student was fetched.",
        AccessKind.CALENDAR_FEED_CHANGED: "A calendar feed was made or revoked.",
        AccessKind.CALENDAR_FEED_FETCHED: "Somebody with the secret address of a calendar feed read it; told once a "
        "day, and at most once an hour from other networks.",
        AccessKind.DEVICE_CHANGED: "A device was registered for notices, or removed.",
        AccessKind.RECORD_OPENED: "A member of staff opened the record through this gateway.",
        AccessKind.RECORD_CHANGED: "A member of staff changed something about it through this gateway.",
    },
)
described(
    AccessActor,
    "AccessActor",
    "Who did it.",
    {
        AccessActor.SELF: "The holder of the account, in a session.",
        AccessActor.STAFF: "A member of staff.",
        AccessActor.OPERATOR: "Whoever runs the portal.",
        AccessActor.UNKNOWN: "Somebody without a session.",
    },
)


@strawberry.type(name="AccessLog", description="One line of the access log.")
class AccessLogEntry:
    kind: AccessKind = strawberry.field(description="What was done.")
    happened_at: datetime = strawberry.field(description="When.")
    by: AccessActor = strawberry.field(description="By whom.")
    address: str | None = strawberry.field(
        description="From which network address: whole where it was the holder, of anybody unknown the network alone."
    )
    actor_name: str | None = strawberry.field(description="What the member of staff is called, where it was one.")
    actor_role: str | None = strawberry.field(description="What the member of staff is there for.")
    student_id: ID | None = strawberry.field(description="The student whose record it was about, by `Student.id`.")
    purpose: str | None = strawberry.field(description="What it was for: `SUPPORT`, `ACTIVATION` or `REGISTRATION`.")


@strawberry.type(description="Whoever has an access log.")
class AccessLogReader:
    @strawberry.field(
        description="What was done with the viewer's account, and who of staff opened or changed the records of the "
        "viewer's students through this gateway; the newest first."
    )
    async def access_log(
        self, info: Info[Context, None], first: First = None, after: After = None
    ) -> Connection[AccessLogEntry]:
        context = info.context
        return connection(await log.access_log(context, first, after), _line, lambda: log.access_count(context))


def _line(entry: AccessEntry) -> AccessLogEntry:
    return AccessLogEntry(
        kind=entry.kind,
        happened_at=entry.happened_at,
        by=entry.by,
        address=entry.address,
        actor_name=entry.actor_name,
        actor_role=entry.actor_role,
        student_id=None if entry.student_id is None else ID(entry.student_id),
        purpose=entry.purpose,
    )
