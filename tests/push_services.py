"""Push services that live on this machine, written from their specifications: they check what they are given.

A browser's service (RFC 8030, 8188, 8291, 8292), Google's (FCM HTTP v1 with OAuth 2.0 of service accounts, RFC 7523)
and Apple's (APNs over HTTP/2 with provider tokens). What is wrong with a request is its answer.
"""

import asyncio
import json
import re
import ssl
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import h2.config
import h2.connection
import h2.events
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

Headers = Mapping[str, str]
Told = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, Headers, bytes], Told]


class Wrong(Exception):
    """What a request lacks, by the status with which it is refused."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status


def decoded(text: str) -> bytes:
    """Bytes out of base64url."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encoded(content: bytes) -> str:
    """Bytes in base64url, without padding."""
    return urlsafe_b64encode(content).decode().rstrip("=")


def claims_of(token: str, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token (RFC 7515) whose signature is the key's; Wrong where it is not."""
    try:
        head, body, signature = token.split(".")
        raw, content = decoded(signature), f"{head}.{body}".encode()
        header = json.loads(decoded(head))
        if isinstance(key, rsa.RSAPublicKey):
            if header["alg"] != "RS256":
                raise Wrong(401, "algorithm")
            key.verify(raw, content, PKCS1v15(), SHA256())
        else:
            if header["alg"] != "ES256" or len(raw) != 64:
                raise Wrong(401, "algorithm")
            both = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
            key.verify(encode_dss_signature(*both), content, ec.ECDSA(SHA256()))
        return header, json.loads(decoded(body))
    except (InvalidSignature, ValueError, KeyError):
        raise Wrong(401, "signature") from None


@dataclass
class Subscriber:
    """A browser that has subscribed: its keys, and what it has shown, by tag."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = b"sixteen bytes it"

    @property
    def p256dh(self) -> str:
        """Its public key, as a page is given it."""
        return encoded(self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def read(self, body: bytes) -> bytes:
        """What a message says (RFC 8291, 3.4; RFC 8188, 2); Wrong where it is not for this browser."""
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, record = body[21 : 21 + length], body[21 + length :]
        if length != 65 or size < 18 or not 17 <= len(record) <= size:
            raise Wrong(400, "record")
        mine = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        keying = HKDF(SHA256(), 32, self.auth, b"WebPush: info\x00" + mine + sender).derive(shared)
        key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(keying)
        nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(keying)
        padded = AESGCM(key).decrypt(nonce, record, None).rstrip(b"\x00")
        if padded[-1:] != b"\x02":
            raise Wrong(400, "delimiter of the last record")
        return padded[:-1]


@dataclass
class BrowserService:
    """The push service of a browser: subscriptions by their paths, each made with one application server key.

    `answers` come first, as long as there are any; `shown` is what each subscriber would show now, by topic.
    """

    now: Callable[[], datetime]
    origin: str = ""
    subscribers: dict[str, tuple[Subscriber, str]] = field(default_factory=dict)
    answers: list[Told] = field(default_factory=list)
    asked: list[Headers] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    received: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    shown: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def subscribe(self, path: str, public_key: str) -> dict[str, str]:
        """A new subscription, as a page is given it."""
        self.subscribers[path] = subscriber, _ = Subscriber(), public_key
        return {"endpoint": self.origin + path, "p256dh": subscriber.p256dh, "auth": encoded(subscriber.auth)}

    def __call__(self, method: str, path: str, headers: Headers, body: bytes) -> Told:
        self.asked.append(headers)
        try:
            subscriber = self._check(method, path, headers, body)
        except Wrong as wrong:
            return wrong.status, {}, str(wrong).encode()
        if self.answers:
            return self.answers.pop(0)
        message = json.loads(subscriber.read(body))
        self.sizes.append(len(body))
        self.received.append((path, message))
        self.shown[path, headers["topic"]] = message
        self.arrived.set()
        return 201, {"location": f"{self.origin}/message/{len(self.received)}"}, b""

    def _check(self, method: str, path: str, headers: Headers, body: bytes) -> Subscriber:
        if method != "POST":
            raise Wrong(405, "method")
        if path not in self.subscribers:
            raise Wrong(410, "no such subscription")
        subscriber, expected = self.subscribers[path]
        if len(body) > 4096:
            raise Wrong(413, "size")
        if headers.get("content-encoding") != "aes128gcm":
            raise Wrong(400, "encoding")
        if not headers.get("ttl", "").isdigit():
            raise Wrong(400, "TTL")
        if headers.get("urgency") not in ("very-low", "low", "normal", "high"):
            raise Wrong(400, "urgency")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", headers.get("topic", "")):
            raise Wrong(400, "topic")
        found = re.fullmatch(r"vapid t=([^,]+), ?k=(.+)", headers.get("authorization", ""))
        if found is None:
            raise Wrong(401, "no VAPID")
        if found[2] != expected:
            raise Wrong(403, "another application server")
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(found[2]))
        _, claims = claims_of(found[1], key)
        left = datetime.fromtimestamp(claims["exp"], UTC) - self.now()
        if claims["aud"] != self.origin or not timedelta(0) < left <= timedelta(hours=24):
            raise Wrong(403, "audience or expiry")
        if not claims["sub"].startswith(("mailto:", "https:")):
            raise Wrong(403, "contact")
        return subscriber


@dataclass
class Google:
    """FCM HTTP v1 of one project, and the token endpoint of its service account."""

    now: Callable[[], datetime]
    key: rsa.RSAPublicKey
    origin: str = ""
    tokens: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    answers: list[Told] = field(default_factory=list)
    received: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, method: str, path: str, headers: Headers, body: bytes) -> Told:
        try:
            return self._token(body) if path == "/token" else self._send(method, path, headers, body)
        except Wrong as wrong:
            return wrong.status, {}, json.dumps({"error": {"code": wrong.status, "status": str(wrong)}}).encode()

    def _token(self, body: bytes) -> Told:
        form = parse_qs(body.decode())
        if form["grant_type"] != ["urn:ietf:params:oauth:grant-type:jwt-bearer"]:
            raise Wrong(400, "unsupported_grant_type")
        header, claims = claims_of(form["assertion"][0], self.key)
        issued, until = (datetime.fromtimestamp(claims[name], UTC) for name in ("iat", "exp"))
        if (
            header.get("kid") != "key-1"
            or claims["iss"] != "portal@project-1.iam.gserviceaccount.com"
            or claims["aud"] != f"{self.origin}/token"
            or claims["scope"] != "https://www.googleapis.com/auth/firebase.messaging"
            or not timedelta(0) < until - issued <= timedelta(hours=1)
            or abs(issued - self.now()) > timedelta(minutes=1)
        ):
            raise Wrong(400, "invalid_grant")
        self.tokens.append(f"access-{len(self.tokens)}")
        answer = {"access_token": self.tokens[-1], "expires_in": 3599, "token_type": "Bearer"}
        return 200, {}, json.dumps(answer).encode()

    def _send(self, method: str, path: str, headers: Headers, body: bytes) -> Told:
        if (method, path) != ("POST", "/v1/projects/project-1/messages:send"):
            raise Wrong(404, "NOT_FOUND_HERE")
        if not self.tokens or headers.get("authorization") != f"Bearer {self.tokens[-1]}":
            raise Wrong(401, "UNAUTHENTICATED")
        message = json.loads(body)["message"]
        if len(body) > 4096 or not all(isinstance(value, str) for value in message["data"].values()):
            raise Wrong(400, "INVALID_ARGUMENT")
        if self.answers:
            return self.answers.pop(0)
        if message["token"] not in self.known:
            detail = {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": "UNREGISTERED"}
            error = {"code": 404, "status": "NOT_FOUND", "details": [detail]}
            return 404, {}, json.dumps({"error": error}).encode()
        self.received.append(message)
        return 200, {}, b'{"name": "projects/project-1/messages/1"}'


@dataclass
class Apple:
    """APNs for one team and app."""

    now: Callable[[], datetime]
    key: ec.EllipticCurvePublicKey
    known: set[str] = field(default_factory=set)
    answers: list[Told] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    received: list[tuple[Headers, dict[str, Any]]] = field(default_factory=list)

    def __call__(self, method: str, path: str, headers: Headers, body: bytes) -> Told:
        try:
            self._check(method, path, headers, body)
        except Wrong as wrong:
            return wrong.status, {}, json.dumps({"reason": str(wrong)}).encode()
        if self.answers:
            return self.answers.pop(0)
        self.received.append((headers, json.loads(body)))
        return 200, {"apns-id": headers["apns-id"]}, b""

    def _check(self, method: str, path: str, headers: Headers, body: bytes) -> None:
        found = re.fullmatch(r"bearer (.+)", headers.get("authorization", ""))
        if method != "POST" or found is None:
            raise Wrong(403, "MissingProviderToken")
        header, claims = claims_of(found[1], self.key)
        if header.get("kid") != "ABC123DEFG" or claims["iss"] != "DEF123GHIJ":
            raise Wrong(403, "InvalidProviderToken")
        if not timedelta(0) <= self.now() - datetime.fromtimestamp(claims["iat"], UTC) <= timedelta(hours=1):
            raise Wrong(403, "ExpiredProviderToken")
        self.tokens.add(found[1])
        if headers.get("apns-topic") != "org.example.portal":
            raise Wrong(400, "TopicDisallowed")
        if headers.get("apns-push-type") != "alert" or headers.get("apns-priority") not in ("1", "5", "10"):
            raise Wrong(400, "BadPriority")
        if len(headers.get("apns-collapse-id", "")) > 64 or not headers.get("apns-expiration", "").isdigit():
            raise Wrong(400, "BadCollapseId")
        if len(body) > 4096:
            raise Wrong(413, "PayloadTooLarge")
        if path.removeprefix("/3/device/") not in self.known:
            raise Wrong(400, "BadDeviceToken")


@asynccontextmanager
async def in_the_clear(handler: Handler) -> AsyncIterator[str]:
    """The URL at which a service answers over HTTP/1.1."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, path, _ = head[0].split(" ")
                headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in head[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                status, told, content = handler(method, path, headers, body)
                lines = [f"HTTP/1.1 {status} X", f"content-length: {len(content)}"]
                lines += [f"{name}: {value}" for name, value in told.items()]
                writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + content)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@asynccontextmanager
async def over_http2(handler: Handler, folder: Path) -> AsyncIterator[tuple[str, ssl.SSLContext]]:
    """The URL at which a service answers over HTTP/2 and TLS alone, and who trusts it."""
    serving, trusting = _certificate(folder)
    server = await asyncio.start_server(lambda r, w: _speak_http2(handler, r, w), "127.0.0.1", 0, ssl=serving)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", trusting
    finally:
        server.close()


async def _speak_http2(handler: Handler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
    connection.initiate_connection()
    requests: dict[int, tuple[dict[str, str], bytearray]] = {}
    with suppress(ConnectionError):
        while True:
            writer.write(connection.data_to_send())
            await writer.drain()
            content = await reader.read(65536)
            if not content:
                break
            for event in connection.receive_data(content):
                match event:
                    case h2.events.RequestReceived(stream_id=int(stream), headers=list(headers)):
                        requests[stream] = {str(name): str(value) for name, value in headers}, bytearray()
                    case h2.events.DataReceived(stream_id=int(stream), data=bytes(data)):
                        requests[stream][1].extend(data)
                        connection.acknowledge_received_data(event.flow_controlled_length or 0, stream)
                    case h2.events.StreamEnded(stream_id=int(stream)):
                        given, body = requests.pop(stream)
                        status, told, answer = handler(given[":method"], given[":path"], given, bytes(body))
                        connection.send_headers(stream, [(":status", str(status)), *told.items()])
                        connection.send_data(stream, answer, end_stream=True)
    writer.close()


def _certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's side with a certificate of this machine's for HTTP/2 alone, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, SHA256())
    )
    path = folder / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(path)
    serving.set_alpn_protocols(["h2"])
    return serving, ssl.create_default_context(cafile=str(path))
