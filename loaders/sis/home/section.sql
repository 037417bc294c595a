select id, school_id, term_id, title, course_number, section_code, subject, room, period
from section
