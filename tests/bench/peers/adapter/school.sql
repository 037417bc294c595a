select s.id, s.name
from schools s
