-- A day without school is not in the calendar. A school may have several calendars: school in one of them is school.
select
  c.school_id,
  c.school_date as on_date,
  case when max(coalesce(c.minutes, 0)) > 0 then 1 else 0 end as is_school_day
from attendance_calendar c
group by c.school_id, c.school_date
