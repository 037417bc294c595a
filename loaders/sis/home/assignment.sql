select id, section_id, term_id, category_id, title, description, assigned_on, due_on, due_at,
       points_possible, extra_credit, multiplier, visible
from assignment
