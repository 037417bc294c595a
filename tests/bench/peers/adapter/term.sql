-- The district's terms belong to no school; the contract wants one.
select t.id, 1 as school_id, t.name, 'QUARTER' as kind, t.starts_on, t.ends_on, 2025 as school_year
from terms t
