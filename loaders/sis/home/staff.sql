select id, given_name, family_name, email
from staff
