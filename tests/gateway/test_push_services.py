"""The push services, each asked over the wire: what they are given is what they specify, what they answer is heeded."""

import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpcore2
import pytest
import pytest_asyncio
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway.outbox import Undeliverable, Unreachable
from gateway.push.accounts import AppleKey, ServiceAccount
from gateway.push.apns import Apns
from gateway.push.encryption import MOST_BYTES, Once, encrypted
from gateway.push.fcm import Fcm
from gateway.push.network import Network
from gateway.push.service import DeviceGone, Shown
from gateway.push.tokens import public_key
from gateway.push.web_push import WebPush
from resolvers.portal.push_address import is_public
from tests.portal import NOON, Clock
from tests.push_services import Apple, BrowserService, Google, Subscriber, decoded, in_the_clear, over_http2

TAG = "0123456789abcdef" * 2
SHOWN = Shown("New grade", "A grade was posted for Ana.", "https://x.example/#g", TAG, "normal", NOON + timedelta(1))
KEY = ec.generate_private_key(ec.SECP256R1())
GOOGLE_KEY = rsa.generate_private_key(65537, 2048)
PHONE = "ab" * 32


def private_key(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(decoded(text), "big"), ec.SECP256R1())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def network() -> AsyncIterator[Network]:
    network = Network(private=True)
    yield network
    await network.close()


@pytest.fixture
async def browsers(clock: Clock) -> AsyncIterator[BrowserService]:
    service = BrowserService(clock.now)
    async with in_the_clear(service) as service.origin:
        yield service


@pytest.fixture
def web(network: Network, clock: Clock) -> WebPush:
    return WebPush(network, KEY, "mailto:help@school.example", clock.now)


