select id, student_id, section_id, term_id, kind, task, percent, letter, points, points_possible,
       comment, missing_count, ungraded_count, credits_attempted, credits_earned, updated_at, posted_at, released
from grade
