select g.id, g.name as given_name, '' as family_name, g.email
from guardians g
