-- A parent has one staff row per school year. RosarioSIS knows that rows are one person by their username; the row of
-- the latest year is who the person is today, so every older key leads to it.
select
  s.staff_id as id,
  p.first_name as given_name,
  p.last_name as family_name,
  nullif(trim(p.email), '') as email
from staff s
join staff p on p.username = s.username
where s.profile = 'parent'
  and s.username <> ''
  and p.syear = (select max(latest.syear) from staff latest where latest.username = p.username)
union all
select
  s.staff_id as id,
  s.first_name as given_name,
  s.last_name as family_name,
  nullif(trim(s.email), '') as email
from staff s
where s.profile = 'parent'
  and (s.username is null or s.username = '')