def test_a_message_is_encrypted_as_the_standard_shows() -> None:
    # RFC 8291, section 5 and appendix A.
    once = Once(private_key("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), decoded("DGv6ra1nlYgDCS1FRnbzlw"))
    receiver = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    message = b"When I grow up, I want to be a watermelon"
    body = encrypted(message, decoded(receiver), decoded("BTBZMqHH6r4Tts7J_aSIgg"), once, padded=False)
    assert urlsafe_b64encode(body).rstrip(b"=").decode() == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
        "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_a_message_of_any_length_is_read_by_its_subscriber_and_looks_like_others_of_its_size() -> None:
    one, other = Subscriber(), Subscriber()
    sizes = set()
    for length in (0, 1, 40, 511, 512, 513, MOST_BYTES):
        body = encrypted(b"m" * length, decoded(one.p256dh), one.auth)
        assert one.read(body) == b"m" * length
        assert len(body) <= 4096
        sizes.add(len(body))
        with pytest.raises(InvalidTag):
            other.read(body)
    assert len(sizes) == 4
    with pytest.raises(ValueError, match="longer"):
        encrypted(b"m" * (MOST_BYTES + 1), decoded(one.p256dh), one.auth)


async def test_a_browser_reads_what_its_service_took_and_checked(
    web: WebPush, browsers: BrowserService, clock: Clock
) -> None:
    address = browsers.subscribe("/one", public_key(KEY))
    clock.pass_by(hours=1)
    await web.send(address, SHOWN)
    await web.send(address, SHOWN)
    notification = {"title": "New grade", "body": "A grade was posted for Ana.", "navigate": "https://x.example/#g"}
    told = {"web_push": 8030, "notification": {**notification, "tag": TAG, "lang": "", "dir": "auto"}}
    assert browsers.received == [("/one", told)] * 2
    # A second copy takes the first one's place.
    assert browsers.shown == {("/one", TAG): told}
    first, second = browsers.asked
    assert (first["ttl"], first["urgency"], first["topic"]) == (str(23 * 3600), "normal", TAG)
    assert first["authorization"] == second["authorization"]
    clock.pass_by(hours=11, minutes=30)
    await web.send(address, SHOWN)
    assert browsers.asked[2]["authorization"] != first["authorization"]


@pytest.mark.parametrize(
    ("status", "headers", "outcome", "wait"),
    [
        (404, {}, DeviceGone, 0),
        (410, {}, DeviceGone, 0),
        (413, {}, Undeliverable, 0),
        (400, {}, Undeliverable, 0),
        (301, {"location": "http://127.0.0.1/"}, Undeliverable, 0),
        (401, {}, Unreachable, 0),
        (403, {}, Unreachable, 0),
        (429, {"retry-after": "120"}, Unreachable, 120),
        (429, {"retry-after": format_datetime(NOON + timedelta(minutes=5), usegmt=True)}, Unreachable, 300),
        (503, {"retry-after": "99999999999999"}, Unreachable, 86_400),
        (503, {"retry-after": "never"}, Unreachable, 0),
        (429, {"retry-after": "-5"}, Unreachable, 0),
        (500, {}, Unreachable, 0),
    ],
)
async def test_what_a_browsers_service_answers_is_heeded(
    web: WebPush,
    browsers: BrowserService,
    clock: Clock,
    status: int,
    headers: dict[str, str],
    outcome: type[Exception],
    wait: int,
) -> None:
    address = browsers.subscribe("/one", public_key(KEY))
    browsers.answers.append((status, headers, b"secret-of-theirs"))
    with pytest.raises(outcome) as caught:
        await web.send(address, SHOWN)
    assert "secret" not in str(caught.value)
    assert "/one" not in str(caught.value)
    if isinstance(caught.value, Unreachable):
        assert caught.value.wait == timedelta(seconds=wait)
    asked = len(browsers.asked)
    if wait:
        # As long as it has asked for, nothing is sent to it at all, by whatever subscription.
        other = browsers.subscribe("/two", public_key(KEY))
        with pytest.raises(Unreachable) as held:
            await web.send(other, SHOWN)
        assert (held.value.held, held.value.wait, len(browsers.asked)) == (True, timedelta(seconds=wait), asked)
        clock.pass_by(seconds=wait)
    await web.send(address, SHOWN)
    assert len(browsers.asked) == asked + 1


async def test_the_double_itself_takes_nothing_that_is_wrong(network: Network, browsers: BrowserService) -> None:
    address = browsers.subscribe("/one", public_key(KEY))
    stranger = WebPush(network, ec.generate_private_key(ec.SECP256R1()), "mailto:x@x.example", Clock().now)
    with pytest.raises(Unreachable, match="403"):
        await stranger.send(address, SHOWN)
    with pytest.raises(Unreachable, match="403"):
        await WebPush(network, KEY, "x@x.example", Clock().now).send(address, SHOWN)
    assert browsers.received == []


async def test_no_answer_hurts_us(network: Network, web: WebPush, browsers: BrowserService) -> None:
    address = browsers.subscribe("/one", public_key(KEY))
    browsers.answers.append((500, {}, b"x" * 1_000_000))
    with pytest.raises(Unreachable, match="500"):
        await web.send(address, SHOWN)
    answer = await network.post(browsers.origin + "/none", {}, b"")
    assert answer.status == 410
    await web.send(address, SHOWN)
    with pytest.raises(Unreachable, match="cannot be reached"):
        await network.post("http://127.0.0.1:1/", {}, b"")


PRIVATE = (
    *("127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1"),
    *("::1", "fe80::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::", "x"),
)


async def test_the_own_network_is_never_knocked_at(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    assert [address for address in PRIVATE if is_public(address)] == []
    assert all(map(is_public, ("93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822")))
    connected: list[str] = []

    async def connect(self: Any, host: str, *given: Any) -> Any:
        connected.append(host)
        raise httpcore2.ConnectError("stop here")

    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", connect)
    network = Network()
    loop_addresses = "gateway.push.network._addresses"
    for found in ([address] for address in PRIVATE):

        async def inner(lookups: Executor, host: str, port: int, found: list[str] = found) -> list[str]:
            return found

        monkeypatch.setattr(loop_addresses, inner)
        with pytest.raises(Unreachable, match="AddressPrivate"):
            await network.post("https://push.example.org/x", {}, b"")
    assert connected == []

    async def both(lookups: Executor, host: str, port: int) -> list[str]:
        return ["10.0.0.1", "93.184.216.34"]

    # Where a name has addresses of both kinds the connection goes to the very one that was looked at.
    monkeypatch.setattr(loop_addresses, both)
    with pytest.raises(Unreachable, match="ConnectError"):
        await network.post("https://push.example.org/x", {}, b"")
    assert connected == ["93.184.216.34"]
    monkeypatch.undo()
    with pytest.raises(Unreachable, match="AddressPrivate"):
        await network.post("https://localhost/x", {}, b"")
    with pytest.raises(Unreachable, match="gaierror"):
        await network.post("https://nowhere.invalid/x", {}, b"")
    await network.close()


@pytest.fixture
async def google(clock: Clock) -> AsyncIterator[Google]:
    service = Google(clock.now, GOOGLE_KEY.public_key(), known={"phone"})
    async with in_the_clear(service) as service.origin:
        yield service


async def test_googles_service_takes_what_an_account_sends_and_says_what_is_gone(
    google: Google, network: Network, clock: Clock
) -> None:
    email = "portal@project-1.iam.gserviceaccount.com"
    account = ServiceAccount("project-1", email, "key-1", f"{google.origin}/token", GOOGLE_KEY)
    fcm = Fcm(network, account, clock.now, url=google.origin)
    await fcm.send({"token": "phone"}, SHOWN)
    clock.pass_by(minutes=54)
    await fcm.send({"token": "phone"}, SHOWN)
    assert len(google.tokens) == 1
    clock.pass_by(minutes=1)
    await fcm.send({"token": "phone"}, SHOWN)
    assert len(google.tokens) == 2
    first, *_ = google.received
    assert (first["token"], first["notification"]["title"], first["data"]["tag"]) == ("phone", "New grade", TAG)
    assert (first["android"]["collapse_key"], first["android"]["notification"]["tag"]) == (TAG, TAG)
    assert (first["android"]["ttl"], first["apns"]["headers"]["apns-collapse-id"]) == ("86400s", TAG)
    with pytest.raises(DeviceGone):
        await fcm.send({"token": "sold"}, SHOWN)
    code = {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError"}
    for status, word, headers, outcome, wait in (
        (403, "SENDER_ID_MISMATCH", {}, DeviceGone, 0),
        (400, "INVALID_ARGUMENT", {}, Undeliverable, 0),
        (503, "UNAVAILABLE", {"retry-after": "30"}, Unreachable, 30),
        (500, "INTERNAL", {}, Unreachable, 0),
        (429, "QUOTA_EXCEEDED", {}, Unreachable, 60),
    ):
        error = {"error": {"status": "X", "details": [{**code, "errorCode": word}]}}
        google.answers.append((status, headers, json.dumps(error).encode()))
        with pytest.raises(outcome, match=word) as caught:
            await fcm.send({"token": "phone"}, SHOWN)
        assert getattr(caught.value, "wait", timedelta(0)) == timedelta(seconds=wait)
    with pytest.raises(Unreachable) as held:
        await fcm.send({"token": "phone"}, SHOWN)
    assert held.value.held
    clock.pass_by(minutes=1)
    # A token that was taken back is asked for anew.
    google.tokens.append("another")
    with pytest.raises(Unreachable, match="401"):
        await fcm.send({"token": "phone"}, SHOWN)
    await fcm.send({"token": "phone"}, SHOWN)
    assert len(google.received) == 4


async def test_apples_service_takes_what_a_teams_key_sends_over_http2_and_says_since_when_a_phone_is_gone(
    clock: Clock, tmp_path: Path
) -> None:
    apple = Apple(clock.now, KEY.public_key(), known={PHONE})
    async with over_http2(apple, tmp_path) as (url, trusting):
        network = Network(private=True, tls=trusting)
        apns = Apns(network, AppleKey("DEF123GHIJ", "ABC123DEFG", "org.example.portal", KEY), clock.now, url=url)
        await apns.send({"token": PHONE}, SHOWN)
        clock.pass_by(minutes=39)
        await apns.send({"token": PHONE}, SHOWN)
        assert len(apple.tokens) == 1
        clock.pass_by(minutes=1)
        await apns.send({"token": PHONE}, SHOWN)
        assert len(apple.tokens) == 2
        headers, body = apple.received[0]
        alert = {"title": "New grade", "body": "A grade was posted for Ana."}
        assert body == {"aps": {"alert": alert, "sound": "default"}, "url": "https://x.example/#g"}
        assert (headers["apns-collapse-id"], headers["apns-priority"]) == (TAG, "5")
        assert headers["apns-expiration"] == str(int((NOON + timedelta(1)).timestamp()))
        assert {given["apns-id"] for given, _ in apple.received} == {headers["apns-id"]}
        with pytest.raises(DeviceGone, match="BadDeviceToken"):
            await apns.send({"token": "cd" * 32}, SHOWN)
        for status, answer, outcome in (
            (410, {"reason": "Unregistered", "timestamp": 1_700_000_000_000}, DeviceGone),
            (400, {"reason": "DeviceTokenNotForTopic"}, DeviceGone),
            (413, {"reason": "PayloadTooLarge"}, Undeliverable),
            (403, {"reason": "InvalidProviderToken"}, Unreachable),
            (429, {"reason": "TooManyRequests"}, Unreachable),
            (503, {"reason": "Shutdown"}, Unreachable),
        ):
            apple.answers.append((status, {}, json.dumps(answer).encode()))
            with pytest.raises(outcome, match=str(answer["reason"])) as caught:
                await apns.send({"token": PHONE}, SHOWN)
            if status == 410:
                assert caught.value.since == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)  # type: ignore[attr-defined]
        apple.answers.append((403, {}, b'{"reason": "ExpiredProviderToken"}'))
        with pytest.raises(Unreachable):
            await apns.send({"token": PHONE}, SHOWN)
        await apns.send({"token": PHONE}, SHOWN)
        assert len(apple.tokens) == 3
        await network.close()
