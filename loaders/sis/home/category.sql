select id, section_id, name, weight, drop_lowest
from category
