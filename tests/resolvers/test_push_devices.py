"""Devices as their owners register and remove them, and what is refused: by address, by number, by owner."""

import dataclasses
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from strawberry.types import ExecutionResult

from loaders.portal.push_devices import device_by_id
from loaders.portal.session_list import end_session_of
from resolvers.context import Context
from resolvers.portal.push_devices import MOST_DEVICES, address_of
from resolvers.portal.push_offer import Platform, PushOffer
from schema.api import schema
from tests.portal import House, empty_place, open_house
from tests.push_services import Subscriber, encoded
from tests.world import World, open_world

REGISTER = """mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) {
  ... on RegisterDeviceSuccess { device { id platform name registeredAt reachedAt current } }
  ... on Problems { problems { code path } } } }"""
REMOVE = """mutation ($id: ID!) { removeDevice(id: $id) {
  ... on RemoveDeviceSuccess { deviceId } ... on Problems { problems { code path } } } }"""
DEVICES = "{ me { devices { id name current } } }"
LOG_OUT = "mutation { logOut { __typename } }"
BROWSER = Subscriber()
ENDPOINT = "https://push.services.example.org/wpush/v2/abc"


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students."""
    made = await open_world(Path(tmp_path_factory.mktemp("devices")) / "district.db", 25)
    yield made
    await made.recorded.reads.close()


@dataclass
class Place:
    """A portal that offers push, and its district."""

    house: House
    world: World

    async def parent(self, username: str) -> Context:
        """An operation in a new session of a parent's."""
        return await self.house.context(self.world.source, await self.house.mobile(username))

    async def order(self, context: Context, document: str, **variables: Any) -> Any:
        answer = await schema.execute(document, variable_values=variables, context_value=context)
        assert isinstance(answer, ExecutionResult)
        assert answer.errors is None, answer.errors
        assert answer.data is not None
        return next(iter(answer.data.values()))

    async def register(self, context: Context, **changes: Any) -> Any:
        return await self.order(context, REGISTER, input=web(**changes))

    async def rows(self) -> int:
        return await self.house.count("select count(*) as n from push_device")


def web(**changes: Any) -> dict[str, Any]:
    """A browser's registration, with changes to its subscription."""
    keys = {"endpoint": ENDPOINT, "p256dh": BROWSER.p256dh, "auth": encoded(BROWSER.auth)}
    return {"platform": "WEB_PUSH", "webPush": {**keys, **changes}, "name": "Firefox on the\n desk"}


@pytest.fixture
async def place(tmp_path: Path, world: World) -> AsyncIterator[Place]:
    async with empty_place("sqlite", tmp_path) as url, open_house(url) as house:
        offer = PushOffer("public", frozenset(Platform))
        house.portal = dataclasses.replace(house.portal, push=offer)
        await house.account("marisol", str(world.guardian("parent")))
        await house.account("ben", "2")
        yield Place(house, world)


async def test_a_device_is_registered_listed_and_removed_and_the_owner_reads_of_it(place: Place) -> None:
    ana = await place.parent("marisol")
    device = (await place.register(ana))["device"]
    assert (device["platform"], device["name"], device["reachedAt"]) == ("WEB_PUSH", "Firefox on the desk", None)
    assert device["current"] is True
    kept = await device_by_id(place.house.writer, 1)
    assert kept is not None
    assert address_of(place.house.portal.sealer, kept)["endpoint"] == ENDPOINT
    (row,) = await place.house.writer.rows("select address_hash, address_sealed from push_device")
    assert not any("push.services" in value for value in row.values())
    # Again, by the same browser in another session: the same device.
    later = await place.parent("marisol")
    assert (await place.register(later, auth=encoded(b"another  16 byte")))["device"]["id"] == device["id"]
    assert (await place.order(ana, DEVICES))["devices"] == [
        {"id": device["id"], "name": "Firefox on the desk", "current": False}
    ]
    assert await place.order(ana, REMOVE, id=device["id"]) == {"deviceId": device["id"]}
    assert (await place.order(ana, DEVICES))["devices"] == []
    refused = {"problems": [{"code": "DEVICE_NOT_FOUND", "path": ["id"]}]}
    assert await place.order(ana, REMOVE, id=device["id"]) == refused
    log = await place.order(ana, "{ me { accessLog { nodes { kind by } } } }")
    assert [each for each in log["accessLog"]["nodes"] if each["kind"] == "DEVICE_CHANGED"] == [
        {"kind": "DEVICE_CHANGED", "by": "SELF"}
    ] * 2
    assert await place.order(ana, "{ portal { pushPublicKey } }") == {"pushPublicKey": "public"}


