-- RosarioSIS keeps cumulative averages per marking period as a share of the school's own scale. Ranks are there once
-- the school has worked them out; families see them where it opens the rank list to parents (profile 3).
select
  m.marking_period_id as id,
  a.student_id,
  m.end_date as as_of_on,
  a.cum_unweighted_factor * s.reporting_gp_scale as gpa,
  s.reporting_gp_scale as gpa_scale,
  a.cum_weighted_factor * s.reporting_gp_scale as weighted_gpa,
  s.reporting_gp_scale as weighted_gpa_scale,
  coalesce(a.cum_rank, a.mp_rank) as class_rank,
  a.class_size,
  case
    when exists (
      select 1
      from profile_exceptions x
      where x.profile_id = 3 and x.can_use = 'Y' and x.modname = 'Grades/GPARankList.php'
    ) then 1
    else 0
  end as rank_shown,
  case
    when not exists (
      select 1
      from profile_exceptions x
      where x.profile_id = 3 and x.can_use = 'Y' and x.modname = 'Grades/Transcripts.php'
    ) then 0
    when m.mp = 'PRO' then 0
    when coalesce(m.post_start_date, m.start_date) > :today then 0
    else 1
  end as released
from student_mp_stats a
join school_marking_periods m on m.marking_period_id = a.marking_period_id
left join schools s on s.id = m.school_id and s.syear = m.syear
