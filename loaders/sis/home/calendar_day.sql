select school_id, on_date, is_school_day, note, day_name, bell_schedule_id
from calendar_day
