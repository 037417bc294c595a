select guardian_id, student_id, area, starts_on, ends_on
from withheld_area
