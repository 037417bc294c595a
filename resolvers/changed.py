"""Who has changed since the last look, by the source's own word; what it may leave out is found by going through all.

The source's marks are in no order of commits: each reading goes back to the last mark that was known an overlap ago, so
that a transaction is seen however late within it it commits. What was read before is passed over: a number for good, a
time less and less often, for it may stand for two changes of the same second.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf
from time import monotonic

import structlog

from loaders.errors import RelationIncomplete, StatementTimeout
from loaders.feed import Feed, Mark, Named, changed_since, find_feed, first_mark, last_mark, local, read, written
from loaders.portal.source_marks import keep_mark, mark_of
from loaders.portal.transaction import Store
from loaders.source import Source
from loaders.statement import Key

#: More changes than this within the overlap are a bulk load: all are gone through at once, and none is remembered.
MOST = 20_000
#: After so many seconds it is asked again how the source tells what changed: triggers come and go.
ASK_AGAIN = 60.0
#: A time is compared again when its change was first read so many seconds ago, and then twice as many each time.
AGAIN = 2.0
#: How often the mark from which on is to be read is kept in the store, at the most.
KEEP = 10.0
#: How far the clock may be behind the last mark and still be believed, where an hour comes twice.
TWICE = timedelta(hours=2)
#: Further ahead of the clock no time can be, wherever it is told.
AHEAD = timedelta(days=1)

log = structlog.get_logger("homeroom.live")


@dataclass(slots=True)
class _Known:
    """When a change was first read, and when it is to be compared again."""

    first: float
    again: float


@dataclass(frozen=True, slots=True)
class Reading:
    """The students who have changed, or `all_of_them` where they are too many to be told one by one."""

    students: Sequence[Key]
    all_of_them: bool = False


class Changed:
    """Reads from where the last reading came to; `None` is read where the source does not say who has changed."""

    def __init__(
        self,
        source: Source,
        store: Store,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        now: Callable[[], float] = monotonic,
    ) -> None:
        self.statements = 0
        self._source = source
        self._store = store
        self._clock = clock
        self._now = now
        self.restart()

    def restart(self) -> None:
        """Another process may have read on: begin where the store says."""
        self._feed: Feed | None = None
        self._due = 0.0
        self._since: Mark | None = None
        self._marks: deque[tuple[float, Mark]] = deque()
        self._known: dict[Named, _Known] = {}
        self._kept: Mark | None = None
        self._keep_due = 0.0
        self._fresh: list[Named] = []

    @property
    def name(self) -> str | None:
        """By what the source says who has changed; None where it does not."""
        return None if self._feed is None else self._feed.name

    async def read(self) -> Reading | None:
        """Who has changed since `took` was last called; to be read before what they are compared with."""
        began = self._now()
        try:
            if began >= self._due:
                whole = await self._find(began)
                if whole is not None:
                    return whole
            return None if self._feed is None else await self._read(self._feed, began)
        except (RelationIncomplete, StatementTimeout) as error:
            log.warning("the source does not say who has changed", feed=self.name, detail=str(error))
            self.restart()
            self._due = began + ASK_AGAIN
            return None

    async def took(self) -> None:
        """What was read last has been compared."""
        now = self._now()
        assert self._feed is not None
        for named in self._fresh:
            known = self._known.get(named)
            self._known[named] = self._compared(self._feed, now if known is None else known.first, now)
        self._fresh = []
        if self._since is not None and self._since != self._kept and now >= self._keep_due:
            async with self._store.transaction() as transaction:
                await keep_mark(transaction, self._place(self._feed), written(self._since))
            self._kept, self._keep_due = self._since, now + KEEP

    async def _find(self, began: float) -> Reading | None:
        """How the source tells it now; all students where nothing is known of what was before."""
        feed = await find_feed(self._source)
        if feed is None or (self._feed is not None and feed.name != self._feed.name):
            self.restart()
        self._due = began + ASK_AGAIN
        if feed is None or (self._feed is not None and feed.changes.timed):
            return None
        self.statements += 1
        last = await last_mark(self._source, feed)
        if self._feed is None:
            self._feed = feed
            kept = await mark_of(self._store, self._place(feed))
            self._since = None if kept is None else read(self._source, feed, kept)
            since = self._since
            if since is None or self._is_ahead(feed, since) or await self._is_swept(feed, since):
                return await self._begin(feed, began, last)
            self._marks.append((began, since))
        # Numbers that have begun anew would never again come to where we are.
        known = self._marks[-1][1] if self._marks else None
        if isinstance(known, int) and (not isinstance(last, int) or last < known):
            return await self._begin(feed, began, last)
        return None

    async def _is_swept(self, feed: Feed, since: Mark) -> bool:
        """Whether what came behind a mark may be gone: then the first that is left lies behind it."""
        if not feed.swept:
            return False
        self.statements += 1
        first = await first_mark(self._source, feed)
        return first is not None and first > since  # type: ignore[operator]

    async def _begin(self, feed: Feed, began: float, last: Mark | None) -> Reading:
        """Go on behind the last mark: all that came before is found by going through all."""
        self._known, self._fresh = {}, []
        if last is not None and self._is_ahead(feed, last):
            self.statements += 1
            last = await last_mark(self._source, feed, local(self._source, self._clock() + AHEAD))
        self._since = last
        if last is not None:
            self.statements += 1
            found = await changed_since(self._source, feed, last, MOST)
            if len(found) > MOST:
                # A bulk load has one mark for all its rows.
                self._since = _behind(last)
            else:
                self._known = {named: self._compared(feed, began, began) for named in found}
        self._marks = deque() if self._since is None else deque([(began, self._since)])
        return Reading((), all_of_them=True)

    async def _read(self, feed: Feed, began: float) -> Reading:
        self.statements += 1
        since = self._from(feed)
        found = await changed_since(self._source, feed, since, MOST)
        if len(found) > MOST:
            self.statements += 1
            return await self._begin(feed, began, await last_mark(self._source, feed))
        still = set(found)
        self._known = {named: known for named, known in self._known.items() if named in still}
        self._fresh = [named for named in found if (known := self._known.get(named)) is None or began >= known.again]
        if found:
            self._note(feed, began, found)
        return Reading(list(dict.fromkeys(named.student for named in self._fresh)))

    def _note(self, feed: Feed, began: float, found: Sequence[Named]) -> None:
        """The last mark that is known now; those of an overlap ago and before come down to the last of them."""
        mark = next((named.mark for named in reversed(found) if not self._is_ahead(feed, named.mark)), None)
        if mark is not None and (not self._marks or self._marks[-1][1] != mark):
            self._marks.append((began, mark))
        while len(self._marks) > 1 and self._marks[1][0] <= began - feed.changes.overlap:
            self._marks.popleft()
        if self._marks and self._marks[0][0] <= began - feed.changes.overlap:
            self._since = self._marks[0][1]

    def _from(self, feed: Feed) -> Mark | None:
        """From where to read; by the clock where it is a little behind: in autumn an hour of local time comes twice."""
        since = self._since
        clock = local(self._source, self._clock() - timedelta(seconds=feed.changes.overlap))
        if isinstance(since, datetime) and isinstance(clock, datetime) and since.tzinfo == clock.tzinfo:
            return clock if timedelta() < since - clock < TWICE else since
        return since

    def _is_ahead(self, feed: Feed, mark: Mark) -> bool:
        """Whether a time lies so far ahead of the clock that it is a slip: to wait for it would be to be deaf."""
        limit = local(self._source, self._clock() + AHEAD)
        return feed.changes.timed and type(mark) is type(limit) and mark > limit  # type: ignore[operator]

    def _compared(self, feed: Feed, first: float, now: float) -> _Known:
        return _Known(first, now + max(AGAIN, now - first) if feed.changes.timed else inf)

    def _place(self, feed: Feed) -> str:
        return f"{self._source.adapter.name}: {feed.name}"


def _behind(mark: Mark) -> Mark:
    """The mark from which on is read what comes behind all that stands under this one."""
    match mark:
        case datetime():
            return mark + timedelta(seconds=1)
        case str():
            return f"{mark}~"
    return mark
