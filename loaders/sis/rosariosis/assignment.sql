-- An assignment belongs to one section or, where it names none, to all sections of its course and teacher. Families
-- see it from the day it is assigned, or once its term is over, if the school opens its gradebook to parents at all
-- (profile 3). Work for 0 points is extra
-- credit. Weights of assignments count where the teacher has switched them on.
select
  a.assignment_id as id,
  c.course_period_id as section_id,
  a.marking_period_id as term_id,
  a.assignment_type_id as category_id,
  a.title,
  a.description,
  a.assigned_date as assigned_on,
  a.due_date as due_on,
  a.points as points_possible,
  case when a.points = 0 then 1 else 0 end as extra_credit,
  case
    when exists (
      select 1
      from program_user_config w
      where w.user_id = c.teacher_id
        and w.program = 'Gradebook'
        and w.title = 'WEIGHT_ASSIGNMENTS'
        and w.value = 'Y'
    ) then coalesce(a.weight, 0)
  end as multiplier,
  case
    when (a.assigned_date is null or a.assigned_date <= :today or m.end_date < :today)
      and exists (
        select 1
        from profile_exceptions x
        where x.profile_id = 3
          and x.can_use = 'Y'
          and x.modname in ('Grades/StudentAssignments.php', 'Grades/StudentGrades.php')
      ) then 1
    else 0
  end as visible
from course_periods c
join gradebook_assignments a on a.course_period_id = c.course_period_id
join school_marking_periods m on m.marking_period_id = a.marking_period_id
union all
select
  a.assignment_id as id,
  c.course_period_id as section_id,
  a.marking_period_id as term_id,
  a.assignment_type_id as category_id,
  a.title,
  a.description,
  a.assigned_date as assigned_on,
  a.due_date as due_on,
  a.points as points_possible,
  case when a.points = 0 then 1 else 0 end as extra_credit,
  case
    when exists (
      select 1
      from program_user_config w
      where w.user_id = c.teacher_id
        and w.program = 'Gradebook'
        and w.title = 'WEIGHT_ASSIGNMENTS'
        and w.value = 'Y'
    ) then coalesce(a.weight, 0)
  end as multiplier,
  case
    when (a.assigned_date is null or a.assigned_date <= :today or m.end_date < :today)
      and exists (
        select 1
        from profile_exceptions x
        where x.profile_id = 3
          and x.can_use = 'Y'
          and x.modname in ('Grades/StudentAssignments.php', 'Grades/StudentGrades.php')
      ) then 1
    else 0
  end as visible
from course_periods c
join gradebook_assignments a on a.course_id = c.course_id and a.staff_id = c.teacher_id
join school_marking_periods m on m.marking_period_id = a.marking_period_id
where a.course_period_id is null
