"""Devices that are told things by push: registered in a session, alive as long as it, and removed by their owner."""

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime

from loaders.ids import node_id, read_node_id
from loaders.portal import push_devices as rows
from loaders.portal.push_devices import NewDevice, PushDevice
from resolvers.context import Context
from resolvers.errors import Unauthenticated
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.push_address import AddressInvalid, WebSubscription, apns_token, fcm_token, web_subscription
from resolvers.portal.push_offer import Platform
from resolvers.portal.sealing import Sealer
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.texts import label
from resolvers.portal.tokens import token_hash
from resolvers.portal.trail import note

#: What addresses of devices are sealed for.
SEALED_FOR = "push address"
#: How many devices an account may have.
MOST_DEVICES = 20
_NAME = 100

_NOT_OFFERED = Problem(
    ProblemCode.PUSH_NOT_OFFERED, "The district has not set up this way to reach devices.", ("input", "platform")
)
_NO_DEVICE = Problem(ProblemCode.DEVICE_NOT_FOUND, "No device of yours has this id.", ("id",))
_TOO_MANY = Problem(
    ProblemCode.TOO_MANY_DEVICES, f"You have {MOST_DEVICES} devices: remove one that you no longer use."
)


@dataclass(frozen=True, slots=True)
class RegisterDevice:
    """A device that shall be told: a browser by its subscription, a phone by the token of its platform's service."""

    platform: Platform
    endpoint: str | None = field(default=None, repr=False)
    p256dh: str | None = field(default=None, repr=False)
    auth: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    name: str | None = None


@dataclass(frozen=True, slots=True)
class OwnDevice:
    """A device of the viewer's; `current` is one that was registered in the session that asks."""

    id: str
    platform: Platform
    name: str | None
    registered_at: datetime
    reached_at: datetime | None
    current: bool


@dataclass(frozen=True, slots=True)
class DeviceRemoved:
    """The device that is told nothing any more."""

    id: str


def push_public_key(context: Context) -> str | None:
    """The key with which browsers subscribe; None where web push is off. For everybody."""
    portal: Portal = context.portal
    return portal.push.public_key


async def own_devices(context: Context) -> list[OwnDevice]:
    """The viewer's devices that are alive, the newest first; refuses who is no guardian, and before the gate opens."""
    context.guardian()
    portal: Portal = context.portal
    found = await rows.devices_of_account(portal.writer, context.signed_in().account_id)
    return [_own(context, device) for device in found]


async def register_device(context: Context, order: RegisterDevice) -> OwnDevice | Refused:
    """Has a device told what its guardian is told, from now until this session is ended or the device removed.

    One that is registered again stays the same; one that was another account's is this one's from now on.
    """
    context.guardian()
    portal: Portal = context.portal
    if order.platform not in portal.push.platforms:
        return Refused((_NOT_OFFERED,))
    try:
        address, told = _address(order, private=portal.push.private)
    except AddressInvalid as refusal:
        place = ("input", refusal.part) if refusal.part in ("token", "webPush") else ("input", "webPush", refusal.part)
        return Refused((Problem(ProblemCode.DEVICE_ADDRESS_INVALID, str(refusal), place),))
    return await undisturbed(_do_register(context, order, address, told))


async def remove_device(context: Context, id: str) -> DeviceRemoved | Refused:
    """Ends what a device of the viewer's is told, at once; somebody else's and made-up ones are refused alike."""
    context.guardian()
    found = read_node_id(id)
    number = found[1][0] if found is not None and found[0] == "Device" and len(found[1]) == 1 else ""
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        return Refused((_NO_DEVICE,))
    return await undisturbed(_do_remove(context, int(number)))


def address_of(sealer: Sealer, device: PushDevice) -> dict[str, str]:
    """Where a device is reached; SealBroken where that was sealed with another key."""
    found: dict[str, str] = json.loads(sealer.open(SEALED_FOR, device.address_sealed))
    return found


def _address(order: RegisterDevice, *, private: bool) -> tuple[str, str]:
    """What is known of the address by its hash, and all that is needed to reach it."""
    if order.platform is Platform.WEB_PUSH:
        if order.endpoint is None or order.p256dh is None or order.auth is None or order.token is not None:
            raise AddressInvalid("webPush", "A browser is reached by its subscription and by nothing else.")
        found: WebSubscription = web_subscription(order.endpoint, order.p256dh, order.auth, private=private)
        return found.endpoint, json.dumps(asdict(found))
    if order.token is None or order.endpoint is not None:
        raise AddressInvalid("token", "A phone is reached by its token and by nothing else.")
    token = fcm_token(order.token) if order.platform is Platform.FCM else apns_token(order.token)
    return f"{order.platform.value} {token}", json.dumps({"token": token})


async def _do_register(context: Context, order: RegisterDevice, address: str, told: str) -> OwnDevice | Refused:
    portal: Portal = context.portal
    viewer = context.signed_in()
    new = NewDevice(
        viewer.account_id,
        viewer.session_id,
        order.platform.value,
        token_hash(address),
        portal.sealer.seal(SEALED_FOR, told),
        label(order.name, _NAME) or None,
    )
    async with portal.writer.transaction() as transaction:
        kept = await rows.owns_address(transaction, viewer.account_id, new.address_hash)
        if not kept and await rows.count_devices(transaction, viewer.account_id) >= MOST_DEVICES:
            return Refused((_TOO_MANY,))
        device_id = await rows.put_device(transaction, new, portal.instant())
        device = await rows.device_by_id(transaction, device_id)
        if device is None:
            # The session was ended while it ordered this.
            raise Unauthenticated("Log in first.")
        if not kept:
            await note(
                context,
                transaction,
                "DEVICE_REGISTERED",
                f"push_device:{device_id}",
                account_id=viewer.account_id,
                platform=order.platform.value,
            )
    return _own(context, device)


async def _do_remove(context: Context, device_id: int) -> DeviceRemoved | Refused:
    portal: Portal = context.portal
    account_id = context.signed_in().account_id
    async with portal.writer.transaction() as transaction:
        if not await rows.remove_device(transaction, device_id, account_id):
            return Refused((_NO_DEVICE,))
        await note(context, transaction, "DEVICE_REMOVED", f"push_device:{device_id}", account_id=account_id)
    return DeviceRemoved(node_id("Device", device_id))


def _own(context: Context, device: PushDevice) -> OwnDevice:
    return OwnDevice(
        node_id("Device", device.id),
        Platform(device.platform),
        device.name,
        device.registered_at,
        device.reached_at,
        device.session_id == context.signed_in().session_id,
    )
