"""Laws of telling: lines that are crossed, what settles, quiet hours and digests on days on which clocks are set."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from loaders.contract import GradeKind
from loaders.database import Writer
from loaders.portal.notices import NewNotice, close, put_notice, waiting_of
from resolvers.notifications.folding import Verdict, crosses, is_undone, ripe, verdict
from resolvers.notifications.moments import USUAL, Habits, after_quiet, settled_at, wanted_at
from resolvers.notifications.rules import (
    DEFAULTS,
    NotificationKind,
    NotificationMode,
    ThresholdDirection,
)
from resolvers.notifications.standing import Standing
from tests.hub import empty_store

MINUTE, WINDOW = timedelta(minutes=1), timedelta(minutes=10)
ZONES = [ZoneInfo(name) for name in ("America/New_York", "Europe/London", "Australia/Lord_Howe", "America/Phoenix")]
#: The days around which clocks are set somewhere, and some others.
STARTS = [datetime(2027, *day, tzinfo=UTC) for day in ((3, 13), (3, 27), (4, 3), (10, 2), (10, 30), (11, 6), (6, 1))]
PERCENTS = st.decimals(min_value=0, max_value=110, places=2)
instants = st.builds(
    lambda start, minutes: start + minutes * MINUTE, st.sampled_from(STARTS), st.integers(0, 4 * 24 * 60)
)
clocks = st.builds(lambda minutes: time(minutes // 60, minutes % 60), st.integers(0, 24 * 60 - 1))


@given(st.lists(PERCENTS | st.none(), max_size=12), PERCENTS, st.sampled_from(ThresholdDirection))
def test_a_line_is_crossed_once_on_the_way_and_again_only_after_standing_before_it(
    walk: list[Decimal | None], line: Decimal, direction: ThresholdDirection
) -> None:
    def beyond(percent: Decimal) -> bool:
        return percent <= line if direction is ThresholdDirection.BELOW else percent >= line

    steps = list(pairwise(walk))
    for before, after in steps:
        expected = before is not None and after is not None and not beyond(before) and beyond(after)
        assert crosses(before, after, line, direction) is expected
    fired = [n for n, (before, after) in enumerate(steps) if crosses(before, after, line, direction)]
    for first, second in pairwise(fired):
        assert any(each is not None and not beyond(each) for each in walk[first + 1 : second + 1])


@given(instants, clocks, clocks, st.sampled_from(ZONES))
@example(datetime(2027, 11, 7, 6, 15, tzinfo=UTC), time(21), time(1, 30), ZONES[0])
@example(datetime(2027, 3, 14, 6, 15, tzinfo=UTC), time(21), time(2, 30), ZONES[0])
def test_quiet_ends_at_the_first_minute_that_is_not_quiet_whatever_the_clocks_do(
    at: datetime, begin: time, end: time, zone: ZoneInfo
) -> None:
    def quiet(instant: datetime) -> bool:
        clock = instant.astimezone(zone).time()
        return begin <= clock < end if begin <= end else clock >= begin or clock < end

    found = after_quiet(at, Habits(quiet=(begin, end)), zone)
    first = at
    while quiet(first):
        first += MINUTE
    assert not quiet(found)
    assert first <= found <= first + timedelta(hours=1)
    if found != first:
        # The quiet was to end in an hour that the clocks skip.
        assert found.astimezone(zone).time() != end


@given(instants, clocks, st.sampled_from(ZONES), st.integers(1, 7))
def test_each_day_has_one_digest_and_each_week_one_on_its_day(
    at: datetime, clock: time, zone: ZoneInfo, weekday: int
) -> None:
    habits = Habits(digest_time=clock, digest_weekday=weekday)
    for mode, step in ((NotificationMode.DAILY, 1), (NotificationMode.WEEKLY, 7)):
        first = wanted_at(at, mode, habits, zone)
        second = wanted_at(first + timedelta(seconds=1), mode, habits, zone)
        assert at <= first < at + timedelta(days=step, hours=2)
        days = [each.astimezone(zone).date() for each in (first, second)]
        assert (days[1] - days[0]).days == step
        if mode is NotificationMode.WEEKLY:
            assert days[0].isoweekday() == weekday
        shift = (datetime.combine(days[0], first.astimezone(zone).time()) - datetime.combine(days[0], clock)).seconds
        assert shift in (0, 1800, 3600)
    assert wanted_at(at, NotificationMode.INSTANT, habits, zone) == at


@dataclass
class Feed:
    """One grade that changes, one account that is told of it, and what it was told: when, and what stood there."""

    store: Writer
    entity: str
    start: datetime = STARTS[-1]
    value: str = "0"
    seq: int = 0
    waits: bool = False
    told: list[tuple[int, str, Verdict]] = field(default_factory=list)

    async def change(self, minute: int, value: str) -> None:
        """The grade has another value."""
        self.seq += 1
        at = self.start + minute * MINUTE
        new = NewNotice(1, "GRADE_POSTED", "1", self.entity, self.seq, self.value, value, None, at, at + WINDOW)
        self.value, self.waits = value, True
        async with self.store.transaction() as transaction:
            assert await put_notice(transaction, new)
            # The same change once more, as after a death before the place was kept, is none.
            assert not await put_notice(transaction, new)

    async def tell(self, minute: int) -> None:
        """Tell what has settled by then."""
        if not self.waits:
            return
        now = self.start + minute * MINUTE
        group = [each for each in await waiting_of(self.store, 1, 9_999) if each.entity == self.entity]
        self.waits = bool(group)
        if not group:
            return
        rule = DEFAULTS[NotificationKind.GRADE_POSTED]
        for notice in ripe(group, rule, USUAL, UTC, now, WINDOW).now:
            standing = Standing(None, (self.value,), grade_kind=GradeKind.POSTED)
            undone = is_undone(notice)
            found = Verdict.PASSED if undone else verdict(notice, rule, standing, None, self.value)
            told_at = None if found is Verdict.PASSED else now
            tag = notice.seen_tag if undone else self.value
            async with self.store.transaction() as transaction:
                assert await close(transaction, notice, seen_tag=tag, told_at=told_at)
                # Two who tell the same: one finds it told.
                assert not await close(transaction, notice, seen_tag=tag, told_at=told_at)
            if told_at is not None:
                self.told.append((minute, self.value, found))


@contextmanager
def a_store(runner: asyncio.Runner) -> Iterator[Writer]:
    """A store in which an account is."""

    async def opened(path: Path) -> Writer:
        store = await Writer.open(await empty_store(path))
        async with store.transaction() as transaction:
            await transaction.execute(
                "insert into account (username, username_key, password_hash, guardian_id, created_at) "
                "values ('dana', 'dana', 'x', '1', :now_at)",
                {"now_at": STARTS[0]},
            )
        return store

    with TemporaryDirectory(prefix="homeroom-laws-") as folder:
        store = runner.run(opened(Path(folder) / "portal.db"))
        yield store
        runner.run(store.close())


def test_what_settles_is_told_as_it_stands_never_twice_alike_and_never_while_it_moves() -> None:
    with asyncio.Runner() as runner, a_store(runner) as store:
        feeds = iter(range(10_000))

        async def walk(steps: list[tuple[int, str]]) -> Feed:
            feed = Feed(store, f"[{next(feeds)}]")
            minute, changes = 0, []
            for gap, value in steps:
                for _ in range(gap):
                    minute += 1
                    await feed.tell(minute)
                if value != feed.value:
                    await feed.change(minute, value)
                    changes.append((minute, value))
            for later in range(minute + 1, minute + 12):
                await feed.tell(later)
            check(feed, changes)
            return feed

        @settings(max_examples=25)
        @example([(0, "1"), (3, "0")])
        @example([(0, "1"), (12, "2"), (3, "1")])
        @example([(0, "1"), *[(7, each) for each in "2323232323"]])
        @given(st.lists(st.tuples(st.integers(0, 14), st.sampled_from("0123")), max_size=9))
        def law(steps: list[tuple[int, str]]) -> None:
            runner.run(walk(steps))

        law()


def check(feed: Feed, changes: list[tuple[int, str]]) -> None:
    """What the feed told is what a reader of its changes would have wanted."""
    seen = "0"
    for number, (minute, value, found) in enumerate(feed.told):
        assert value != seen
        assert found is (Verdict.CORRECTION if number else Verdict.NEWS)
        before = [at for at, _ in changes if at < minute]
        assert [each for at, each in changes if at < minute][-1] == value
        rests = minute - before[-1] >= 10
        first = max([at for at, _, _ in feed.told[:number]], default=-1)
        never_rests = minute - min(at for at in before if at >= first) >= 60
        assert rests or never_rests
        seen = value
    assert seen == feed.value


@given(instants, st.lists(st.integers(0, 30), max_size=20))
def test_what_never_rests_is_told_after_six_windows(at: datetime, gaps: list[int]) -> None:
    last = at
    for gap in gaps:
        last += gap * MINUTE
        assert last <= settled_at(at, last, WINDOW) or settled_at(at, last, WINDOW) == at + 6 * WINDOW
        assert settled_at(at, last, WINDOW) <= at + 6 * WINDOW
