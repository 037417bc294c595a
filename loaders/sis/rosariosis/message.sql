-- Portal notes that are shown today to parents (profile 3; the word where a user has no profile). RosarioSIS signs
-- them with the school's name.
select
  n.id,
  'SCHOOL' as scope,
  n.title as subject,
  coalesce(n.content, '') as body,
  s.title as sender_name,
  coalesce(n.published_date, n.created_at) as sent_at
from portal_notes n
join schools s on s.id = n.school_id and s.syear = n.syear
where (n.published_profiles like '%,3,%' or n.published_profiles like '%,parent,%')
  and (n.start_date is null or n.start_date <= :today)
  and (n.end_date is null or n.end_date >= :today)
  and coalesce(n.published_date, n.created_at) is not null
