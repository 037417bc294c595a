-- The teacher says by how many percent the quarters count in a semester's grade, and quarters and semesters in the
-- year's; where nothing is said, or no number, the grade is set by hand.
select
  c.course_period_id as section_id,
  p.marking_period_id as term_id,
  'Semester Grade' as task,
  q.marking_period_id as part_term_id,
  'Quarter Grade' as part_task,
  cast(trim(w.value) as decimal(9, 2)) as weight
from course_periods c
join school_marking_periods q on q.syear = c.syear and q.school_id = c.school_id and q.mp = 'QTR'
join school_marking_periods p on p.marking_period_id = q.parent_id and p.mp = 'SEM'
join program_user_config w on w.user_id = c.teacher_id
  and w.program = 'Gradebook'
  and w.title = concat('SEM-', q.marking_period_id)
where c.grade_scale_id is not null and trim(w.value) <> ''
  and regexp_replace(trim(w.value), '^[0-9]+([.][0-9]+)?$', '') = ''
union all
select
  c.course_period_id as section_id,
  y.marking_period_id as term_id,
  'Year Grade' as task,
  q.marking_period_id as part_term_id,
  'Quarter Grade' as part_task,
  cast(trim(w.value) as decimal(9, 2)) as weight
from course_periods c
join school_marking_periods q on q.syear = c.syear and q.school_id = c.school_id and q.mp = 'QTR'
join school_marking_periods p on p.marking_period_id = q.parent_id and p.mp = 'SEM'
join school_marking_periods y on y.marking_period_id = p.parent_id and y.mp = 'FY'
join program_user_config w on w.user_id = c.teacher_id
  and w.program = 'Gradebook'
  and w.title = concat('FY-', q.marking_period_id)
where c.grade_scale_id is not null and trim(w.value) <> ''
  and regexp_replace(trim(w.value), '^[0-9]+([.][0-9]+)?$', '') = ''
union all
select
  c.course_period_id as section_id,
  y.marking_period_id as term_id,
  'Year Grade' as task,
  p.marking_period_id as part_term_id,
  'Semester Grade' as part_task,
  cast(trim(w.value) as decimal(9, 2)) as weight
from course_periods c
join school_marking_periods p on p.syear = c.syear and p.school_id = c.school_id and p.mp = 'SEM'
join school_marking_periods y on y.marking_period_id = p.parent_id and y.mp = 'FY'
join program_user_config w on w.user_id = c.teacher_id
  and w.program = 'Gradebook'
  and w.title = concat('FY-', p.marking_period_id)
where c.grade_scale_id is not null and p.does_grades = 'Y' and trim(w.value) <> ''
  and regexp_replace(trim(w.value), '^[0-9]+([.][0-9]+)?$', '') = ''
