select l.guardian_id, l.student_id, 'PARENT' as relationship, 1 as portal_access
from guardian_students l
