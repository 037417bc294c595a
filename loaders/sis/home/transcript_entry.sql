select id, student_id, school_year, grade_level, school_name, term_name, term_kind, term_ends_on,
       course_code, course_title, credit_area, letter, percent, credits_attempted, credits_earned,
       gpa_points, gpa_scale, weighted_gpa_points, weighted_gpa_scale, weighted_by, transfer, repeat_code,
       left_out_of_gpa, in_progress, released
from transcript_entry
