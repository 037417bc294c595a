"""Web Push (RFC 8030): to browsers, by the push service that each of them names, encrypted and signed with our key."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec

from gateway.outbox import Undeliverable, Unreachable
from gateway.push.encryption import encrypted
from gateway.push.network import Network
from gateway.push.service import DeviceGone, Shown
from gateway.push.tokens import public_key, signed

#: For how long a token is good, at most 24 hours (RFC 8292, 2), and how long before its end another is made.
_GOOD_FOR, _RENEWED = timedelta(hours=12), timedelta(hours=1)
_MOST_ORIGINS = 1_000


class WebPush:
    """Browsers, reached in our name: `contact` is whom a push service writes to (a mailto: or https: URL)."""

    def __init__(
        self, network: Network, key: ec.EllipticCurvePrivateKey, contact: str, now: Callable[[], datetime]
    ) -> None:
        self._network = network
        self._key = key
        self._public_key = public_key(key)
        self._contact = contact
        self._now = now
        self._tokens: dict[str, tuple[str, datetime]] = {}
        self._closed_until: dict[str, datetime] = {}

    async def send(self, address: dict[str, Any], shown: Shown) -> None:
        """Hands the notice to the push service of the browser's address."""
        now = self._now()
        endpoint: str = address["endpoint"]
        parts = urlsplit(endpoint)
        origin = f"{parts.scheme}://{parts.netloc}"
        if (until := self._closed_until.get(origin, now)) > now:
            raise Unreachable("The push service has asked us to wait.", wait=until - now, held=True)
        headers = {
            "authorization": f"vapid t={self._token(origin, now)}, k={self._public_key}",
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(max(int((shown.expires_at - now).total_seconds()), 0)),
            "urgency": shown.urgency,
            "topic": shown.tag,
        }
        body = encrypted(_message(shown), _bytes(address["p256dh"]), _bytes(address["auth"]))
        answer = await self._network.post(endpoint, headers, body)
        match answer.status:
            case 200 | 201 | 202 | 204:
                return
            case 404 | 410:
                raise DeviceGone(f"The push service answered {answer.status}: the subscription is gone.")
            case 401 | 403:
                # Our key or token is wrong, not the push.
                raise Unreachable(f"The push service did not take our signature ({answer.status}).")
            case 429 | 503:
                wait = answer.wait(now)
                if wait:
                    self._close(origin, now, now + wait)
                raise Unreachable(f"The push service answered {answer.status}.", wait=wait)
            case 408 | 425:
                raise Unreachable(f"The push service answered {answer.status}.")
            case status if status >= 500:
                raise Unreachable(f"The push service answered {status}.", wait=answer.wait(now))
            case status:
                raise Undeliverable(f"The push service answered {status}.")

    def _token(self, origin: str, now: datetime) -> str:
        known = self._tokens.get(origin)
        if known is not None and known[1] - now > _RENEWED:
            return known[0]
        if len(self._tokens) >= _MOST_ORIGINS:
            self._tokens.clear()
        expires_at = now + _GOOD_FOR
        claims = {"aud": origin, "exp": int(expires_at.timestamp()), "sub": self._contact}
        token = signed(self._key, {"typ": "JWT"}, claims)
        self._tokens[origin] = token, expires_at
        return token

    def _close(self, origin: str, now: datetime, until: datetime) -> None:
        self._closed_until = {each: at for each, at in self._closed_until.items() if at > now}
        if len(self._closed_until) < _MOST_ORIGINS:
            self._closed_until[origin] = until


def _message(shown: Shown) -> bytes:
    """The notice as declarative Web Push has it: a browser that knows it shows it, in others our worker does."""
    notification = {
        "title": shown.title,
        "body": shown.body,
        "navigate": shown.url,
        "tag": shown.tag,
        "lang": "",
        "dir": "auto",
    }
    return json.dumps({"web_push": 8030, "notification": notification}, ensure_ascii=False).encode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
