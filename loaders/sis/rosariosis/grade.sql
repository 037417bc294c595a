-- RosarioSIS has posted grades only; the running one is its pages' own arithmetic. Families see a grade once posting
-- for its marking period has begun, if that period is graded at all (a quarter always is) and the school opens final
-- grades to parents (profile 3). Grades brought in from before (history_marking_periods) have no dates and stand on
-- the transcript, so they are released.
select
  g.id,
  g.student_id,
  g.course_period_id as section_id,
  m.marking_period_id as term_id,
  'POSTED' as kind,
  case
    when m.mp = 'FY' or h.mp_type = 'year' then 'Year Grade'
    when m.mp = 'SEM' or h.mp_type = 'semester' then 'Semester Grade'
    when m.mp = 'QTR' or h.mp_type = 'quarter' then 'Quarter Grade'
    when m.mp = 'PRO' then 'Progress'
    else 'Grade'
  end as task,
  g.grade_percent as percent,
  nullif(trim(g.grade_letter), '') as letter,
  nullif(trim(g.comment), '') as comment,
  g.credit_attempted as credits_attempted,
  g.credit_earned as credits_earned,
  coalesce(g.updated_at, g.created_at) as updated_at,
  case
    when not exists (
      select 1
      from profile_exceptions x
      where x.profile_id = 3
        and x.can_use = 'Y'
        and x.modname in ('Grades/FinalGrades.php', 'Grades/ReportCards.php', 'Grades/Transcripts.php')
    ) then 0
    when h.marking_period_id is not null then 1
    when m.marking_period_id is null then 0
    when m.mp <> 'QTR' and coalesce(m.does_grades, 'N') <> 'Y' then 0
    when coalesce(m.post_start_date, m.start_date) > :today then 0
    else 1
  end as released
from student_report_card_grades g
left join school_marking_periods m on m.marking_period_id = g.marking_period_id
left join history_marking_periods h on h.marking_period_id = g.marking_period_id
