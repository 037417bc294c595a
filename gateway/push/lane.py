"""Push in its outbox: to devices that are alive, of guardians who may still be told, by the service of each."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.outbox import Rounds, Undeliverable, Unreachable, Unwanted
from gateway.push.service import DeviceGone, PushService, Shown
from loaders.errors import LoaderError
from loaders.portal import pushes as rows
from loaders.portal.dead_letters import LetterKind, NewDeadLetter, add_dead_letter
from loaders.portal.push_devices import PushDevice, bury_device, device_by_id, note_reached
from loaders.portal.pushes import WaitingPush
from loaders.portal.transaction import Transaction
from resolvers.context import Context
from resolvers.portal import Portal
from resolvers.portal.push import opened
from resolvers.portal.push_devices import address_of
from resolvers.portal.push_offer import Platform
from resolvers.portal.push_rights import may_be_told
from resolvers.portal.sealing import SealBroken

#: Push is tried again sooner than mail: what it tells is old tomorrow.
PUSH_ROUNDS = Rounds(first_wait=timedelta(seconds=30), longest_wait=timedelta(hours=1), most_tries=20, at_once=20)
#: What a dead letter is about where it tells of no area.
_NO_AREA = "NOTICE"


@dataclass(frozen=True, slots=True)
class PushLane:
    """The pushes of a portal, and the services that reach devices; `context` is an operation that nobody ordered.

    A push that is handed over twice, because a process died in between, takes its own place on the screen: its tag,
    and with it topic and collapse id, are the same at every try.
    """

    portal: Portal
    services: Mapping[Platform, PushService]
    context: Callable[[], Context]
    name: str = "push"
    abreast: bool = True

    @property
    def posted(self) -> asyncio.Event:
        """Set whenever pushes were posted by this process."""
        return self.portal.push_posted

    async def due(self, now: datetime, limit: int) -> Sequence[WaitingPush]:
        """The pushes whose time has come."""
        return await rows.due_pushes(self.portal.writer, now, limit)

    async def next_due_at(self) -> datetime | None:
        """When the next push is to be tried."""
        return await rows.next_push_due_at(self.portal.writer)

    async def take(self, transaction: Transaction, letter: WaitingPush, until: datetime) -> bool:
        """Takes a push for one try."""
        return await rows.take_push(transaction, letter, until)

    async def hand_over(self, letter: WaitingPush) -> None:
        """Gives a push to its device's service; a device that is gone is removed."""
        device = await device_by_id(self.portal.writer, letter.device_id)
        if device is None or device.account_id != letter.account_id:
            raise Unwanted("The device is registered no more.")
        service = self.services.get(Platform(device.platform))
        if service is None:
            raise Undeliverable(f"{device.platform} is not set up.")
        try:
            allowed = await may_be_told(self.context(), device, letter.student_id, letter.area)
        except LoaderError as error:
            raise Unreachable(f"The rights to what it tells of cannot be read now ({error.code}).") from None
        if not allowed:
            raise Unwanted("The right to what it tells of has ended.")
        try:
            notice = opened(self.portal.sealer, letter.payload_sealed)
            address = address_of(self.portal.sealer, device)
        except SealBroken:
            raise Undeliverable("It was sealed with another key.") from None
        shown = Shown(
            title=notice.title,
            body=notice.body,
            url=f"{self.portal.letterhead.portal_url}{notice.path}",
            tag=self.portal.sealer.tag("push tag", f"{device.id} {notice.tag}")[:32],
            urgency=letter.urgency,
            expires_at=letter.worthless_at,
        )
        try:
            await service.send(address, shown)
        except DeviceGone as gone:
            if gone.since is not None and gone.since < device.registered_at:
                raise Unreachable(f"{gone} It was registered again since.") from None
            await self._bury(device)
            raise Unwanted(str(gone)) from None

    async def try_later(self, transaction: Transaction, letter: WaitingPush, at: datetime, why: str) -> None:
        """Leaves a push for another try, before its end at the latest."""
        await rows.try_push_later(transaction, letter.id, min(at, letter.worthless_at), why)

    async def sent(self, transaction: Transaction, letter: WaitingPush, now: datetime) -> None:
        """Notes that a push was taken, and its device reached."""
        await rows.finish_push(transaction, letter.id, "SENT", now)
        await note_reached(transaction, letter.device_id, now)

    async def drop(self, transaction: Transaction, letter: WaitingPush, now: datetime, why: str) -> None:
        """Notes that a push is for nobody any more."""
        await rows.finish_push(transaction, letter.id, "DROPPED", now, why)

    async def give_up(
        self, transaction: Transaction, letter: WaitingPush, now: datetime, why: str, *, hopeless: bool
    ) -> None:
        """Puts a push among the dead letters."""
        await rows.finish_push(transaction, letter.id, "FAILED", now, why)
        await add_dead_letter(
            transaction,
            NewDeadLetter(
                kind=LetterKind.PUSH,
                letter_id=letter.id,
                account_id=letter.account_id,
                about=letter.area or _NO_AREA,
                reason=why,
                tries=letter.tries + 1,
                posted_at=letter.posted_at,
                died_at=now,
                worthless_at=letter.worthless_at,
                content_sealed=None if hopeless else letter.payload_sealed,
            ),
        )

    async def _bury(self, device: PushDevice) -> None:
        async with self.portal.writer.transaction() as transaction:
            await bury_device(transaction, device)
