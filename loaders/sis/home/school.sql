select id, name, phone, time_zone
from school
