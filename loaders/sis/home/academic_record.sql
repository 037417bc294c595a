select id, student_id, as_of_on, gpa, gpa_scale, weighted_gpa, weighted_gpa_scale, class_rank, class_size,
       rank_shown, released
from academic_record
