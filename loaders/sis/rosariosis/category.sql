-- Assignment types belong to a teacher's course, and so to each of its sections; where the teacher made one of the same
-- title for each section, a section has the one that its assignments are of, else the first. Their weights count only
-- where the teacher has switched weighting on.
select
  t.assignment_type_id as id,
  c.course_period_id as section_id,
  t.title as name,
  case
    when exists (
      select 1
      from program_user_config w
      where w.user_id = t.staff_id and w.program = 'Gradebook' and w.title = 'WEIGHT' and w.value = 'Y'
    ) then t.final_grade_percent * 100
  end as weight
from course_periods c
join gradebook_assignment_types t on t.course_id = c.course_id and t.staff_id = c.teacher_id
where exists (
    select 1
    from gradebook_assignments a
    where a.assignment_type_id = t.assignment_type_id
      and (a.course_period_id = c.course_period_id or a.course_period_id is null)
  )
  or not exists (
    select 1
    from gradebook_assignment_types o
    where o.course_id = t.course_id
      and o.staff_id = t.staff_id
      and o.title = t.title
      and (
        o.assignment_type_id < t.assignment_type_id
        or exists (
          select 1
          from gradebook_assignments a
          where a.assignment_type_id = o.assignment_type_id
            and (a.course_period_id = c.course_period_id or a.course_period_id is null)
        )
      )
  )
