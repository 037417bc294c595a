"""What devices are told: written into the outbox in the order's own transaction, so that it goes if that is done."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from loaders.contract import Area
from loaders.portal.push_devices import PushDevice
from loaders.portal.pushes import NewPush, add_push
from loaders.portal.transaction import Transaction
from resolvers.portal.sealing import Sealer
from resolvers.portal.service import Portal
from resolvers.portal.texts import label

#: The page of this portal that shows what was told, and where devices are turned on and off.
PAGE_PATH = "/notifications"
#: What pushes are sealed for in the outbox.
SEALED_FOR = "push"
TITLE_MAX, BODY_MAX = 120, 400
#: How long a push service holds what it cannot deliver: longer, and families would read it as news.
KEPT = timedelta(hours=24)


class Urgency(Enum):
    """How much a push may cost a device's battery (RFC 8030, 5.3)."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Notice:
    """What a device shows: two short texts, and the path of the page of this portal that a tap opens.

    A notice with the `tag` of an earlier one takes its place on the screen; so does a second copy of the same.
    """

    title: str
    body: str = field(repr=False)
    tag: str
    path: str = PAGE_PATH


@dataclass(frozen=True, slots=True)
class Told:
    """Why a device is told something: which event, by which rule, and of whose record (None: of none).

    The right to the `area` of the student is asked again as the notice leaves.
    """

    event_key: str
    rule_key: str
    student_id: str | None = None
    area: Area | None = None
    urgency: Urgency = Urgency.NORMAL
    kept: timedelta = KEPT


async def post_push(portal: Portal, transaction: Transaction, device: PushDevice, notice: Notice, told: Told) -> bool:
    """Puts a notice to a device into the outbox; set `portal.push_posted` once the transaction is committed.

    False where this device was told of that event by that rule already. Texts that are too long for a lock screen are
    cut; ValueError for a path that leads elsewhere.
    """
    now = portal.instant()
    return await add_push(
        transaction,
        NewPush(
            device_id=device.id,
            account_id=device.account_id,
            event_key=told.event_key,
            rule_key=told.rule_key,
            student_id=told.student_id,
            area=None if told.area is None else told.area.value,
            payload_sealed=portal.sealer.seal(SEALED_FOR, _written(notice)),
            urgency=told.urgency.value,
            posted_at=now,
            worthless_at=now + told.kept,
        ),
    )


def opened(sealer: Sealer, sealed: str) -> Notice:
    """The notice that was sealed in the outbox; SealBroken where it was with another key."""
    return Notice(**json.loads(sealer.open(SEALED_FOR, sealed)))


def _written(notice: Notice) -> str:
    if not notice.path.startswith("/") or notice.path.startswith(("//", "/\\")):
        raise ValueError("A notice leads to a page of this portal.")
    return json.dumps(
        {
            "title": label(notice.title, TITLE_MAX),
            "body": label(notice.body, BODY_MAX),
            "tag": notice.tag,
            "path": notice.path,
        },
        ensure_ascii=False,
    )
