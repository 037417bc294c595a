-- The district's own word for the state of a score goes into the comment, beside the marks that it means.
select
  e.student_id,
  s.assignment_id,
  e.section_id,
  s.points,
  case when s.status = 'late' then 1 else 0 end as late,
  case when s.status = 'missing' then 1 else 0 end as missing,
  s.status as comment,
  1 as released
from enrollments e
join scores s on s.enrollment_id = e.id
