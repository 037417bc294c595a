-- The link of a parent to a student is the right to see the student, and it is the person's row of the latest year
-- that counts: an old year's link is no right. RosarioSIS lets nobody in whose row was not carried into the current
-- school year, or is no parent's any more. Contacts have no key to parents: one is taken for the parent only where
-- exactly one contact of the student has the parent's name.
select
  s.staff_id as guardian_id,
  j.student_id,
  coalesce((
    select case lower(trim(max(r.student_relation)))
      when 'mother' then 'MOTHER'
      when 'father' then 'FATHER'
      when 'parent' then 'PARENT'
      when 'stepmother' then 'STEPPARENT'
      when 'step mother' then 'STEPPARENT'
      when 'stepfather' then 'STEPPARENT'
      when 'step father' then 'STEPPARENT'
      when 'step parent' then 'STEPPARENT'
      when 'stepparent' then 'STEPPARENT'
      when 'grandmother' then 'GRANDPARENT'
      when 'grandfather' then 'GRANDPARENT'
      when 'grandparent' then 'GRANDPARENT'
      when 'foster mother' then 'FOSTER_PARENT'
      when 'foster father' then 'FOSTER_PARENT'
      when 'foster parent' then 'FOSTER_PARENT'
      when 'guardian' then 'GUARDIAN'
      when 'legal guardian' then 'GUARDIAN'
      when 'aunt' then 'RELATIVE'
      when 'uncle' then 'RELATIVE'
      when 'brother' then 'RELATIVE'
      when 'sister' then 'RELATIVE'
      when 'cousin' then 'RELATIVE'
      when 'relative' then 'RELATIVE'
      else 'OTHER'
    end
    from students_join_people r
    join people q on q.person_id = r.person_id
    where r.student_id = j.student_id and q.first_name = p.first_name and q.last_name = p.last_name
    having count(*) = 1
  ), 'OTHER') as relationship,
  case
    when p.syear < (
      select coalesce(max(case when y.start_date <= :today then y.syear end), max(y.syear))
      from school_marking_periods y
      where y.mp = 'FY'
    ) then 0
    else 1
  end as portal_access,
  (
    select max(case when r.custody = 'Y' then 1 end)
    from students_join_people r
    join people q on q.person_id = r.person_id
    where r.student_id = j.student_id and q.first_name = p.first_name and q.last_name = p.last_name
    having count(*) = 1
  ) as legal_guardian
from staff s
join staff p on p.username = s.username
join students_join_users j on j.staff_id = p.staff_id
where s.profile = 'parent'
  and p.profile = 'parent'
  and s.username <> ''
  and p.syear = (select max(latest.syear) from staff latest where latest.username = p.username)
union all
select
  s.staff_id as guardian_id,
  j.student_id,
  'OTHER' as relationship,
  case
    when s.syear < (
      select coalesce(max(case when y.start_date <= :today then y.syear end), max(y.syear))
      from school_marking_periods y
      where y.mp = 'FY'
    ) then 0
    else 1
  end as portal_access,
  null as legal_guardian
from staff s
join students_join_users j on j.staff_id = s.staff_id
where s.profile = 'parent'
  and (s.username is null or s.username = '')