async def test_a_device_ends_with_its_session_and_goes_to_whom_registers_it(place: Place) -> None:
    ana, ben = await place.parent("marisol"), await place.parent("ben")
    mine = (await place.register(ana))["device"]["id"]
    # A stranger to the device can neither remove it nor see it.
    refused = {"problems": [{"code": "DEVICE_NOT_FOUND", "path": ["id"]}]}
    assert await place.order(ben, REMOVE, id=mine) == refused
    assert (await place.order(ben, DEVICES))["devices"] == []
    # The phone is passed on: whoever registers it has it, and the one before has it no more.
    passed_on = (await place.register(ben))["device"]["id"]
    assert passed_on != mine
    assert (await place.order(ana, DEVICES))["devices"] == []
    tablet = {"platform": "APNS", "token": "AB" * 32}
    await place.order(ben, REGISTER, input=tablet)
    assert len((await place.order(await place.parent("ben"), DEVICES))["devices"]) == 2
    await place.order(ben, LOG_OUT)
    assert (await place.order(await place.parent("ben"), DEVICES))["devices"] == []
    # A session that was ended by somebody else meanwhile registers nothing.
    late = await place.parent("ben")
    viewer = late.signed_in()
    async with place.house.writer.transaction() as transaction:
        now = place.house.portal.instant()
        await end_session_of(transaction, viewer.session_id, viewer.account_id, "REVOKED", now)
    before = await place.rows()
    answer = await schema.execute(REGISTER, variable_values={"input": web()}, context_value=late)
    assert isinstance(answer, ExecutionResult)
    assert answer.errors is not None
    assert await place.rows() == before


OFF_CURVE = b"\x04" + bytes(63) + b"\x07"
P384 = encoded(b"\x04" + bytes(96))
COMPRESSED = encoded(b"\x02" + bytes(32))


WRONG = [
    *(("endpoint", url) for url in ("http://push.example.org/x", "https://push.example.org:8443/x")),
    *(("endpoint", f"https://{host}/x") for host in ("localhost", "redis", "127.0.0.1", "[::1]", "10.0.0.7")),
    *(("endpoint", f"https://{host}/x") for host in ("169.254.169.254", "2130706433", "0x7f.1", "127.1", "0")),
    *(("endpoint", f"https://{host}/x") for host in ("db.internal", "a.local", "[::ffff:10.0.0.1]", "x.test.")),
    *(("endpoint", url) for url in ("https://u:p@push.example.org/", "https://push.example.org/#f")),
    *(("endpoint", url) for url in ("https://push.example.org\\@10.0.0.1/", "https:///x", "https://ü.org/x")),
    ("endpoint", "https://push.example.org/" + "x" * 1980),
    *(("p256dh", key) for key in (encoded(OFF_CURVE), P384, COMPRESSED, "", "!", "A" * 10_000)),
    *(("auth", key) for key in ("", "AAAA", encoded(bytes(17)), "A" * 10_000, "é" * 16)),
]


async def test_an_address_that_cannot_be_is_refused_and_nothing_is_kept(place: Place) -> None:
    ana = await place.parent("marisol")
    for part, value in WRONG:
        answer = await place.register(ana, **{part: value})
        refused = {"problems": [{"code": "DEVICE_ADDRESS_INVALID", "path": ["input", "webPush", part]}]}
        assert answer == refused, (part, value)
    assert await place.rows() == 0


async def test_a_token_of_another_platform_or_size_is_refused_and_so_is_a_platform_that_is_off(place: Place) -> None:
    ana = await place.parent("marisol")
    wrong: list[tuple[dict[str, Any], list[str]]] = [
        ({"platform": "FCM", "token": "t" * 1001}, ["input", "token"]),
        ({"platform": "FCM", "token": "short"}, ["input", "token"]),
        ({"platform": "FCM", "token": "x" * 30 + "\n"}, ["input", "token"]),
        ({"platform": "APNS", "token": "g" * 64}, ["input", "token"]),
        ({"platform": "APNS", "token": "../../3/device/" + "a" * 64}, ["input", "token"]),
        ({"platform": "APNS"}, ["input", "token"]),
        ({"platform": "FCM", "token": "t" * 30, "webPush": web()["webPush"]}, ["input", "token"]),
        ({**web(), "token": "t" * 30}, ["input", "webPush"]),
        ({"platform": "WEB_PUSH"}, ["input", "webPush"]),
    ]
    for given, path in wrong:
        answer = await place.order(ana, REGISTER, input=given)
        assert answer == {"problems": [{"code": "DEVICE_ADDRESS_INVALID", "path": path}]}, given
    place.house.portal = dataclasses.replace(place.house.portal, push=PushOffer())
    off = await place.parent("marisol")
    answer = await place.register(off)
    assert answer == {"problems": [{"code": "PUSH_NOT_OFFERED", "path": ["input", "platform"]}]}
    assert await place.order(off, "{ portal { pushPublicKey } }") == {"pushPublicKey": None}
    assert await place.rows() == 0


async def test_an_account_has_so_many_devices_and_no_more(place: Place) -> None:
    ana = await place.parent("marisol")
    for number in range(MOST_DEVICES):
        assert "device" in await place.register(ana, endpoint=f"{ENDPOINT}{number}")
    answer = await place.register(ana, endpoint=f"{ENDPOINT}more")
    assert answer == {"problems": [{"code": "TOO_MANY_DEVICES", "path": []}]}
    assert "device" in await place.register(ana, endpoint=f"{ENDPOINT}0")
    assert await place.rows() == MOST_DEVICES


async def test_development_may_reach_its_own_machine(place: Place) -> None:
    place.house.portal = dataclasses.replace(
        place.house.portal, push=PushOffer("public", frozenset(Platform), private=True)
    )
    ana = await place.parent("marisol")
    assert "device" in await place.register(ana, endpoint="http://127.0.0.1:9/x")
    assert "problems" in await place.register(ana, endpoint="http://ana@127.0.0.1:9/x")
