select
  a.student_id,
  cast(a.date as date) as on_date,
  a.period as period_id,
  cast(a.period as text) as period,
  case when a.status = 'TARDY' then 'TARDY' else 'ABSENT' end as status,
  case when a.status = 'EXCUSED' then 'EXCUSED' else 'UNKNOWN' end as excuse,
  a.status as code,
  a.comment
from attendance a
