"""What this gateway offers to devices: by which platforms it can reach them."""

from dataclasses import dataclass
from enum import Enum


class Platform(Enum):
    """How a device is reached."""

    WEB_PUSH = "WEB_PUSH"
    FCM = "FCM"
    APNS = "APNS"


@dataclass(frozen=True, slots=True)
class PushOffer:
    """The platforms that are set up, and the key that browsers subscribe with.

    `private` lets browsers be reached at addresses of the own network, and without TLS: for development.
    """

    public_key: str | None = None
    platforms: frozenset[Platform] = frozenset()
    private: bool = False


NOTHING_OFFERED = PushOffer()
