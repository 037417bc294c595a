select student_id, on_date, absent_part, minutes_present
from attendance_day
