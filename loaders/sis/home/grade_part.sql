select section_id, term_id, task, part_term_id, part_task, weight
from grade_part
