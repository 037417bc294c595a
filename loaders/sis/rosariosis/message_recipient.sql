-- A note reaches the parents who have a student in its school today, by the person's row of the latest year as in
-- guardian_student.sql; a row of an earlier year than the note's is nobody who could still log in. A parent may have a
-- profile of the school's own making instead of profile 3: notes to those profiles are not read.
select
  n.id as message_id,
  s.staff_id as guardian_id
from staff s
join staff p on p.username = s.username
join portal_notes n on (n.published_profiles like '%,3,%' and p.profile_id = 3)
  or (n.published_profiles like '%,parent,%' and p.profile_id is null)
where s.profile = 'parent'
  and p.profile = 'parent'
  and s.username <> ''
  and p.syear = (select max(latest.syear) from staff latest where latest.username = p.username)
  and p.syear >= n.syear
  and (n.start_date is null or n.start_date <= :today)
  and (n.end_date is null or n.end_date >= :today)
  and coalesce(n.published_date, n.created_at) is not null
  and exists (
    select 1
    from students_join_users j
    join student_enrollment e on e.student_id = j.student_id
    where j.staff_id = p.staff_id
      and e.school_id = n.school_id
      and e.syear = n.syear
      and e.start_date <= :today
      and (e.end_date is null or e.end_date >= :today)
  )
union all
select
  n.id as message_id,
  s.staff_id as guardian_id
from staff s
join portal_notes n on (n.published_profiles like '%,3,%' and s.profile_id = 3)
  or (n.published_profiles like '%,parent,%' and s.profile_id is null)
where s.profile = 'parent'
  and (s.username is null or s.username = '')
  and s.syear >= n.syear
  and (n.start_date is null or n.start_date <= :today)
  and (n.end_date is null or n.end_date >= :today)
  and coalesce(n.published_date, n.created_at) is not null
  and exists (
    select 1
    from students_join_users j
    join student_enrollment e on e.student_id = j.student_id
    where j.staff_id = s.staff_id
      and e.school_id = n.school_id
      and e.syear = n.syear
      and e.start_date <= :today
      and (e.end_date is null or e.end_date >= :today)
  )
