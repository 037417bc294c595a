"""Statements that took too long where others wait for them: known by their text for two minutes."""

from collections import OrderedDict
from collections.abc import Callable, Sequence

from loaders.database.link import Bound

HEAVY_SECONDS = 120.0
REMEMBERED = 256


class Heavy:
    """The texts of statements that were found to take long, the latest of them; `now` tells seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._until: OrderedDict[str, float] = OrderedDict()

    def holds(self, statements: Sequence[Bound]) -> bool:
        """Whether one of the statements took too long within the last two minutes."""
        if not self._until:
            return False
        now = self._now()
        for sql, _ in statements:
            if sql in self._until:
                if now < self._until[sql]:
                    return True
                del self._until[sql]
        return False

    def add(self, sql: str) -> None:
        """Remembers a text for two minutes from now."""
        self._until[sql] = self._now() + HEAVY_SECONDS
        self._until.move_to_end(sql)
        if len(self._until) > REMEMBERED:
            self._until.popitem(last=False)

    def texts(self) -> list[str]:
        """What is remembered, the longest ago first."""
        return list(self._until)
