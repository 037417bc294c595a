"""Apple Push Notification service: to iPhones and iPads, over HTTP/2, in the name of a team's key."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from gateway.outbox import Undeliverable, Unreachable
from gateway.push.accounts import AppleKey
from gateway.push.network import Answer, Network
from gateway.push.service import DeviceGone, Shown
from gateway.push.tokens import signed

URL = "https://api.push.apple.com"
SANDBOX = "https://api.sandbox.push.apple.com"
#: A token is refused after an hour, and must not be made anew within twenty minutes.
_GOOD_FOR = timedelta(minutes=40)
_GONE = ("BadDeviceToken", "DeviceTokenNotForTopic", "Unregistered", "ExpiredToken")
_OUR_FAULT = ("ExpiredProviderToken", "InvalidProviderToken", "MissingProviderToken", "BadCertificate")


class Apns:
    """iPhones and iPads, reached by Apple's service."""

    def __init__(self, network: Network, key: AppleKey, now: Callable[[], datetime], *, url: str = URL) -> None:
        self._network = network
        self._key = key
        self._now = now
        self._url = url
        self._token: tuple[str, datetime] | None = None

    async def send(self, address: dict[str, Any], shown: Shown) -> None:
        """Hands the notice to Apple's service."""
        now = self._now()
        headers = {
            "authorization": f"bearer {self._bearer(now)}",
            "apns-id": str(uuid5(NAMESPACE_URL, f"{address['token']}:{shown.tag}:{shown.expires_at.isoformat()}")),
            "apns-topic": self._key.topic,
            "apns-push-type": "alert",
            "apns-priority": "10" if shown.urgency == "high" else "5",
            "apns-expiration": str(int(shown.expires_at.timestamp())),
            "apns-collapse-id": shown.tag,
            "content-type": "application/json",
        }
        body = {"aps": {"alert": {"title": shown.title, "body": shown.body}, "sound": "default"}, "url": shown.url}
        answer = await self._network.post(
            f"{self._url}/3/device/{address['token']}", headers, json.dumps(body, ensure_ascii=False).encode()
        )
        if answer.status == 200:
            return
        reason = _reason(answer)
        if answer.status == 410 or reason in _GONE:
            raise DeviceGone(f"APNs knows the token no more ({answer.status} {reason}).", _since(answer))
        if reason in _OUR_FAULT:
            self._token = None if reason == "ExpiredProviderToken" else self._token
            raise Unreachable(f"APNs did not take our credentials ({answer.status} {reason}).")
        if answer.status == 429 or answer.status >= 500:
            raise Unreachable(f"APNs answered {answer.status} {reason}.", wait=answer.wait(now))
        raise Undeliverable(f"APNs answered {answer.status} {reason}.")

    def _bearer(self, now: datetime) -> str:
        if self._token is None or self._token[1] <= now:
            claims = {"iss": self._key.team, "iat": int(now.timestamp())}
            self._token = signed(self._key.key, {"kid": self._key.key_id}, claims), now + _GOOD_FOR
        return self._token[0]


def _reason(answer: Answer) -> str:
    reason = answer.fields().get("reason")
    return "".join(c for c in reason if c.isascii() and c.isalnum())[:40] if isinstance(reason, str) else ""


def _since(answer: Answer) -> datetime | None:
    """Since when the token is known no more: one that was registered after that is alive again."""
    milliseconds = answer.fields().get("timestamp")
    if not isinstance(milliseconds, int) or not 0 < milliseconds < 2**48:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
