select section_id, id, letter, cutoff, points, position
from grading_scale
