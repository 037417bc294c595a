"""Devices: browsers and phones that are told things by push."""

import datetime
from typing import Annotated

import strawberry
from strawberry import ID, Info

from resolvers.context import Context
from resolvers.portal import push_devices
from resolvers.portal.problems import Refused
from resolvers.portal.push_devices import MOST_DEVICES, OwnDevice, RegisterDevice
from resolvers.portal.push_offer import Platform
from schema.enums import described
from schema.problems import Problems
from schema.scalars import URL

described(
    Platform,
    "DevicePlatform",
    "How a device is reached.",
    {
        Platform.WEB_PUSH: "A browser, by its push subscription (RFC 8030): needs `portal.pushPublicKey`.",
        Platform.FCM: "A phone with Google's services, by Firebase Cloud Messaging.",
        Platform.APNS: "An iPhone or iPad, by Apple's push service.",
    },
)


@strawberry.type(description="A device of the viewer's that is told things by push. Its address is told nobody.")
class Device:
    id: ID = strawberry.field(description="Opaque; what `removeDevice` takes.")
    platform: Platform = strawberry.field(description="How it is reached.")
    name: str | None = strawberry.field(description="What it calls itself, where it has said so.")
    registered_at: datetime.datetime = strawberry.field(description="When it was last registered.")
    reached_at: datetime.datetime | None = strawberry.field(
        description="When its push service last took something for it; null where that was never."
    )
    current: bool = strawberry.field(description="Whether it was registered in the session that asks.")

    @classmethod
    def of(cls, device: OwnDevice) -> "Device":
        """The device as its owner sees it."""
        return cls(
            id=ID(device.id),
            platform=device.platform,
            name=device.name,
            registered_at=device.registered_at,
            reached_at=device.reached_at,
            current=device.current,
        )


@strawberry.type(description="Whoever has devices.")
class DeviceOwner:
    @strawberry.field(
        description="The viewer's devices that are told things, the newest first. One whose session was ended, or of "
        "which its push service says that it is gone, is not among them any more."
    )
    async def devices(self, info: Info[Context, None]) -> list[Device]:
        return [Device.of(found) for found in await push_devices.own_devices(info.context)]


@strawberry.input(description="A browser's push subscription, as `PushSubscription.toJSON()` gives it.")
class WebPushInput:
    endpoint: URL = strawberry.field(description="Its endpoint: an https:// URL on the public net.")
    p256dh: str = strawberry.field(description="Its public key, a point of P-256, in base64url.")
    auth: str = strawberry.field(description="Its authentication secret of 16 bytes, in base64url.")


@strawberry.input(description="A device that shall be told things by push.")
class RegisterDeviceInput:
    platform: Platform = strawberry.field(description="How it is reached.")
    web_push: WebPushInput | None = strawberry.field(
        default=None, description="Of a browser: its subscription, made with `portal.pushPublicKey`."
    )
    token: str | None = strawberry.field(
        default=None, description="Of a phone: the token that its platform's service gave the app."
    )
    name: str | None = strawberry.field(default=None, description="What the device calls itself, for its owner.")


@strawberry.type(description="The device is told from now on.")
class RegisterDeviceSuccess:
    device: Device = strawberry.field(description="The device.")


@strawberry.type(description="The device is told nothing any more.")
class RemoveDeviceSuccess:
    device_id: ID = strawberry.field(description="The device that is no more.")


RegisterDeviceResult = Annotated[
    RegisterDeviceSuccess | Problems,
    strawberry.union("RegisterDeviceResult", description="The device, or why it is not told."),
]
RemoveDeviceResult = Annotated[
    RemoveDeviceSuccess | Problems,
    strawberry.union("RemoveDeviceResult", description="The device that was removed, or why none was."),
]


@strawberry.type(description="The orders on devices.")
class DeviceMutations:
    @strawberry.mutation(
        description="Have a device told by push what the viewer's notification rules say, until it is removed, or the "
        "session that registered it is logged out or revoked. For parents. A device that is registered again keeps its "
        f"id; one that was another parent's is the viewer's from now on. {MOST_DEVICES} at the most."
    )
    async def register_device(
        self,
        info: Info[Context, None],
        input: Annotated[RegisterDeviceInput, strawberry.argument(description="The device.")],
    ) -> RegisterDeviceResult:
        web = input.web_push
        order = RegisterDevice(
            platform=input.platform,
            endpoint=None if web is None else web.endpoint,
            p256dh=None if web is None else web.p256dh,
            auth=None if web is None else web.auth,
            token=input.token,
            name=input.name,
        )
        done = await push_devices.register_device(info.context, order)
        return Problems.of(done) if isinstance(done, Refused) else RegisterDeviceSuccess(device=Device.of(done))

    @strawberry.mutation(
        description="Have a device of the viewer's told nothing any more, at once; somebody else's and made-up ones "
        "are refused alike, with `DEVICE_NOT_FOUND`."
    )
    async def remove_device(
        self,
        info: Info[Context, None],
        id: Annotated[ID, strawberry.argument(description="The device's id, as `devices` has it.")],
    ) -> RemoveDeviceResult:
        done = await push_devices.remove_device(info.context, id)
        return Problems.of(done) if isinstance(done, Refused) else RemoveDeviceSuccess(device_id=ID(done.id))
