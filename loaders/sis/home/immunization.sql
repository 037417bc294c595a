select id, student_id, given_on, cvx, product, valid
from immunization
