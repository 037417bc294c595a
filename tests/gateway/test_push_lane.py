"""Push on its way from the outbox to a device: once, while it is wanted, and among the dead letters where it is not."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.outbox import Outbox, Rounds
from gateway.push.lane import PushLane
from gateway.push.network import Network
from gateway.push.service import DeviceGone, PushService, Shown
from gateway.push.tokens import public_key
from gateway.push.web_push import WebPush
from loaders.contract import Area
from loaders.errors import SourceDown
from loaders.portal.access_rules import Block, BlockReason, Orders
from loaders.portal.dead_letters import dead_letters
from loaders.portal.push_devices import PushDevice, device_by_id
from loaders.portal.pushes import WaitingPush
from loaders.portal.session_list import end_session_of
from resolvers.context import Caller, Context
from resolvers.portal.push import Notice, Told, Urgency, post_push
from resolvers.portal.push_devices import RegisterDevice, register_device
from resolvers.portal.push_offer import Platform, PushOffer
from resolvers.rules import Rules
from tests.portal import NOON, House, empty_place, open_house
from tests.processes import line, process
from tests.push_services import BrowserService, in_the_clear
from tests.world import TODAY, World, noon, open_world

KEY = ec.generate_private_key(ec.SECP256R1())
NOTICE = Notice("New grade", "A grade was posted for Ana.", "grade:7", "/#grades")


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students."""
    made = await open_world(Path(tmp_path_factory.mktemp("pushes")) / "district.db", 25)
    yield made
    await made.recorded.reads.close()


@dataclass
class Post:
    """A parent with a browser that has subscribed, and the outbox from which it is told."""

    house: House
    world: World
    browsers: BrowserService
    service: PushService
    device: PushDevice
    context: Callable[[], Context]

    def outbox(self, **changes: Any) -> Outbox[WaitingPush]:
        """The outbox, which waits as long as it may between tries: half a minute after the first."""
        lane = PushLane(self.house.portal, {Platform.WEB_PUSH: self.service}, self.context)
        return Outbox(self.house.portal, lane, Rounds(first_wait=timedelta(seconds=30), draw=lambda: 1.0, **changes))

    async def post(self, event: str, **told: Any) -> None:
        """Puts a notice of an event into the outbox."""
        async with self.house.writer.transaction() as transaction:
            assert await post_push(self.house.portal, transaction, self.device, NOTICE, Told(event, "r", **told))

    async def states(self) -> list[tuple[str, int, str | None]]:
        """State, tries and last error of every push."""
        rows = await self.house.writer.rows("select state, tries, last_error from push order by id")
        return [(row["state"], row["tries"], row["last_error"]) for row in rows]


@asynccontextmanager
async def posted(world: World, url: str) -> AsyncIterator[Post]:
    async with open_house(url) as house:
        browsers, network = BrowserService(house.clock.now), Network(private=True)
        house.portal = replace(house.portal, push=PushOffer("x", frozenset(Platform), private=True))
        async with in_the_clear(browsers) as browsers.origin:
            await house.account("marisol", str(world.guardian("parent")))
            context = await house.context(world.source, await house.mobile("marisol"))
            keys = browsers.subscribe("/one", public_key(KEY))
            await register_device(context, RegisterDevice(Platform.WEB_PUSH, **keys))
            device = await device_by_id(house.writer, 1)
            assert device is not None

            def nobody() -> Context:
                return Context(world.source, None, Caller(), house.portal, None)

            web = WebPush(network, KEY, "mailto:help@school.example", house.clock.now)
            yield Post(house, world, browsers, web, device, nobody)
        await network.close()


@pytest.fixture
async def place(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Post]:
    monkeypatch.setattr(world.source, "_now", lambda: noon(TODAY))
    async with empty_place("sqlite", tmp_path) as url, posted(world, url) as place:
        yield place
    world.source.notes.pop(Rules, None)
    world.source.orders += 1


@pytest.mark.postgresql
async def test_two_outboxes_tell_a_device_each_thing_once_on_a_server_too(world: World, tmp_path: Path) -> None:
    async with empty_place("postgresql", tmp_path) as url, posted(world, url) as place:
        for number in range(12):
            await place.post(f"e{number}")
        assert sum(await asyncio.gather(*(place.outbox(at_once=5).deliver_due() for _ in range(2)))) == 12
        assert len(place.browsers.received) == 12
        assert {state for state, _, _ in await place.states()} == {"SENT"}


