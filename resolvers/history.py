"""The order of events, and what of it is remembered for those who come back with a cursor."""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from resolvers.errors import BadUserInput
from resolvers.watcher import GradeChange

REMEMBERED = 10_000

_TOO_OLD = "`after` reaches back further than what is remembered: read the grades again and subscribe without it."
_NO_CURSOR = "`after` is not a cursor of this subscription: give back a cursor exactly as it came."


@dataclass(frozen=True, slots=True)
class GradeEvent:
    """A change with its place in the order of events, and the instant at which it was seen."""

    sequence: int
    cursor: str
    occurred_at: datetime
    change: GradeChange


class History:
    """The last events of this process; its cursors mean nothing to another one."""

    def __init__(self) -> None:
        self._epoch = secrets.token_hex(8)
        self._sequence = 0
        self._events: deque[GradeEvent] = deque()
        self._forgotten = 0

    def stamp(self) -> int:
        """The next place in the order, taken by something that is no event."""
        self._sequence += 1
        return self._sequence

    def record(self, change: GradeChange, now: datetime) -> GradeEvent:
        """The change as the next event."""
        sequence = self.stamp()
        event = GradeEvent(sequence, self._cursor(sequence), now, change)
        self._events.append(event)
        if len(self._events) > REMEMBERED:
            self._forgotten = self._events.popleft().sequence
        return event

    def position(self, cursor: str) -> int:
        """The place of a cursor; BadUserInput for one of another process, or of none."""
        try:
            epoch, _, sequence = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(":")
            position = int(sequence)
        except (Error, ValueError):
            raise BadUserInput(_NO_CURSOR) from None
        if epoch != self._epoch:
            raise BadUserInput(_TOO_OLD)
        if position > self._sequence or self._cursor(position) != cursor:
            raise BadUserInput(_NO_CURSOR)
        return position

    def behind(self, position: int, since: int) -> Iterator[GradeEvent]:
        """The events behind a place, in order, for one who has seen all from `since` on; BadUserInput before that."""
        if position < max(self._forgotten, since):
            raise BadUserInput(_TOO_OLD)
        missed = list(takewhile(lambda event: event.sequence > position, reversed(self._events)))
        return reversed(missed)

    def _cursor(self, sequence: int) -> str:
        return urlsafe_b64encode(f"{self._epoch}:{sequence}".encode()).decode().rstrip("=")
