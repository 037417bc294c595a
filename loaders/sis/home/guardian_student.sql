select guardian_id, student_id, relationship, portal_access, legal_guardian, lives_with,
       contact_priority, starts_on, ends_on, adult_right
from guardian_student
