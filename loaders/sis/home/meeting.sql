select id, section_id, period_id, period, weekdays, day_names, starts_at, ends_at, room
from meeting
