-- Parents see the tab Medical (category 2) only where the school lets their profile use it; by default it does not.
-- The pairs are those of guardian_student.sql and more: one that is no right there is withheld here for nothing.
select
  s.staff_id as guardian_id,
  j.student_id,
  'HEALTH' as area
from staff s
join staff p on p.username = s.username
join students_join_users j on j.staff_id = p.staff_id
where s.profile = 'parent'
  and p.profile = 'parent'
  and s.username <> ''
  and p.syear = (select max(latest.syear) from staff latest where latest.username = p.username)
  and not exists (
    select 1
    from profile_exceptions x
    where x.profile_id = 3 and x.modname = 'Students/Student.php&category_id=2' and x.can_use = 'Y'
  )
union all
select
  s.staff_id as guardian_id,
  j.student_id,
  'HEALTH' as area
from staff s
join students_join_users j on j.staff_id = s.staff_id
where s.profile = 'parent'
  and (s.username is null or s.username = '')
  and not exists (
    select 1
    from profile_exceptions x
    where x.profile_id = 3 and x.modname = 'Students/Student.php&category_id=2' and x.can_use = 'Y'
  )
