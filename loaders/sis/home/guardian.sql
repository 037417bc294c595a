select id, given_name, family_name, email, phone, preferred_language
from guardian
