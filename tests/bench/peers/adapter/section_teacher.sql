select x.id as section_id, x.teacher_id as staff_id, 1 as is_primary
from sections x
