"""The lines there are: Redis's publish and subscribe, and PostgreSQL's NOTIFY over the portal store itself."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from loaders.errors import LoaderError
from loaders.wakes.calls import Line
from loaders.wakes.notify import NotifyLine

if TYPE_CHECKING:
    from loaders.wakes.redis import RedisLine

#: What stands in the place of a URL for the portal store's own server.
NOTIFY = "notify"
REDIS_SCHEMES = ("redis", "rediss")


class WakeUnavailable(LoaderError):
    """Processes cannot wake each other in the way that was asked for; the message names the remedy."""

    code = "WAKE_UNAVAILABLE"


def line_to(wake: str, portal_url: str, channel: str) -> Callable[[], Line]:
    """What makes a line by the setting, `notify` or Redis's URL, on a channel that all processes over the store share.

    WakeUnavailable where it cannot be had.
    """
    if wake == NOTIFY:
        if urlsplit(portal_url).scheme.partition("+")[0] not in ("postgresql", "postgres"):
            raise WakeUnavailable("HOMEROOM_WAKE=notify needs a portal store on PostgreSQL: name a Redis instead.")
        return lambda: NotifyLine(portal_url, channel)
    redis_line = _redis()
    return lambda: redis_line(wake, channel)


def _redis() -> "type[RedisLine]":
    try:
        from loaders.wakes.redis import RedisLine
    except ImportError:
        raise WakeUnavailable("HOMEROOM_WAKE names a Redis: install homeroom[redis].") from None
    return RedisLine


def is_wake(text: str) -> bool:
    """Whether a setting names a line: `notify`, or the URL of a Redis."""
    if text == NOTIFY:
        return True
    try:
        parts: Any = urlsplit(text)
        return parts.scheme in REDIS_SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
