-- A section may meet in several periods; the day's first one names it.
select
  c.course_period_id as id,
  c.school_id,
  c.marking_period_id as term_id,
  k.title,
  nullif(trim(k.short_name), '') as course_number,
  nullif(trim(c.short_name), '') as section_code,
  b.title as subject,
  nullif(trim(c.room), '') as room,
  (
    select d.title
    from course_period_school_periods m
    join school_periods d on d.period_id = m.period_id
    where m.course_period_id = c.course_period_id
    order by case when d.sort_order is null then 1 else 0 end, d.sort_order, d.period_id
    limit 1
  ) as period
from course_periods c
join courses k on k.course_id = c.course_id
left join course_subjects b on b.subject_id = k.subject_id
