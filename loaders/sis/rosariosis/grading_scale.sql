-- Where a section has a scale of its teacher's own, the teacher's cut-offs take the place of the school's, letter by
-- letter; what is no number takes no place.
select
  c.course_period_id as section_id,
  g.id,
  g.title as letter,
  coalesce((
    select max(cast(trim(b.value) as decimal(7, 2)))
    from program_user_config b
    where b.user_id = c.teacher_id
      and b.program = 'Gradebook'
      and b.title = concat(c.course_period_id, '-', g.id)
      and c.does_breakoff = 'Y'
      and trim(b.value) <> ''
      and regexp_replace(trim(b.value), '^[0-9]+([.][0-9]+)?$', '') = ''
  ), g.break_off) as cutoff,
  g.gpa_value as points,
  g.sort_order as position
from course_periods c
join report_card_grades g on g.grade_scale_id = c.grade_scale_id
