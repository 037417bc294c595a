select id, school_id, name
from bell_schedule
