-- syear is the year in which a school year begins. RosarioSIS calls a trimester a semester; only its title tells.
select
  m.marking_period_id as id,
  m.school_id,
  m.title as name,
  case
    when m.mp = 'FY' then 'YEAR'
    when m.mp = 'SEM' and lower(m.title) like '%trimester%' then 'TRIMESTER'
    when m.mp = 'SEM' then 'SEMESTER'
    when m.mp = 'QTR' then 'QUARTER'
    when m.mp = 'PRO' then 'PROGRESS'
    else 'TERM'
  end as kind,
  m.start_date as starts_on,
  m.end_date as ends_on,
  m.syear + 1 as school_year,
  m.parent_id
from school_marking_periods m
