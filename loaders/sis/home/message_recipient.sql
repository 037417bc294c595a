select message_id, guardian_id, student_id, read_at
from message_recipient
