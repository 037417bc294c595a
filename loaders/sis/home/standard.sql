select id, code, name, subject
from standard
