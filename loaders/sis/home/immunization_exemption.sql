select id, student_id, vaccine_group, kind, starts_on, ends_on
from immunization_exemption
