-- Days are letters: U is Sunday, H Thursday. Where a school numbers its days, M is day 1 and U day 7; where it marks
-- days as blocks in its calendar, a period of a block meets on the days of that block, whatever its letters.
select
  m.course_period_school_periods_id as id,
  m.course_period_id as section_id,
  m.period_id,
  d.title as period,
  case
    when nullif(trim(d.block), '') is null and coalesce(s.number_days_rotation, 0) = 0 then nullif(replace(replace(replace(replace(replace(replace(replace(
      m.days, 'M', '1'), 'T', '2'), 'W', '3'), 'H', '4'), 'F', '5'), 'S', '6'), 'U', '7'), '')
  end as weekdays,
  case
    when nullif(trim(d.block), '') is not null then trim(d.block)
    when s.number_days_rotation > 0 then nullif(replace(replace(replace(replace(replace(replace(replace(
      m.days, 'M', 'Day 1;'), 'T', 'Day 2;'), 'W', 'Day 3;'), 'H', 'Day 4;'), 'F', 'Day 5;'), 'S', 'Day 6;'), 'U', 'Day 7;'), '')
  end as day_names,
  nullif(trim(d.start_time), '') as starts_at,
  nullif(trim(d.end_time), '') as ends_at,
  nullif(trim(c.room), '') as room
from course_period_school_periods m
join course_periods c on c.course_period_id = m.course_period_id
join school_periods d on d.period_id = m.period_id
left join schools s on s.id = c.school_id and s.syear = c.syear
