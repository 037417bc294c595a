select bell_schedule_id, period_id, starts_at, ends_at
from bell_period
