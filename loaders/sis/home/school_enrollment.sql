select id, student_id, school_id, school_year, grade_level, starts_on, ends_on, is_primary
from school_enrollment