async def test_a_device_shows_what_it_was_told_and_a_tap_leads_into_the_portal(place: Post) -> None:
    await place.post("e", urgency=Urgency.HIGH, kept=timedelta(hours=2))
    assert await place.outbox().deliver_due() == 1
    ((_, message),) = place.browsers.received
    shown = message["notification"]
    assert (shown["title"], shown["body"]) == ("New grade", "A grade was posted for Ana.")
    assert shown["navigate"] == "https://portal.example/#grades"
    (asked,) = place.browsers.asked
    assert (asked["ttl"], asked["urgency"]) == ("7200", "high")
    # Whoever carries it reads neither what it is about nor that two devices are told of the same.
    assert asked["topic"] == shown["tag"] != "grade:7"
    assert await place.states() == [("SENT", 1, None)]
    device = await device_by_id(place.house.writer, 1)
    assert device is not None
    assert device.reached_at == NOON
    assert await place.outbox().deliver_due() == 0
    assert len(place.browsers.received) == 1


async def test_waits_double_are_kept_as_asked_and_end_with_what_is_told(place: Post) -> None:
    await place.post("e", kept=timedelta(minutes=20))
    browsers, outbox, clock = place.browsers, place.outbox(), place.house.clock
    browsers.answers += [(500, {}, b""), (502, {}, b""), (429, {"retry-after": "600"}, b"")]
    for seconds in (30, 60, 600):
        assert await outbox.deliver_due() == 0
        clock.pass_by(seconds=seconds - 1)
        asked = len(browsers.asked)
        assert await outbox.deliver_due() == 0
        assert len(browsers.asked) == asked
        clock.pass_by(seconds=1)
    assert await outbox.deliver_due() == 1
    assert await place.states() == [("SENT", 4, None)]
    # What cannot be told in time is told never; staff read why.
    await place.post("late", kept=timedelta(minutes=5))
    browsers.answers.append((429, {"retry-after": "3600"}, b""))
    assert await outbox.deliver_due() == 0
    clock.pass_by(minutes=5)
    assert await outbox.deliver_due() == 0
    assert len(browsers.received) == 1
    (dead,) = await dead_letters(place.house.writer, None, None, 10)
    assert (dead.reason, dead.content_sealed) == ("What it tells of was over before it could be sent.", None)


async def test_a_draw_spreads_what_failed_together_and_never_undercuts_what_was_asked() -> None:
    rounds = Rounds(first_wait=timedelta(seconds=30), longest_wait=timedelta(hours=1))
    waits = [rounds.wait_after(3) for _ in range(200)]
    assert all(timedelta(0) <= wait <= timedelta(seconds=120) for wait in waits)
    assert len(set(waits)) > 150
    assert min(rounds.wait_after(1, timedelta(minutes=5)) for _ in range(50)) == timedelta(minutes=5)
    assert max(rounds.wait_after(40) for _ in range(200)) <= timedelta(hours=1)


async def test_what_no_service_takes_is_given_up_with_a_reason_and_keeps_no_other_waiting(place: Post) -> None:
    await place.post("big", area=Area.GRADES)
    await place.post("fine")
    place.browsers.answers.append((413, {}, b""))
    assert await place.outbox(at_once=1).deliver_due() == 1
    assert [state for state, _, _ in await place.states()] == ["FAILED", "SENT"]
    await place.post("never")
    place.browsers.answers += [(500, {}, b"")] * 5
    for _ in range(5):
        await place.outbox(most_tries=3).deliver_due()
        place.house.clock.pass_by(hours=2)
    never, big = await dead_letters(place.house.writer, None, None, 10)
    assert (never.about, never.tries, never.reason) == ("NOTICE", 3, "The push service answered 500.")
    assert (big.about, big.tries, big.reason) == ("GRADES", 1, "The push service answered 413.")
    assert big.content_sealed is not None
    assert "grade" not in big.content_sealed.lower()


async def test_a_device_that_is_gone_is_removed_and_told_nothing_more(place: Post) -> None:
    await place.post("one")
    await place.post("two")
    del place.browsers.subscribers["/one"]
    assert await place.outbox(at_once=1).deliver_due() == 0
    assert await device_by_id(place.house.writer, 1) is None
    assert [state for state, _, _ in await place.states()] == ["DROPPED", "DROPPED"]
    assert len(place.browsers.asked) == 1
    assert await dead_letters(place.house.writer, None, None, 10) == []


