select m.id as message_id, m.guardian_id, case when m.is_read then cast(m.sent_at as timestamptz) end as read_at
from messages m
