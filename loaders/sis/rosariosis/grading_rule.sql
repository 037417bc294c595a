-- A graded section's rule is its teacher's: points without more, categories by weight, or assignments by weight. The
-- percentage is kept to one place; the letter is looked up by it to two, or, where the section has a scale of its
-- teacher's own, as the teacher rounds.
select
  c.course_period_id as section_id,
  case
    when exists (
      select 1
      from program_user_config w
      where w.user_id = c.teacher_id
        and w.program = 'Gradebook'
        and w.title = 'WEIGHT_ASSIGNMENTS'
        and w.value = 'Y'
    ) then 'PERCENT_AVERAGE'
    when exists (
      select 1
      from program_user_config w
      where w.user_id = c.teacher_id and w.program = 'Gradebook' and w.title = 'WEIGHT' and w.value = 'Y'
    ) then 'WEIGHTED_CATEGORIES'
    else 'TOTAL_POINTS'
  end as method,
  1 as decimals,
  coalesce((
    select max(case r.value when 'UP' then 'UP' when 'DOWN' then 'DOWN' end)
    from program_user_config r
    where r.user_id = c.teacher_id
      and r.program = 'Gradebook'
      and r.title = 'ROUNDING'
      and c.does_breakoff = 'Y'
  ), 'HALF_UP') as letter_rounding,
  case
    when c.does_breakoff = 'Y' and exists (
      select 1
      from program_user_config r
      where r.user_id = c.teacher_id
        and r.program = 'Gradebook'
        and r.title = 'ROUNDING'
        and r.value in ('UP', 'DOWN', 'NORMAL')
    ) then 0
    else 2
  end as letter_decimals
from course_periods c
where c.grade_scale_id is not null
