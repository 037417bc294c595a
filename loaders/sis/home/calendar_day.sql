select school_id, on_date, is_school_day, note
from calendar_day
