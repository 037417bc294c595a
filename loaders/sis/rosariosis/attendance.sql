-- attendance_code is what counts; the teacher's own entry stands in where the office's field is empty. `admin` is set
-- when the office saves the row. The state code is P, A or H (half); what a school calls a code says the rest, and only
-- names that leave no doubt are read.
select
  p.student_id,
  p.school_date as on_date,
  p.period_id,
  d.title as period,
  p.course_period_id as section_id,
  case
    when k.state_code = 'A' or k.state_code = 'H' then 'ABSENT'
    when lower(k.title) like '%early%' then 'EARLY_RELEASE'
    when lower(k.title) like '%tardy%' or lower(k.title) like 'late%' or lower(k.title) like '% late' then 'TARDY'
    when k.state_code = 'P' then 'PRESENT'
    else 'ABSENT'
  end as status,
  case
    when lower(k.title) like '%unexcused%' or lower(k.title) like '%not excused%' then 'UNEXCUSED'
    when lower(k.title) like 'excused%' or lower(k.title) like '% excused%' or lower(k.title) like '%(excused%'
      then 'EXCUSED'
    else 'UNKNOWN'
  end as excuse,
  k.short_name as code,
  k.title as label,
  case
    when k.state_code = 'A' then d.length
    when k.state_code = 'H' then (d.length - d.length % 2) / 2
  end as minutes_missed,
  coalesce(nullif(trim(p.attendance_reason), ''), nullif(trim(p.comment), '')) as comment,
  case when p.admin = 'Y' then 'OFFICE' else 'TEACHER' end as recorded_by,
  case when p.admin = 'Y' then 1 else 0 end as confirmed,
  coalesce(p.updated_at, p.created_at) as updated_at
from attendance_period p
join attendance_codes k on k.id = coalesce(p.attendance_code, p.attendance_teacher_code)
left join school_periods d on d.period_id = p.period_id
