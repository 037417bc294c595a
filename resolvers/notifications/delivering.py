"""Delivering: one transaction in which notices are closed, the list has its entries, and pushes and a mail go out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson

from loaders.portal import notices
from loaders.portal.mail import NewMail, add_mail
from loaders.portal.notices import WaitingNotice
from loaders.portal.notifications import NewNotification, add_notification
from loaders.portal.push_devices import PushDevice, devices_of_account
from loaders.portal.transaction import Transaction
from resolvers.notifications.composing import Told, mail_of, push_text
from resolvers.notifications.deciding import Guard
from resolvers.notifications.recipients import Contact, Recipient
from resolvers.notifications.rules import AREAS, NotificationChannel, NotificationKind
from resolvers.portal.mail import SEALED_FOR
from resolvers.portal.push import Notice, Urgency, post_push
from resolvers.portal.push import Told as Why
from resolvers.portal.service import Portal

TEMPLATE = "notifications"
#: A mail that could not leave for so long tells of nothing new.
WORTH = timedelta(days=2)
#: How many ids of what it tells of a notification holds.
MOST_IDS = 100

#: What a family would want to be woken up by, were the hour not quiet.
_PRESSING = frozenset({NotificationKind.ATTENDANCE, NotificationKind.MESSAGE})


class Moved(Exception):
    """More has happened to a notice since it was read: nothing was told of any."""


@dataclass(frozen=True, slots=True)
class Closing:
    """A notice that is over: told, or passed over, with the tag of what stood there."""

    notice: WaitingNotice
    tag: str | None
    told: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """What is told together, about which student by the SIS's key as text, and by which channels."""

    told: Told
    student_id: str
    channels: frozenset[NotificationChannel]


@dataclass(frozen=True, slots=True)
class Delivery:
    """All that becomes of what waits for one account."""

    closings: list[Closing]
    later: Sequence[tuple[WaitingNotice, datetime]]
    groups: list[Group] = field(default_factory=list)


async def deliver(
    portal: Portal, guard: Guard, delivery: Delivery, recipient: Recipient | None, contact: Contact | None
) -> int:
    """Does all of it, or nothing; how many notifications it made. Moved where a notice is not what it was."""
    if not delivery.closings and not delivery.later:
        return 0
    now = portal.instant()
    async with portal.writer.transaction() as transaction:
        await guard(transaction)
        for closing in delivery.closings:
            told_at = now if closing.told else None
            if not await notices.close(transaction, closing.notice, seen_tag=closing.tag, told_at=told_at):
                raise Moved
        for notice, due_at in delivery.later:
            await notices.put_off(transaction, notice, due_at)
        if recipient is not None and contact is not None and delivery.groups:
            await _tell(portal, transaction, delivery.groups, recipient, contact, now)
    if delivery.groups:
        portal.mail_posted.set()
        portal.push_posted.set()
    return len(delivery.groups)


async def _tell(
    portal: Portal,
    transaction: Transaction,
    groups: Sequence[Group],
    recipient: Recipient,
    contact: Contact,
    now: datetime,
) -> None:
    devices = await devices_of_account(transaction, recipient.account.id)
    for group in groups:
        number = await add_notification(transaction, _listed(group, recipient.account.id, now))
        if NotificationChannel.PUSH in group.channels:
            await _push(portal, transaction, devices, group, number, recipient, contact)
    mailed = [group for group in groups if NotificationChannel.EMAIL in group.channels]
    if mailed and contact.address is not None:
        await _mail(portal, transaction, mailed, recipient, contact, now)


async def _push(
    portal: Portal,
    transaction: Transaction,
    devices: Sequence[PushDevice],
    group: Group,
    number: int,
    recipient: Recipient,
    contact: Contact,
) -> None:
    kind = group.told.kind
    body = push_text(group.told, contact.language, detail=recipient.habits.shows_detail)
    shown = Notice(portal.letterhead.district_name, body, f"notification-{number}")
    why = Why(
        event_key=f"notification:{number}",
        rule_key=f"{kind.value}:{group.student_id}",
        student_id=group.student_id or None,
        area=AREAS.get(kind),
        urgency=Urgency.HIGH if kind in _PRESSING else Urgency.NORMAL,
    )
    for device in devices:
        await post_push(portal, transaction, device, shown, why)


async def _mail(
    portal: Portal,
    transaction: Transaction,
    mailed: Sequence[Group],
    recipient: Recipient,
    contact: Contact,
    now: datetime,
) -> None:
    assert contact.address is not None
    detail = recipient.habits.shows_detail
    concerns = [(group.student_id, AREAS[group.told.kind].value) for group in mailed if group.told.kind in AREAS]
    written = mail_of(
        [group.told for group in mailed], contact.name, contact.language, portal.letterhead, detail=detail
    )
    await add_mail(
        transaction,
        NewMail(
            account_id=recipient.account.id,
            template=TEMPLATE,
            language=contact.language,
            to_address=contact.address,
            subject=written.subject,
            text_sealed=portal.sealer.seal(SEALED_FOR, written.text),
            html_sealed=portal.sealer.seal(SEALED_FOR, written.html),
            posted_at=now,
            worthless_at=now + WORTH,
            concerns=orjson.dumps(concerns).decode() if concerns else None,
        ),
    )


def _listed(group: Group, account_id: int, now: datetime) -> NewNotification:
    ids = [item.standing.id for item in group.told.items if item.standing is not None and item.standing.id is not None]
    return NewNotification(
        account_id=account_id,
        kind=group.told.kind.value,
        student_id=group.student_id,
        corrects=group.told.corrects,
        number=group.told.number,
        subject_ids=ids[:MOST_IDS],
        listed=NotificationChannel.INBOX in group.channels,
        told_at=now,
    )
