select t.id, t.name as given_name, '' as family_name, t.email
from teachers t
