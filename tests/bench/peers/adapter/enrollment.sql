select e.student_id, e.section_id
from enrollments e
