select section_id, staff_id, is_primary
from section_teacher
