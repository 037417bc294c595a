select section_id, method, decimals, letter_rounding, letter_decimals
from grading_rule
