select student_id, on_date, absent_part
from attendance_day
