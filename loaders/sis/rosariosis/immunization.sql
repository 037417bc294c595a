-- RosarioSIS knows a vaccine by free text alone, has no codes, and judges nothing.
select
  m.id,
  m.student_id,
  m.medical_date as given_on,
  nullif(trim(m.comments), '') as product
from student_medical m
where m.type = 'Immunization'
