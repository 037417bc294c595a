-- RosarioSIS keeps one row per course and marking period, quarters and semesters alike; progress periods are on no
-- transcript. Families see it by the rule of posted grades, where the school opens transcripts to parents (profile 3).
-- Grades brought in from before stand in history_marking_periods. A subject is where a credit counts unless the row
-- names a category of its own.
select
  g.id,
  g.student_id,
  coalesce(m.syear, h.syear, g.syear) + 1 as school_year,
  nullif(trim(g.school), '') as school_name,
  coalesce(m.title, h.name) as term_name,
  case
    when m.mp = 'FY' or h.mp_type = 'year' then 'YEAR'
    when m.mp = 'SEM' and lower(m.title) like '%trimester%' then 'TRIMESTER'
    when m.mp = 'SEM' or h.mp_type = 'semester' then 'SEMESTER'
    when m.mp = 'QTR' or h.mp_type = 'quarter' then 'QUARTER'
    else 'TERM'
  end as term_kind,
  coalesce(m.end_date, h.post_end_date) as term_ends_on,
  nullif(trim(c.short_name), '') as course_code,
  g.course_title,
  coalesce(nullif(trim(g.credit_category), ''), s.title) as credit_area,
  nullif(trim(g.grade_letter), '') as letter,
  g.grade_percent as percent,
  g.credit_attempted as credits_attempted,
  g.credit_earned as credits_earned,
  g.unweighted_gp as gpa_points,
  g.gp_scale as gpa_scale,
  g.weighted_gp as weighted_gpa_points,
  g.gp_scale as weighted_gpa_scale,
  case
    when not exists (
      select 1
      from profile_exceptions x
      where x.profile_id = 3 and x.can_use = 'Y' and x.modname = 'Grades/Transcripts.php'
    ) then 0
    when m.mp = 'PRO' then 0
    when h.marking_period_id is not null then 1
    when m.marking_period_id is null then 0
    when m.mp <> 'QTR' and coalesce(m.does_grades, 'N') <> 'Y' then 0
    when coalesce(m.post_start_date, m.start_date) > :today then 0
    else 1
  end as released
from student_report_card_grades g
left join school_marking_periods m on m.marking_period_id = g.marking_period_id
left join history_marking_periods h on h.marking_period_id = g.marking_period_id
left join course_periods p on p.course_period_id = g.course_period_id
left join courses c on c.course_id = p.course_id
left join course_subjects s on s.subject_id = c.subject_id
