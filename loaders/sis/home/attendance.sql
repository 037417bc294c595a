select student_id, on_date, period_id, period, section_id, status, excuse, code, label, minutes_missed,
       comment, recorded_by, confirmed, updated_at
from attendance
