"""What every push service is to the outbox: something that takes what a device shall show."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Shown:
    """What a device shall show: two texts, and the URL that a tap opens.

    A second copy of it, and a later notice of the same `tag`, takes its place. `tag` says nothing to who carries it.
    """

    title: str
    body: str = field(repr=False)
    url: str
    tag: str
    urgency: str
    expires_at: datetime


class DeviceGone(Exception):
    """The service knows the device no more, since an instant where it says so."""

    def __init__(self, message: str, since: datetime | None = None) -> None:
        super().__init__(message)
        self.since = since


class PushService(Protocol):
    """Whatever reaches devices of one platform."""

    async def send(self, address: dict[str, Any], shown: Shown) -> None:
        """Returns once the notice was taken; DeviceGone, Unreachable where it may be later, Undeliverable where not."""
        ...
