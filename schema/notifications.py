"""Notifications: the rules by which one is told, and the list of what one was told."""

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import ID, Info, Private

from resolvers import people
from resolvers.context import Batch, Context
from resolvers.notifications import reading
from resolvers.notifications.moments import Habits
from resolvers.notifications.reading import GuardianRule
from resolvers.notifications.reading import Notification as Told
from resolvers.notifications.rules import (
    NotificationChannel,
    NotificationKind,
    NotificationMode,
    ThresholdDirection,
    in_order,
)
from schema.batching import After, First, batched
from schema.connections import Connection
from schema.enums import described
from schema.listings import connection

if TYPE_CHECKING:
    from schema.people import Student

LazyStudent = Annotated["Student", strawberry.lazy("schema.people")]

described(
    NotificationKind,
    "NotificationKind",
    "What can be told. More will come: read a value you do not know as news.",
    {
        NotificationKind.GRADE_POSTED: "A grade was posted, or a posted one was corrected or taken back.",
        NotificationKind.GRADE_CROSSED: "A grade's percent has come to stand on or beyond a line that the guardian "
        "set, having stood before it. A first percent crosses nothing.",
        NotificationKind.ASSIGNMENT_SCORED: "A score was entered, corrected or taken back; a zero for missing work is "
        "told as MISSING_WORK.",
        NotificationKind.MISSING_WORK: "Work of the last two weeks is marked as missing; found once a day, told once.",
        NotificationKind.DUE_SOON: "Work that is not handed in is due within `daysAhead` days; found once a day, told "
        "once for each day that it is due on.",
        NotificationKind.ATTENDANCE: "A mark other than PRESENT was entered, corrected or taken back.",
        NotificationKind.DOCUMENT: "A document was issued, or one takes the place of an earlier one; found once a day.",
        NotificationKind.MESSAGE: "A message from staff can be read.",
        NotificationKind.REGISTRATION: "The school has moved a registration on.",
        NotificationKind.SUPPORT: "The support desk has answered.",
    },
)
described(
    NotificationMode,
    "NotificationMode",
    "When it is told. Nothing is told in quiet hours; of grades and work nothing at once in school hours.",
    {
        NotificationMode.INSTANT: "Once it has settled: what is changed and changed back within ten minutes is not "
        "told, and what is changed twice is told once. Much at once is told together.",
        NotificationMode.DAILY: "In the digest of the day.",
        NotificationMode.WEEKLY: "In the digest of the week.",
        NotificationMode.OFF: "Never.",
    },
)
described(
    NotificationChannel,
    "NotificationChannel",
    "How it is told.",
    {
        NotificationChannel.PUSH: "On the devices that the guardian has registered.",
        NotificationChannel.EMAIL: "By mail, to the recovery address if there is one, else to the school's.",
        NotificationChannel.INBOX: "In the list `notifications`.",
    },
)
described(
    ThresholdDirection,
    "ThresholdDirection",
    "Which way a percent crosses a line; to land on it counts.",
    {
        ThresholdDirection.BELOW: "It stood above, and stands on the line or below it.",
        ThresholdDirection.ABOVE: "It stood below, and stands on the line or above it.",
    },
)


@strawberry.type(description="The rule that holds for one kind of news: the viewer's own, or the default.")
class NotificationRule:
    student_key: Private[Any]
    kind: NotificationKind = strawberry.field(description="Of what.")
    mode: NotificationMode = strawberry.field(description="When it is told.")
    channels: list[NotificationChannel] = strawberry.field(description="How it is told.")
    threshold: Decimal | None = strawberry.field(
        description="The line in percent; of GRADE_CROSSED alone, which tells nothing without."
    )
    direction: ThresholdDirection | None = strawberry.field(description="Which way it is crossed; with `threshold`.")
    days_ahead: int | None = strawberry.field(description="How many days before it is due; of DUE_SOON alone.")
    is_default: bool = strawberry.field(description="Whether the viewer has set no rule, so that the default holds.")

    @batched("student_key")
    def student(keys: Any, batch: Batch) -> LazyStudent | None:
        """Of whom; null for a rule about all of the viewer's students, or about none."""
        return people.students_by_key(keys, batch)

    @classmethod
    def of(cls, found: GuardianRule) -> "NotificationRule":
        """The rule as its guardian sees it."""
        rule = found.rule
        return cls(
            student_key=found.student_key,
            kind=rule.kind,
            mode=rule.mode,
            channels=list(in_order(rule.channels)),
            threshold=rule.threshold,
            direction=rule.direction,
            days_ahead=rule.days_ahead,
            is_default=rule.is_default,
        )


