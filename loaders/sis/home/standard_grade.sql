select id, student_id, standard_id, section_id, term_id, level, level_name, comment, updated_at, released
from standard_grade
