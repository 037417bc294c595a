select student_id, assignment_id, section_id, points, percent, letter, late, missing, incomplete, exempt,
       dropped, turned_in, cheated, comment, scored_at, released, releases_at
from score
