"""What a calendar feed gives: the events of some weeks, as long as whoever made it may read the schedule."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from loaders import people
from loaders.errors import SourceDown
from loaders.portal.audit import Entry, record
from loaders.portal.calendar_feeds import CalendarFeed, feed_of_secret, note_fetch
from loaders.statement import Key
from resolvers.access import Area, AreaReason, Scope, closed_in, scope_of
from resolvers.context import Batch, Context, Viewer
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.throttle import Purpose, network_of
from resolvers.portal.tokens import is_token, token_hash
from resolvers.schedule import SchoolDays, notices, provided, read_schedules, schools_of
from resolvers.timetable import Day, Meeting, Pattern, timetable_of_day, weekday_calendar

#: Which days a feed shows, around today: what is over soon goes, and what is far off still changes.
BEFORE = timedelta(days=14)
AFTER = timedelta(days=56)
#: A reading from the same network is noted once a day, one from another network once an hour.
_NOTED_EVERY = timedelta(days=1)
_NOTED_ELSEWHERE = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Event:
    """Something in the calendar: from an instant to an instant, or a whole day; `uid` is the same at every reading."""

    uid: str
    summary: str
    starts: datetime | date
    ends: datetime | date | None
    location: str | None = None
    description: str | None = None
    busy: bool = True


@dataclass(frozen=True, slots=True)
class StudentCalendar:
    """A student's calendar; `made_at` is when its feed was made."""

    name: str
    description: str | None
    made_at: datetime
    events: tuple[Event, ...]


async def read_calendar(context: Context, secret: str) -> StudentCalendar | None:
    """The calendar behind a secret, asked by nobody's operation.

    None where there is no such feed, its account is disabled, or its maker may not read the schedule today: one answer
    for all. RateLimited for an address that guesses and a feed that is read without end; SourceDown where the source
    is away.
    """
    portal: Portal = context.portal
    address = context.caller.address
    attempt = portal.throttle.begin("", address, Purpose.CALENDAR)
    feed = await feed_of_secret(portal.writer, token_hash(secret)) if is_token(secret) else None
    if feed is None or feed.disabled_at is not None or feed.guardian_id is None:
        return None
    portal.throttle.succeeded(attempt)
    portal.throttle.begin("", f"calendar feed {feed.id}", Purpose.CALENDAR_FEED)
    guardian = context.source.adapter.parse_key("guardian", feed.guardian_id)
    student = context.source.adapter.parse_key("student", feed.student_id)
    if guardian is None or student is None or not provided(context):
        return None
    far = datetime.max.replace(tzinfo=UTC)
    context.become(Viewer(feed.account_id, 0, feed.username, guardian, frozenset(), far))
    scope = await scope_of(context)
    reason = closed_in(context, scope, Area.SCHEDULE, [student]).get(student)
    if reason is AreaReason.SOURCE_DOWN:
        raise SourceDown("The student information system does not answer.")
    if reason is not None:
        return None
    made = await _calendar(context, scope, student, feed)
    await undisturbed(_note(portal, feed, address))
    return made


async def _calendar(context: Context, scope: Scope, student: Key, feed: CalendarFeed) -> StudentCalendar:
    first, last = context.today - BEFORE, context.today + AFTER
    patterns, schools = await read_schedules(context, scope, [student], first, last)
    (rows,) = await context.source.fetch([people.students([student])], [["given_name"]])
    (notice,) = await notices([student], Batch(context))
    events = _events(feed, patterns.get(student, []), schools_of(scope, student), schools, first, last)
    return StudentCalendar(
        next(iter(rows.layout.values("given_name", rows.raw)), ""),
        None if notice is None else notice.text,
        feed.created_at,
        tuple(events),
    )


def _events(
    feed: CalendarFeed,
    patterns: Sequence[Pattern],
    attended: Sequence[Key],
    schools: dict[Key, SchoolDays],
    first: date,
    last: date,
) -> list[Event]:
    days = [first + n * _DAY for n in range((last - first).days + 1)]
    plain = weekday_calendar(days)
    calendars = {key: plain if each.calendar is None else each.calendar for key, each in schools.items()}
    homes = {pattern.meeting_key: pattern.school_key for pattern in patterns}
    events = []
    for day in days:
        told = timetable_of_day(day, patterns, attended, calendars)
        if told.reason is not None:
            events.append(_closed(feed, day, told))
        for meeting in told.meetings:
            school = homes[meeting.meeting_key]
            events.append(_event(feed, day, meeting, schools[attended[0] if school is None else school].zone))
    return events


def _event(feed: CalendarFeed, day: date, meeting: Meeting, zone: tzinfo) -> Event:
    uid = _uid(feed, day, meeting.section_key, meeting.meeting_key)
    if meeting.starts_at is None:
        return Event(uid, meeting.title, day, day + _DAY, meeting.room, meeting.period, busy=False)
    starts = _instant(day, meeting.starts_at, zone)
    ends = None if meeting.ends_at is None else _instant(day, meeting.ends_at, zone)
    return Event(
        uid, meeting.title, starts, ends if ends is not None and ends > starts else None, meeting.room, meeting.period
    )


def _closed(feed: CalendarFeed, day: date, told: Day) -> Event:
    return Event(_uid(feed, day, "closed", ""), str(told.reason), day, day + _DAY, busy=False)


def _uid(feed: CalendarFeed, day: date, *parts: object) -> str:
    """The same at every reading of this feed, and no way back to the source's keys."""
    named = "\n".join(map(str, (feed.id, feed.created_at.isoformat(), day, *parts)))
    return f"{hashlib.sha256(named.encode()).hexdigest()[:32]}@homeroom"


def _instant(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)


async def _note(portal: Portal, feed: CalendarFeed, address: str) -> None:
    """Writes into the family's access log that somebody reads the feed: a calendar does so all day long."""
    now, network = portal.instant(), network_of(address)
    if feed.fetched_at is not None:
        since = now - feed.fetched_at
        if since < (_NOTED_EVERY if network == feed.fetched_from else _NOTED_ELSEWHERE):
            return
    async with portal.writer.transaction() as transaction:
        if await note_fetch(transaction, feed, network, now):
            subject = f"calendar_feed:{feed.id}"
            await record(
                transaction, Entry(now, "stranger", "CALENDAR_FEED_FETCHED", subject, feed.account_id, address)
            )
