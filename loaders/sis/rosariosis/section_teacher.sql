select
  c.course_period_id as section_id,
  c.teacher_id as staff_id,
  1 as is_primary
from course_periods c
union all
select
  c.course_period_id as section_id,
  c.secondary_teacher_id as staff_id,
  0 as is_primary
from course_periods c
where c.secondary_teacher_id is not null
  and c.secondary_teacher_id <> c.teacher_id
