select
  d.student_id,
  d.school_date as on_date,
  1 - d.state_value as absent_part,
  d.minutes_present
from attendance_day d
where d.state_value is not null
