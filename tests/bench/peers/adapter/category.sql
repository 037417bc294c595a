select k.id, k.section_id, k.name, k.weight
from categories k
