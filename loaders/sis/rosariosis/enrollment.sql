-- A student may have several schedule rows for one section: left and returned, or one row per term. The end date is
-- the last planned day, so it says that the student left only where it has passed and lies before the end of the term.
select
  e.student_id,
  e.course_period_id as section_id,
  case
    when min(e.marking_period_id) = max(e.marking_period_id) and count(e.marking_period_id) = count(*)
      then min(e.marking_period_id)
    else c.marking_period_id
  end as term_id,
  min(e.start_date) as starts_on,
  case
    when count(e.end_date) < count(*) then null
    when max(e.end_date) >= :today then null
    when max(e.end_date) >= max(m.end_date) then null
    else max(e.end_date)
  end as ends_on
from schedule e
join course_periods c on c.course_period_id = e.course_period_id
join school_marking_periods m on m.marking_period_id = coalesce(e.marking_period_id, c.marking_period_id)
group by e.student_id, e.course_period_id, c.marking_period_id