@strawberry.type(description="When and how one is told, whatever the rule.")
class NotificationSettings:
    quiet_from: datetime.time | None = strawberry.field(
        description="From when on nothing is told, 21:00 unless set; null where no hour is quiet."
    )
    quiet_until: datetime.time | None = strawberry.field(description="Until when, 07:00 unless set.")
    time_zone: str | None = strawberry.field(
        description="Where the family lives, by IANA; null where that is as at the student's school."
    )
    hold_in_school_hours: bool = strawberry.field(
        description="Whether what is told at once of grades and work waits until the student is out of school; so it "
        "is unless set."
    )
    show_detail: bool = strawberry.field(
        description="Whether pushes and mails name the grade or mark itself. Unless set, they say that there is one."
    )
    digest_at: datetime.time = strawberry.field(description="When digests go out, 17:00 unless set.")
    digest_weekday: int = strawberry.field(
        description="The day of the weekly digest, from 1, Monday, to 7, Sunday; 5 unless set."
    )

    @classmethod
    def of(cls, habits: Habits) -> "NotificationSettings":
        """The habits as their guardian sees them."""
        quiet_from, quiet_until = habits.quiet or (None, None)
        return cls(
            quiet_from=quiet_from,
            quiet_until=quiet_until,
            time_zone=habits.time_zone,
            hold_in_school_hours=habits.holds_in_school,
            show_detail=habits.shows_detail,
            digest_at=habits.digest_time,
            digest_weekday=habits.digest_weekday,
        )


@strawberry.type(description="What the viewer was told at one time about one student and one kind of news.")
class Notification:
    student_key: Private[Any]
    id: ID = strawberry.field(description="Opaque; what `markNotificationsRead` takes.")
    kind: NotificationKind = strawberry.field(description="Of what it tells.")
    text: str = strawberry.field(
        description="What it says, in the family's language, if it is English or Spanish; it names no grade."
    )
    count: int = strawberry.field(description="Of how many things it tells.")
    corrects: bool = strawberry.field(
        description="Whether these were told before, and are otherwise now, or were taken back."
    )
    subject_ids: list[ID] = strawberry.field(
        description="The ids of these things, up to a hundred, for `nodes`; none for answers of the support desk."
    )
    told_at: datetime.datetime = strawberry.field(description="When it was told.")
    read: bool = strawberry.field(description="Whether the viewer has read it.")
    read_at: datetime.datetime | None = strawberry.field(description="When, for the first time.")

    @batched("student_key")
    def student(keys: Any, batch: Batch) -> LazyStudent | None:
        """Of whom it tells; null where it is about no student."""
        return people.students_by_key(keys, batch)

    @classmethod
    def of(cls, told: Told) -> "Notification":
        """The notification as its guardian sees it."""
        return cls(
            student_key=told.student_key,
            id=ID(told.id),
            kind=told.kind,
            text=told.text,
            count=told.number,
            corrects=told.corrects,
            subject_ids=[ID(each) for each in told.subject_ids],
            told_at=told.told_at,
            read=told.read_at is not None,
            read_at=told.read_at,
        )


@strawberry.type(description="Whoever is told things.")
class NotificationReader:
    @strawberry.field(
        description="The rules that hold for the viewer: of each student one of each kind that concerns students, then "
        "those of the other kinds. Where the viewer has set none, a default holds."
    )
    async def notification_rules(self, info: Info[Context, None]) -> list[NotificationRule]:
        return [NotificationRule.of(found) for found in await reading.rules_of_viewer(info.context)]

    @strawberry.field(description="When and how the viewer is told, whatever the rule.")
    async def notification_settings(self, info: Info[Context, None]) -> NotificationSettings:
        return NotificationSettings.of(await reading.own_habits(info.context))

    @strawberry.field(
        description="What the viewer was told by rules with the channel INBOX, the newest first; nothing of a record "
        "that is closed to them now. Kept for half a year."
    )
    async def notifications(
        self,
        info: Info[Context, None],
        first: First = None,
        after: After = None,
        unread: Annotated[bool | None, strawberry.argument(description="Only unread ones, or only read ones.")] = None,
    ) -> Connection[Notification]:
        context = info.context
        page = await reading.notifications_of_viewer(context, first, after, unread=unread)
        return connection(page, Notification.of, lambda: reading.notification_count(context, unread=unread))

    @strawberry.field(description="How many of them are unread.")
    async def unread_notification_count(self, info: Info[Context, None]) -> int:
        return await reading.notification_count(info.context, unread=True)
