select m.id as message_id, m.guardian_id, case when m.is_read then m.sent_at end as read_at
from messages m
