select
  s.id,
  s.id as student_id,
  s.school_id,
  2025 as school_year,
  case when s.grade_level < 10 then 'G0' else 'G' end || cast(s.grade_level as text) as grade_level
from students s
