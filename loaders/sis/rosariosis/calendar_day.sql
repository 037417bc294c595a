-- A day without school is not in the calendar. A school may have several calendars: school in one of them is school.
-- A day is named by its block, or by its number where the school numbers its days: these are counted from the first
-- day of the quarter, and begin anew after the last one.
select
  n.school_id,
  n.on_date,
  n.is_school_day,
  coalesce(n.block, case n.number
    when 1 then 'Day 1' when 2 then 'Day 2' when 3 then 'Day 3' when 4 then 'Day 4' when 5 then 'Day 5'
    when 6 then 'Day 6' when 7 then 'Day 7'
  end) as day_name
from (
  select
    g.school_id,
    g.on_date,
    g.is_school_day,
    g.block,
    case when s.number_days_rotation > 0 then 1 + ((
      select count(distinct b.school_date)
      from attendance_calendar b
      join school_marking_periods q on q.school_id = b.school_id and q.syear = b.syear and q.mp = 'QTR'
      where b.school_id = g.school_id and b.syear = g.syear and b.school_date <= g.on_date
        and q.start_date <= g.on_date and q.end_date >= g.on_date and b.school_date >= q.start_date
    ) - 1) % s.number_days_rotation end as number
  from (
    select
      c.school_id,
      c.school_date as on_date,
      max(c.syear) as syear,
      case when max(coalesce(c.minutes, 0)) > 0 then 1 else 0 end as is_school_day,
      max(nullif(trim(c.block), '')) as block
    from attendance_calendar c
    group by c.school_id, c.school_date
  ) g
  left join schools s on s.id = g.school_id and s.syear = g.syear
) n
