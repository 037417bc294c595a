select student_id, section_id, term_id, starts_on, ends_on
from enrollment
