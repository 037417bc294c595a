select student_id, vaccine_group, status, evaluated_on, next_due_on
from immunization_status
