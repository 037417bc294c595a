"""Places in an inbox of two origins: their order, the cursors that name them, and what of each origin is behind one."""

import json
from base64 import urlsafe_b64decode
from binascii import Error
from dataclasses import dataclass
from datetime import UTC, datetime

from loaders.portal.inbox import Place
from loaders.posted import HERE, MessageKey, Posted
from loaders.statement import Statement, behind
from resolvers.arguments import within_reach
from resolvers.context import Context
from resolvers.errors import BadUserInput

_NO_CURSOR = "`after` is not a cursor of this connection: give back a cursor exactly as it came."


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a message stands: a pinned one before all that are not, and at one instant those from here first."""

    pinned: bool
    sent_at: datetime
    key: MessageKey

    @property
    def order(self) -> tuple[bool, datetime, bool]:
        """By which messages of both origins stand in their order, the greatest first."""
        return self.pinned, self.sent_at, isinstance(self.key, Posted)


def is_spot(after: str | None) -> bool:
    """Whether a cursor is one of an inbox of two origins, and not of the source's messages alone."""
    return after is not None and len(_texts(after)) == 1


def place_of(spot: Spot) -> Place:
    """The spot among the messages from here: those of its instant stand before what the source has of it."""
    number = spot.key.number if isinstance(spot.key, Posted) else 0
    return Place(spot.pinned, spot.sent_at, number)


def behind_spot(statement: Statement, after: Spot | None) -> Statement:
    """What of the source's messages stands behind a spot."""
    if after is None or after.pinned:
        return statement
    if isinstance(after.key, Posted):
        return statement.having("message.sent_at <= :behind_at", behind_at=after.sent_at)
    return behind(statement, (after.sent_at, after.key))


def text_of(spot: Spot) -> str:
    """The spot as the text that its cursor holds."""
    origin, key = ("p", str(spot.key.number)) if isinstance(spot.key, Posted) else ("s", str(spot.key))
    return f"{int(spot.pinned)} {spot.sent_at.astimezone(UTC).isoformat()} {origin} {key}"


def spot_of(context: Context, after: str) -> Spot:
    """The spot that a cursor names, also one of the time when there were only the source's messages."""
    texts = _texts(after)
    parts = texts[0].split(" ", 3) if len(texts) == 1 else ["0", texts[0], "s", texts[1]]
    if len(parts) != 4 or parts[0] not in ("0", "1") or parts[2] not in ("p", "s"):
        raise BadUserInput(_NO_CURSOR)
    pinned, at, origin, name = parts
    key = Posted.read((HERE, name)) if origin == "p" else context.source.adapter.parse_key("message", name)
    try:
        sent_at = datetime.fromisoformat(at)
    except ValueError:
        raise BadUserInput(_NO_CURSOR) from None
    if key is None or sent_at.tzinfo is None or (pinned == "1" and origin == "s"):
        raise BadUserInput(_NO_CURSOR)
    return Spot(pinned == "1", within_reach(sent_at).astimezone(UTC), key)


def _texts(after: str) -> list[str]:
    try:
        texts = json.loads(urlsafe_b64decode(after + "=" * (-len(after) % 4)))
    except (Error, ValueError, RecursionError):
        raise BadUserInput(_NO_CURSOR) from None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts) or not 1 <= len(texts) <= 2:
        raise BadUserInput(_NO_CURSOR)
    return texts
