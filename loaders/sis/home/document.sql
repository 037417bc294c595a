select id, student_id, kind, title, term_id, issued_on, version, supersedes_id, path, bytes, released
from document
