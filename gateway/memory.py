"""A memory with two bounds: so many things, and so many bytes, the longest unused out first."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

#: What one remembered thing takes beside its own bytes: its key, its place, its entry.
ENTRY_BYTES = 500


class Memory(Generic[K, V]):
    """Remembers values under keys; whoever puts one in says how many bytes it takes with its key."""

    __slots__ = ("_most", "_most_bytes", "_things", "bytes")

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._things: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._things)

    def get(self, key: K) -> V | None:
        """What is remembered under the key, which is thereby used."""
        found = self._things.get(key)
        if found is None:
            return None
        self._things.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, size: int) -> None:
        """Remember a value of that many bytes in the place of an older one; what alone would fill half is not taken."""
        self.drop(key)
        size += ENTRY_BYTES
        if size > self._most_bytes // 2:
            return
        self._things[key] = value, size
        self.bytes += size
        while len(self._things) > self._most or self.bytes > self._most_bytes:
            _, (_, dropped) = self._things.popitem(last=False)
            self.bytes -= dropped

    def drop(self, key: K) -> None:
        """Forget what is remembered under the key."""
        found = self._things.pop(key, None)
        if found is not None:
            self.bytes -= found[1]

    def clear(self) -> None:
        """Forget everything."""
        self._things.clear()
        self.bytes = 0
