select
  t.id,
  1 as school_id,
  t.name,
  'QUARTER' as kind,
  cast(t.starts_on as date) as starts_on,
  cast(t.ends_on as date) as ends_on,
  2025 as school_year
from terms t
