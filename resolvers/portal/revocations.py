"""Sessions that end while somebody is listening: live sockets and caches of this process hear of it at once."""

from collections import OrderedDict
from collections.abc import Callable

_REMEMBERED = 10_000


class Revocations:
    """Tells who watches a session that it has ended, and caches that what they know of it is out of date."""

    def __init__(self) -> None:
        self.changes = 0
        self._watched: dict[int, dict[object, Callable[[], None]]] = {}
        self._ended: OrderedDict[int, None] = OrderedDict()
        self._listeners: list[Callable[[int], None]] = []

    def watch(self, session_id: int, ended: Callable[[], None]) -> Callable[[], None]:
        """Calls `ended` when the session ends, at once where it has; call what is returned to watch no longer."""
        watch = object()
        watches = self._watched.setdefault(session_id, {})
        watches[watch] = ended

        def stop() -> None:
            if watches.pop(watch, None) is not None and not watches:
                del self._watched[session_id]

        # A session may end between the check of its token and this call.
        if session_id in self._ended:
            ended()
        return stop

    def listen(self, forget: Callable[[int], None]) -> None:
        """Calls `forget` with each session that ended or whose tokens changed, before anybody is answered."""
        self._listeners.append(forget)

    def end(self, session_id: int) -> None:
        """The session has ended, and that is committed."""
        self._ended[session_id] = None
        if len(self._ended) > _REMEMBERED:
            self._ended.popitem(last=False)
        self.rotated(session_id)
        for ended in tuple(self._watched.get(session_id, {}).values()):
            ended()

    def has_ended(self, session_id: int) -> bool:
        """Whether the end of this session is known here, as one of the last ten thousand."""
        return session_id in self._ended

    def rotated(self, session_id: int) -> None:
        """The session goes on under other tokens, and that is committed."""
        self.changes += 1
        for forget in self._listeners:
            forget(session_id)
