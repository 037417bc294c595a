select
  a.id,
  a.section_id,
  a.category_id,
  a.title,
  cast(a.due_date as date) as due_on,
  a.points_possible,
  1 as visible
from assignments a
