-- custom_200000002 is the common name, custom_200000004 the birth date: fields that every installation starts with.
select
  s.student_id as id,
  trim(cast(s.student_id as char(20))) as student_number,
  s.first_name as given_name,
  s.last_name as family_name,
  nullif(trim(s.custom_200000002), '') as preferred_name,
  s.custom_200000004 as birth_date
from students s
