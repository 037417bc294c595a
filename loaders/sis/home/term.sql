select id, school_id, name, kind, starts_on, ends_on, school_year, parent_id
from term
