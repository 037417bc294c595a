-- Points of -1 excuse the student; no points mean that nothing was entered. Families see what was entered at once, and
-- a remark without points once the work is due and no teacher's delay applies, or once the term is over; never in a
-- section without a grading scale, nor where the school has closed the gradebook to parents (profile 3). A teacher's
-- assignment for all sections may be scored in two, for a student who moved: the newer score counts.
select
  g.student_id,
  g.assignment_id,
  g.course_period_id as section_id,
  case when g.points <> -1 then g.points end as points,
  case when g.points = -1 then '*' end as letter,
  case when g.points = -1 then 1 else 0 end as exempt,
  nullif(trim(g.comment), '') as comment,
  case when g.points is not null then coalesce(g.updated_at, g.created_at) end as scored_at,
  case
    when c.grade_scale_id is null then 0
    when not exists (
      select 1
      from profile_exceptions x
      where x.profile_id = 3 and x.can_use = 'Y' and x.modname = 'Grades/StudentGrades.php'
    ) then 0
    when a.points = 0 and (g.points is null or g.points = -1) then 0
    when g.points is not null then 1
    when m.end_date < :today then 1
    when a.assigned_date > :today or a.due_date > :today then 0
    when exists (
      select 1
      from program_user_config l
      where l.user_id = c.teacher_id
        and l.program = 'Gradebook'
        and l.title = 'LATENCY'
        and l.value not in ('', '0')
    ) then 0
    else 1
  end as released
from gradebook_grades g
join gradebook_assignments a on a.assignment_id = g.assignment_id
join course_periods c on c.course_period_id = g.course_period_id
join school_marking_periods m on m.marking_period_id = a.marking_period_id
where not exists (
  select 1
  from gradebook_grades n
  where n.student_id = g.student_id
    and n.assignment_id = g.assignment_id
    and n.course_period_id <> g.course_period_id
    and (
      coalesce(n.updated_at, n.created_at, timestamp '1970-01-01 00:00:00')
        > coalesce(g.updated_at, g.created_at, timestamp '1970-01-01 00:00:00')
      or (
        coalesce(n.updated_at, n.created_at, timestamp '1970-01-01 00:00:00')
          = coalesce(g.updated_at, g.created_at, timestamp '1970-01-01 00:00:00')
        and n.course_period_id > g.course_period_id
      )
    )
)
