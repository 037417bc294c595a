select student_id, credit_area, sequence, credits_required, credits_earned, credits_in_progress
from credit_requirement
