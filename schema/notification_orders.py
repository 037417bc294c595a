"""Orders on notifications: rules, settings, and what was read."""

import datetime
from decimal import Decimal
from typing import Annotated

import strawberry
from strawberry import ID, Info

from resolvers.context import Context
from resolvers.notifications import orders, reading
from resolvers.notifications.orders import SetHabits, SetRule
from resolvers.notifications.rules import (
    NotificationChannel,
    NotificationKind,
    NotificationMode,
    ThresholdDirection,
)
from resolvers.portal.problems import Refused
from schema.notifications import NotificationRule, NotificationSettings
from schema.problems import Problems


@strawberry.input(description="A rule of the viewer's. It takes the place of the one before whole.")
class NotificationRuleInput:
    kind: NotificationKind = strawberry.field(description="Of what.")
    student_id: ID | None = strawberry.field(
        default=None,
        description="Of whom; left out, of all of the viewer's students, now and later, in the place of what was set "
        "for single ones. MESSAGE, REGISTRATION and SUPPORT take none.",
    )
    mode: NotificationMode | None = strawberry.field(
        default=None,
        description="When it is told. Left out, the rule is taken back: the one for all students holds again, else the "
        "default.",
    )
    channels: list[NotificationChannel] | None = strawberry.field(
        default=None, description="How it is told, by one channel or more; as by default where left out."
    )
    threshold: Decimal | None = strawberry.field(
        default=None, description="The line in percent, 0 to 1000; GRADE_CROSSED needs it, and no other kind takes it."
    )
    direction: ThresholdDirection | None = strawberry.field(
        default=None, description="Which way it is crossed; with `threshold`."
    )
    days_ahead: int | None = strawberry.field(
        default=None, description="For DUE_SOON: how many days before it is due, 0 to 14; 2 where left out."
    )


@strawberry.input(description="When and how the viewer is told. What is left out is as by default.")
class NotificationSettingsInput:
    quiet_from: datetime.time | None = strawberry.field(
        default=datetime.time(21), description="From when on nothing is told; null with `quietUntil` for no quiet hour."
    )
    quiet_until: datetime.time | None = strawberry.field(
        default=datetime.time(7), description="Until when, of the next day where that is earlier."
    )
    time_zone: str | None = strawberry.field(
        default=None, description="Where the family lives, by IANA; null for as at the student's school."
    )
    hold_in_school_hours: bool = strawberry.field(
        default=True, description="Whether what is told at once of grades and work waits until school is out."
    )
    show_detail: bool = strawberry.field(
        default=False, description="Whether pushes and mails name the grade or mark itself, on a lock screen too."
    )
    digest_at: datetime.time = strawberry.field(default=datetime.time(17), description="When digests go out.")
    digest_weekday: int = strawberry.field(
        default=5, description="The day of the weekly digest, from 1, Monday, to 7, Sunday."
    )


@strawberry.type(description="The rule was set, or taken back.")
class NotificationRuleSuccess:
    rule: NotificationRule = strawberry.field(description="The rule that holds now.")


@strawberry.type(description="The settings were set.")
class NotificationSettingsSuccess:
    settings: NotificationSettings = strawberry.field(description="The settings that hold now.")


@strawberry.type(description="The notifications were marked.")
class MarkNotificationsReadSuccess:
    marked: int = strawberry.field(description="How many of these ids are the viewer's.")

    @strawberry.field(description="How many notifications are unread now.")
    async def unread_notification_count(self, info: Info[Context, None]) -> int:
        return await reading.notification_count(info.context, unread=True)


MarkNotificationsReadResult = Annotated[
    MarkNotificationsReadSuccess | Problems,
    strawberry.union("MarkNotificationsReadResult", description="How many were marked, or why none were."),
]
NotificationRuleResult = Annotated[
    NotificationRuleSuccess | Problems,
    strawberry.union("NotificationRuleResult", description="The rule that holds now, or why none was set."),
]
NotificationSettingsResult = Annotated[
    NotificationSettingsSuccess | Problems,
    strawberry.union("NotificationSettingsResult", description="The settings that hold now, or why none were set."),
]


@strawberry.type(description="The orders on notifications.")
class NotificationMutations:
    @strawberry.mutation(description="Say whether, when and how the viewer is told of one kind of news. For parents.")
    async def set_notification_rule(
        self,
        info: Info[Context, None],
        input: Annotated[NotificationRuleInput, strawberry.argument(description="The rule.")],
    ) -> NotificationRuleResult:
        order = SetRule(
            input.kind,
            input.student_id,
            input.mode,
            input.channels,
            input.threshold,
            input.direction,
            input.days_ahead,
        )
        done = await orders.set_rule(info.context, order)
        return (
            Problems.of(done) if isinstance(done, Refused) else NotificationRuleSuccess(rule=NotificationRule.of(done))
        )

    @strawberry.mutation(description="Say when and how the viewer is told, whatever the rule. For parents.")
    async def set_notification_settings(
        self,
        info: Info[Context, None],
        input: Annotated[NotificationSettingsInput, strawberry.argument(description="All settings.")],
    ) -> NotificationSettingsResult:
        order = SetHabits(
            input.quiet_from,
            input.quiet_until,
            input.time_zone,
            input.hold_in_school_hours,
            input.show_detail,
            input.digest_at,
            input.digest_weekday,
        )
        done = await orders.set_habits(info.context, order)
        if isinstance(done, Refused):
            return Problems.of(done)
        return NotificationSettingsSuccess(settings=NotificationSettings.of(done))

    @strawberry.mutation(
        description="Mark notifications of the viewer's as read, or as unread; ids that are not the viewer's are "
        "passed over, whatever they are. For parents."
    )
    async def mark_notifications_read(
        self,
        info: Info[Context, None],
        ids: Annotated[list[ID], strawberry.argument(description="The notifications' ids, 100 at the most.")],
        read: Annotated[bool, strawberry.argument(description="Whether they were read.")] = True,
    ) -> MarkNotificationsReadResult:
        done = await orders.mark_notifications_read(info.context, ids, read=read)
        return MarkNotificationsReadSuccess(marked=done.marked)