async def test_a_device_that_was_registered_after_it_was_gone_stays(place: Post) -> None:
    class Late:
        async def send(self, address: dict[str, Any], shown: Shown) -> None:
            raise DeviceGone("Gone.", NOON - timedelta(seconds=1))

    await place.post("one")
    place.service = Late()
    assert await place.outbox().deliver_due() == 0
    assert await device_by_id(place.house.writer, 1) is not None
    assert [state for state, _, _ in await place.states()] == ["WAITING"]


async def test_rights_are_asked_as_a_push_leaves_and_a_lost_one_leaves_nothing(
    place: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, student = place.world, str(place.world.student("parent"))
    # Somebody else's student, one that is none, and a staff account's: dropped without a word.
    other = world.rows(
        "select student_id from guardian_student where student_id not in "
        "(select student_id from guardian_student where guardian_id = ?) limit 1",
        world.guardian("parent"),
    )[0][0]
    for event, of in (("other", str(other)), ("none", "x'--")):
        await place.post(event, student_id=of, area=Area.GRADES)
    await place.post("mine", student_id=student, area=Area.GRADES)
    assert await place.outbox().deliver_due() == 1

    async def away(*_: Any) -> Any:
        raise SourceDown("Away.")

    # While nobody knows, it waits.
    await place.post("unknown", student_id=student)
    with monkeypatch.context() as patch:
        patch.setattr("resolvers.portal.push_rights.visible", away)
        assert await place.outbox().deliver_due() == 0
    blocked = Block(1, str(world.guardian("parent")), student, TODAY, None, BlockReason.COURT_ORDER, noon(TODAY))
    world.source.orders += 1
    world.source.notes[Rules] = Rules(Orders(world.source.orders, [blocked], [], []))
    await place.post("blocked", student_id=student, area=Area.GRADES)
    place.house.clock.pass_by(minutes=1)
    assert await place.outbox().deliver_due() == 0
    assert [state for state, _, _ in await place.states()] == ["DROPPED", "DROPPED", "SENT", "DROPPED", "DROPPED"]
    assert len(place.browsers.asked) == 1


async def test_a_device_whose_session_was_ended_is_told_nothing(place: Post) -> None:
    await place.post("e")
    async with place.house.writer.transaction() as transaction:
        device, now = place.device, place.house.portal.instant()
        await end_session_of(transaction, device.session_id, device.account_id, "REVOKED", now)
    assert await place.outbox().deliver_due() == 0
    assert (place.browsers.asked, [state for state, _, _ in await place.states()]) == ([], ["DROPPED"])


KILLED = """
import asyncio, os, sys
from types import SimpleNamespace
from gateway.outbox import Outbox
from gateway.push.lane import PushLane
from gateway.push.network import Network
from gateway.push.tokens import elliptic_key
from gateway.push.web_push import WebPush
from resolvers.context import Caller, Context
from resolvers.portal.push_offer import Platform
from tests.portal import ADAPTER, open_house

class Killed(WebPush):
    async def send(self, address, shown):
        await super().send(address, shown)
        print("sent", flush=True)
        os.kill(os.getpid(), 9)

async def main(url, key):
    async with open_house(url) as house:
        web = Killed(Network(private=True), elliptic_key(key), "mailto:x@x.example", house.clock.now)
        source = SimpleNamespace(adapter=ADAPTER)
        lane = PushLane(house.portal, {Platform.WEB_PUSH: web}, lambda: Context(source, None, Caller(), None, None))
        await Outbox(house.portal, lane).deliver_due()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_killed_between_sending_and_noting_the_second_copy_takes_the_place_of_the_first(
    place: Post, tmp_path: Path
) -> None:
    pem = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    await place.post("e")
    with process(sys.executable, "-c", KILLED, f"sqlite:///{tmp_path}/portal.sqlite", pem, cwd=tmp_path) as child:
        said = await asyncio.to_thread(line, child)
        assert said == "sent", child.stderr and child.stderr.read()
        assert await asyncio.to_thread(child.wait, 30) == -9
    assert await place.states() == [("WAITING", 1, None)]
    assert await place.outbox().deliver_due() == 0
    place.house.clock.pass_by(minutes=5)
    assert await place.outbox().deliver_due() == 1
    assert await place.states() == [("SENT", 2, None)]
    first, second = place.browsers.received
    assert first == second
    assert list(place.browsers.shown.values()) == [first[1]]
