"""Firebase Cloud Messaging, HTTP v1: to phones with Google's services, in the name of a service account."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from gateway.outbox import Undeliverable, Unreachable
from gateway.push.accounts import ServiceAccount
from gateway.push.network import Answer, Network
from gateway.push.service import DeviceGone, Shown
from gateway.push.tokens import signed

URL = "https://fcm.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_RENEWED = timedelta(minutes=5)
#: A quota that is used up is given again each minute.
_QUOTA = timedelta(minutes=1)


class Fcm:
    """Phones, reached by Google's service."""

    def __init__(
        self, network: Network, account: ServiceAccount, now: Callable[[], datetime], *, url: str = URL
    ) -> None:
        self._network = network
        self._account = account
        self._now = now
        self._url = f"{url}/v1/projects/{account.project}/messages:send"
        self._token: tuple[str, datetime] | None = None
        self._asking = asyncio.Lock()
        self._closed_until: datetime | None = None

    async def send(self, address: dict[str, Any], shown: Shown) -> None:
        """Hands the notice to Google's service."""
        now = self._now()
        if self._closed_until is not None and self._closed_until > now:
            raise Unreachable("FCM has asked us to wait.", wait=self._closed_until - now, held=True)
        headers = {"authorization": f"Bearer {await self._bearer(now)}", "content-type": "application/json"}
        body = json.dumps({"message": _message(address["token"], shown, now)}, ensure_ascii=False).encode()
        answer = await self._network.post(self._url, headers, body)
        if answer.status == 200:
            return
        code = _code(answer)
        match answer.status:
            case 404 if code in ("UNREGISTERED", "NOT_FOUND"):
                raise DeviceGone("FCM knows the token no more (UNREGISTERED).")
            case 403 if code == "SENDER_ID_MISMATCH":
                raise DeviceGone("The token is one of another app's (SENDER_ID_MISMATCH).")
            case 401 | 403:
                self._token = None
                raise Unreachable(f"FCM did not take our credentials ({answer.status} {code}).")
            case 429:
                wait = answer.wait(now) or _QUOTA
                self._closed_until = now + wait
                raise Unreachable(f"FCM answered 429 {code}.", wait=wait)
            case status if status >= 500:
                raise Unreachable(f"FCM answered {status} {code}.", wait=answer.wait(now))
            case status:
                raise Undeliverable(f"FCM answered {status} {code}.")

    async def _bearer(self, now: datetime) -> str:
        """An access token that is good for some minutes at least; one is asked for at a time."""
        async with self._asking:
            if self._token is None or self._token[1] <= now:
                self._token = await self._new_token(now)
            return self._token[0]

    async def _new_token(self, now: datetime) -> tuple[str, datetime]:
        account, issued = self._account, int(now.timestamp())
        claims = {
            "iss": account.email,
            "scope": _SCOPE,
            "aud": account.token_url,
            "iat": issued,
            "exp": issued + 3600,
        }
        assertion = signed(account.key, {"typ": "JWT", "kid": account.key_id}, claims)
        form = urlencode({"grant_type": _GRANT, "assertion": assertion}).encode()
        answer = await self._network.post(
            account.token_url, {"content-type": "application/x-www-form-urlencoded"}, form
        )
        found = answer.fields()
        token, seconds = found.get("access_token"), found.get("expires_in")
        if answer.status != 200 or not isinstance(token, str) or not isinstance(seconds, int):
            raise Unreachable(f"Google gave no access token ({answer.status}).", wait=answer.wait(now))
        return token, now + timedelta(seconds=seconds) - _RENEWED


def _message(token: str, shown: Shown, now: datetime) -> dict[str, Any]:
    seconds = max(int((shown.expires_at - now).total_seconds()), 0)
    return {
        "token": token,
        "notification": {"title": shown.title, "body": shown.body},
        "data": {"url": shown.url, "tag": shown.tag},
        "android": {
            "collapse_key": shown.tag,
            "ttl": f"{seconds}s",
            "priority": "HIGH" if shown.urgency == "high" else "NORMAL",
            "notification": {"tag": shown.tag},
        },
        "apns": {
            "headers": {
                "apns-collapse-id": shown.tag,
                "apns-expiration": str(int(shown.expires_at.timestamp())),
                "apns-priority": "10" if shown.urgency == "high" else "5",
            },
        },
    }


def _code(answer: Answer) -> str:
    """The code of an error: FCM's own where it gives one, else Google's."""
    error = answer.fields().get("error")
    if not isinstance(error, dict):
        return ""
    details = error.get("details")
    for detail in details if isinstance(details, list) else []:
        if isinstance(detail, dict) and isinstance(detail.get("errorCode"), str):
            return _word(detail["errorCode"])
    return _word(str(error.get("status", "")))


def _word(text: str) -> str:
    return "".join(c for c in text if c.isascii() and (c.isalnum() or c == "_"))[:40]
