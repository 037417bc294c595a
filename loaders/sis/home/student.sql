select id, student_number, given_name, family_name, preferred_name, birth_date
from student
