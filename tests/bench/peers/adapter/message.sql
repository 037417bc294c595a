-- Messages have no body; their number stands there.
select
  m.id,
  'PERSONAL' as scope,
  m.subject,
  cast(m.id as text) as body,
  t.name as sender_name,
  m.sent_at
from messages m
join teachers t on t.id = m.sender_id
