-- A row without a start date is an account that the school has not activated yet: the student is not enrolled.
select
  e.id,
  e.student_id,
  e.school_id,
  e.syear + 1 as school_year,
  case lower(trim(g.short_name))
    when 'it' then 'IT'
    when 'pr' then 'PR'
    when 'pk' then 'PK'
    when 'tk' then 'TK'
    when 'kg' then 'KG'
    when 'k' then 'KG'
    when '0' then 'KG'
    when '00' then 'KG'
    when '1' then 'G01'
    when '01' then 'G01'
    when '2' then 'G02'
    when '02' then 'G02'
    when '3' then 'G03'
    when '03' then 'G03'
    when '4' then 'G04'
    when '04' then 'G04'
    when '5' then 'G05'
    when '05' then 'G05'
    when '6' then 'G06'
    when '06' then 'G06'
    when '7' then 'G07'
    when '07' then 'G07'
    when '8' then 'G08'
    when '08' then 'G08'
    when '9' then 'G09'
    when '09' then 'G09'
    when '10' then 'G10'
    when '11' then 'G11'
    when '12' then 'G12'
    when '13' then 'G13'
    when 'ps' then 'PS'
    when 'ug' then 'UG'
    else 'OTHER'
  end as grade_level,
  e.start_date as starts_on,
  e.end_date as ends_on
from student_enrollment e
left join school_gradelevels g on g.id = e.grade_id
where e.start_date is not null
