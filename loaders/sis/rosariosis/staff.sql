-- A teacher too has one row per school year, and a section names the row of its own year. Only teachers' addresses are
-- given to families.
select
  s.staff_id as id,
  s.first_name as given_name,
  s.last_name as family_name,
  case when s.profile = 'teacher' then nullif(trim(s.email), '') end as email
from staff s
where s.profile is null or s.profile <> 'parent'
