"""School hours: until when a student is in class today, by the schedule, or where that says no time, by custom."""

from datetime import datetime, time, tzinfo

from loaders.statement import Key
from resolvers.context import Batch, Context
from resolvers.notifications.moments import instant_of
from resolvers.schedule import provided, schedules_of_students
from resolvers.timetable import MeetingStatus

#: When school is held where no schedule says so, Mondays to Fridays.
BEGINS, ENDS = time(8), time(15)
_SATURDAY = 6


async def school_is_out_at(context: Context, student: Key, zone: tzinfo, now: datetime) -> datetime:
    """The instant, at or after now, at which the student is not in class: between the first and the last bell."""
    today = now.astimezone(zone).date()
    begins, ends = BEGINS, ENDS
    if provided(context):
        schedules = await schedules_of_students([student], Batch(context), today)
        (day,) = schedules[0].days if schedules else (None,)
        if day is None or not day.is_school_day:
            return now
        meetings = [meeting for meeting in day.meetings if meeting.status is not MeetingStatus.DROPPED]
        starts = [meeting.starts_at for meeting in meetings if meeting.starts_at is not None]
        stops = [meeting.ends_at for meeting in meetings if meeting.ends_at is not None]
        begins, ends = min(starts, default=BEGINS), max(stops, default=ENDS)
    elif today.isoweekday() >= _SATURDAY:
        return now
    out = instant_of(today, ends, zone)
    return out if instant_of(today, begins, zone) <= now < out else now
