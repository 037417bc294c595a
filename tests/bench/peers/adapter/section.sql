select x.id, c.school_id, c.title, x.room, cast(x.period as text) as period
from sections x
join courses c on c.id = x.course_id
