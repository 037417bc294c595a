select id, scope, subject, body, sender_name, sender_role, sent_at
from message
