select
  m.id,
  'PERSONAL' as scope,
  m.subject,
  cast(m.id as text) as body,
  t.name as sender_name,
  cast(m.sent_at as timestamptz) as sent_at
from messages m
join teachers t on t.id = m.sender_id
