"""Answers given again: to the same viewer, for the same operation and variables, while nothing has changed."""

import asyncio
from collections.abc import Hashable
from datetime import datetime
from hashlib import blake2b
from typing import Protocol

from gateway.execution.documents import Prepared
from gateway.execution.operations import Answer
from gateway.memory import Memory
from resolvers.context import Context, Viewer

MOST = 100_000
#: A place in the memory names the document by its hash, and holds the variables in JSON.
DIGEST_BYTES = 16


class Marked(Protocol):
    """What answers are made of: it can vouch that it is as it was, and tell the time."""

    def mark(self) -> Hashable | None:
        """Something that equals an earlier one only if nothing would be answered differently; None for no word."""
        ...

    def now(self) -> datetime:
        """The current instant."""
        ...

    @property
    def inboxes(self) -> int:
        """How often what stands in families' inboxes was seen to change."""
        ...


class Body:
    """The bytes of an answer, and a digest of them that is made when it is first asked for."""

    __slots__ = ("_digest", "bytes")

    def __init__(self, raw: bytes) -> None:
        self.bytes = raw
        self._digest: str | None = None

    @property
    def digest(self) -> str:
        """What tells these bytes from all others."""
        if self._digest is None:
            self._digest = blake2b(self.bytes, digest_size=DIGEST_BYTES).hexdigest()
        return self._digest


class _Kept:
    __slots__ = ("body", "inboxes", "mark", "until")

    def __init__(self, mark: Hashable, until: datetime | None, inboxes: int | None, body: Body) -> None:
        self.mark = mark
        self.until = until
        self.inboxes = inboxes
        self.body = body


class Answers:
    """A bounded memory of whole answers, each good for one mark of the source, and for one viewer alone.

    Kept is only what batch resolvers read from the source, without an error: whatever else had a hand in an answer
    (the clock, the portal store, an ordinary resolver) makes it one that is computed each time. One that tells of an
    inbox is good until inboxes change.
    """

    def __init__(self, source: Marked, most_bytes: int) -> None:
        self._source = source
        self._kept: Memory[Hashable, _Kept] = Memory(MOST, most_bytes)
        self.given = 0
        self._shared = False
        self._shared_mark: Hashable | None = None

    def __len__(self) -> int:
        return len(self._kept)

    def mark(self, *, shared: bool = False) -> Hashable | None:
        """The source's mark, to be read before an answer is computed; None where nothing can be kept or given.

        Requests that had all begun to arrive when the loop looked for what had arrived may have a `shared` one: no
        change that is later than the first of them came before any of the others.
        """
        if not shared:
            return self._source.mark()
        if not self._shared:
            self._shared = True
            self._shared_mark = self._source.mark()
            # Runs before the loop looks again.
            asyncio.get_running_loop().call_soon(self._turned)
        return self._shared_mark

    def find(self, mark: Hashable, viewer: Viewer | None, prepared: Prepared) -> Body | None:
        """The answer of that viewer's operation under that mark; None where it is to be computed."""
        if prepared.place is None:
            return None
        found = self._kept.get((_identity(viewer), prepared.place))
        if found is None or found.mark != mark:
            return None
        if found.until is not None and self._source.now() >= found.until:
            return None
        if found.inboxes is not None and found.inboxes != self._source.inboxes:
            return None
        self.given += 1
        return found.body

    def keep(self, mark: Hashable, context: Context, prepared: Prepared, answer: Answer, body: Body) -> None:
        """Keep an answer that was computed after the mark was read, if it may be given again."""
        if prepared.place is None or context.volatile:
            return
        if not answer.repeatable or answer.errors or answer.extensions or answer.data is None:
            return
        key = (_identity(context.viewer), prepared.place)
        size = len(body.bytes) + len(prepared.place[1][1])
        self._kept.put(key, _Kept(mark, context.fresh_until, context.inboxes, body), size)

    def _turned(self) -> None:
        self._shared = False


def _identity(viewer: Viewer | None) -> Hashable:
    """All of a viewer that an answer can depend on; a session only opens the door."""
    if viewer is None:
        return None
    return (
        viewer.account_id,
        viewer.guardian_key,
        viewer.roles,
        viewer.second_factor,
        viewer.second_factor_needed,
        viewer.setup_required,
        viewer.username,
    )
