"""Where a device is reached, parsed: a browser's endpoint with its keys, or a phone's token."""

import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

_ENDPOINT_MAX, _FCM_MAX = 2000, 1000
_HOST = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])")
#: Names that lead nowhere but into the own network (RFC 6761, RFC 6762, and the name that ICANN keeps for it).
_INNER = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "arpa", "test", "invalid", "example")
# The curve P-256 (SEC 2, 2.4.2): y^2 = x^3 - 3x + b over the field of p.
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


class AddressInvalid(ValueError):
    """A device cannot be reached so; the message says why, `part` which part of the address is wrong."""

    def __init__(self, part: str, message: str) -> None:
        super().__init__(message)
        self.part = part


@dataclass(frozen=True, slots=True)
class WebSubscription:
    """A browser's push subscription (W3C Push API): its endpoint, and the keys that messages are encrypted with."""

    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)


def web_subscription(endpoint: str, p256dh: str, auth: str, *, private: bool) -> WebSubscription:
    """The subscription; AddressInvalid where it is none that may be reached from here."""
    _check_endpoint(endpoint, private)
    if not _is_point(_read(p256dh, "p256dh", 65)):
        raise AddressInvalid("p256dh", "The key is no point of the curve P-256.")
    _read(auth, "auth", 16)
    return WebSubscription(endpoint, p256dh.rstrip("="), auth.rstrip("="))


def fcm_token(text: str) -> str:
    """A registration token of Firebase Cloud Messaging; AddressInvalid where it cannot be one."""
    if not re.fullmatch(rf"[A-Za-z0-9_:.-]{{20,{_FCM_MAX}}}", text):
        raise AddressInvalid("token", "That is no registration token of Firebase Cloud Messaging.")
    return text


def apns_token(text: str) -> str:
    """A device token of Apple's, in hexadecimal; AddressInvalid where it cannot be one."""
    if not re.fullmatch(r"(?:[0-9A-Fa-f]{2}){32,100}", text):
        raise AddressInvalid("token", "That is no device token of Apple's in hexadecimal.")
    return text.lower()


def is_public(text: str) -> bool:
    """Whether an IP address is one of the public net, also where an IPv4 address hides in an IPv6 one."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            return is_public(str(inner))
        # A translator (RFC 6052) reaches whatever IPv4 address stands in the last 32 bits.
        if address.packed[:12] == bytes.fromhex("0064ff9b0000000000000000"):
            return is_public(str(ip_address(address.packed[12:])))
    return address.is_global and not address.is_multicast


def _check_endpoint(endpoint: str, private: bool) -> None:
    refusal = AddressInvalid("endpoint", "The endpoint is no https:// URL of a push service.")
    if len(endpoint) > _ENDPOINT_MAX or not re.fullmatch(r"[\x21-\x7e]+", endpoint) or "\\" in endpoint:
        raise refusal
    try:
        parts = urlsplit(endpoint)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise refusal from None
    if parts.username is not None or parts.password is not None or parts.fragment or not host:
        raise refusal
    if private:
        if parts.scheme not in ("https", "http"):
            raise refusal
        return
    if parts.scheme != "https" or port not in (None, 443):
        raise refusal
    # A name is looked at again when it is resolved, for it can lead anywhere; an address tells now.
    if not (_HOST.fullmatch(host) and host.rpartition(".")[2] not in _INNER) and not is_public(host):
        raise AddressInvalid("endpoint", "The endpoint is on no host of the public net.")


def _read(text: str, part: str, length: int) -> bytes:
    refusal = AddressInvalid(part, f"The key is not {length} bytes in base64url.")
    if len(text) > 2 * length or not re.fullmatch(r"[A-Za-z0-9_-]+={0,2}", text):
        raise refusal
    bare = text.rstrip("=")
    try:
        found = urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except ValueError:
        raise refusal from None
    if len(found) != length:
        raise refusal
    return found


def _is_point(encoded: bytes) -> bool:
    """Whether an uncompressed point (SEC 1, 2.3.3) lies on P-256: another one could give a private key away."""
    x, y = int.from_bytes(encoded[1:33], "big"), int.from_bytes(encoded[33:], "big")
    return encoded[0] == 4 and x < _P and y < _P and (y * y - (x * x * x - 3 * x + _B)) % _P == 0
