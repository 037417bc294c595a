-- RosarioSIS stamps every row: created_at when it was made, updated_at when it was changed, in the local time of its
-- server. PostgreSQL stamps the beginning of the transaction, MariaDB the statement, in whole seconds. An assignment
-- concerns all who are scheduled into its section, or into all sections of its course and teacher. What is deleted
-- leaves no stamp, nor do a school's dates and settings concern single students: the round through all finds those.
select
  g.student_id,
  coalesce(g.updated_at, g.created_at) as mark
from gradebook_grades g
where g.updated_at >= :since
  or g.created_at >= :since
union all
select
  r.student_id,
  coalesce(r.updated_at, r.created_at) as mark
from student_report_card_grades r
where r.updated_at >= :since
  or r.created_at >= :since
union all
select
  p.student_id,
  coalesce(p.updated_at, p.created_at) as mark
from attendance_period p
where p.updated_at >= :since
  or p.created_at >= :since
union all
select
  s.student_id,
  coalesce(s.updated_at, s.created_at) as mark
from schedule s
where s.updated_at >= :since
  or s.created_at >= :since
union all
select
  s.student_id,
  coalesce(a.updated_at, a.created_at) as mark
from gradebook_assignments a
join schedule s on s.course_period_id = a.course_period_id
where a.updated_at >= :since
  or a.created_at >= :since
union all
select
  s.student_id,
  coalesce(a.updated_at, a.created_at) as mark
from gradebook_assignments a
join course_periods c on c.course_id = a.course_id and c.teacher_id = a.staff_id
join schedule s on s.course_period_id = c.course_period_id
where a.course_period_id is null
  and (a.updated_at >= :since or a.created_at >= :since)
