-- What no dump has: rows for RosarioSIS, the same on PostgreSQL and MariaDB. Their keys begin with 9909.
insert into schools (syear, id, title, phone) values (2020, 90, 'Old Elm', '1'), (2021, 90, 'Elm School', '2');
insert into school_gradelevels (id, school_id, short_name, title) values
  (9909001, 90, 'K', 'Kindergarten'), (9909002, 90, '07', 'Seventh'), (9909003, 90, 'TRA', 'Transition');
insert into school_marking_periods
  (marking_period_id, syear, mp, school_id, parent_id, title, start_date, end_date, post_start_date, does_grades) values
  (9909101, 2021, 'FY', 90, null, 'Year', '2021-08-02', '2022-05-27', null, null),
  (9909102, 2021, 'SEM', 90, 9909101, 'Trimester 1', '2021-08-02', '2021-11-12', '2021-10-15', 'Y'),
  (9909103, 2021, 'QTR', 90, 9909102, 'First quarter', '2021-08-02', '2021-09-30', '2021-09-27', null),
  (9909104, 2021, 'PRO', 90, 9909103, 'Progress 1', '2021-08-02', '2021-08-31', '2021-08-30', null);
insert into history_marking_periods (marking_period_id, mp_type, name, school_id, syear) values
  (9909105, 'semester', 'Before we came', 90, 2018);

insert into students (student_id, first_name, last_name, custom_200000002, custom_200000004) values
  (9909001, 'Ada', 'Quist', 'Addie', '2010-02-03'), (9909002, 'Bo', 'Quist', '', null), (9909003, 'Cy', 'Other', null, null);
insert into student_medical (id, student_id, type, medical_date, comments) values
  (9909001, 9909001, 'Immunization', '2015-05-06', ' MMR, 2nd '), (9909002, 9909001, 'Immunization', null, ' '),
  (9909003, 9909001, 'Physical', '2016-01-01', 'No immunization');
insert into student_enrollment (id, syear, school_id, student_id, grade_id, start_date, end_date) values
  (9909001, 2021, 90, 9909001, 9909001, '2021-08-02', null),
  (9909002, 2021, 90, 9909002, 9909003, '2021-08-02', '2021-12-17'),
  (9909003, 2020, 90, 9909002, 9909002, '2020-08-10', '2021-05-28'),
  (9909004, 2021, 90, 9909003, 9909001, null, null);

-- One person with three years' rows; one who was not carried into this year; one whose access was taken away; two
-- without a username; a teacher and an assistant.
insert into staff (staff_id, syear, username, profile, profile_id, first_name, last_name, email) values
  (9909201, 2019, 'quist', 'parent', 3, 'Evi', 'Fellow', 'evi@example.org'),
  (9909202, 2020, 'quist', 'parent', 3, 'Eva', 'Fellow', 'eva@example.org'),
  (9909203, 2021, 'quist', 'parent', 3, 'Eva', 'Quist', null),
  (9909211, 2020, 'gone', 'parent', 3, 'Gil', 'Gone', ''),
  (9909221, 2020, 'off', 'parent', 3, 'Ole', 'Off', null),
  (9909222, 2021, 'off', 'none', null, 'Ole', 'Off', null),
  (9909231, 2021, null, 'parent', 3, 'No', 'Name', null),
  (9909232, 2021, null, 'parent', 3, 'Not', 'Known', null),
  (9909241, 2021, 'teach', 'teacher', 2, 'Tea', 'Cher', 'tea@example.org'),
  (9909242, 2021, 'assist', 'admin', 1, 'Ass', 'Ist', 'ass@example.org');
insert into students_join_users (student_id, staff_id) values
  (9909003, 9909202), (9909001, 9909203), (9909002, 9909203), (9909001, 9909211), (9909001, 9909221), (9909001, 9909222), (9909001, 9909231), (9909002, 9909232);
insert into people (person_id, first_name, last_name) values (9909301, 'Eva', 'Quist'), (9909302, 'Eva', 'Quist');
insert into students_join_people (id, student_id, person_id, custody, student_relation) values
  (9909301, 9909001, 9909301, 'Y', 'Mother'), (9909302, 9909002, 9909301, 'Y', 'Mother'), (9909303, 9909002, 9909302, null, 'Grandmother');

insert into course_subjects (subject_id, syear, school_id, title) values (9909401, 2021, 90, 'Arts');
insert into courses (course_id, syear, subject_id, school_id, title, short_name) values (9909401, 2021, 9909401, 90, 'Art', 'ART');
insert into course_periods (course_period_id, syear, school_id, course_id, short_name, marking_period_id, teacher_id,
  secondary_teacher_id, room, grade_scale_id) values
  (9909501, 2021, 90, 9909401, 'ART-1', 9909101, 9909241, 9909242, ' 7 ', 1),
  (9909502, 2021, 90, 9909401, 'ART-2', 9909101, 9909241, 9909241, '', 1),
  (9909503, 2021, 90, 9909401, 'ART-3', 9909101, 9909241, null, null, null);
insert into school_periods (period_id, syear, school_id, title, sort_order, length) values
  (9909601, 2021, 90, 'Period 9', null, 45), (9909602, 2021, 90, 'Homeroom', 1, 15);
insert into course_period_school_periods (course_period_school_periods_id, course_period_id, period_id) values
  (9909601, 9909501, 9909601), (9909602, 9909501, 9909602);
-- A school that numbers its days in a rotation of three, its keys in 9908; and a block and hours half filled in at Elm.
insert into schools (syear, id, title, number_days_rotation) values (2021, 91, 'Round School', 3);
insert into school_marking_periods
  (marking_period_id, syear, mp, school_id, parent_id, title, start_date, end_date, does_grades) values
  (9908111, 2021, 'FY', 91, null, 'Year', '2021-08-02', '2022-05-27', null),
  (9908112, 2021, 'QTR', 91, 9908111, 'First quarter', '2021-08-02', '2021-08-06', null),
  (9908113, 2021, 'QTR', 91, 9908111, 'Second quarter', '2021-08-07', '2021-10-29', null);
insert into attendance_calendar (syear, school_id, school_date, minutes, block, calendar_id) values
  (2021, 91, '2021-08-02', 999, null, 91), (2021, 91, '2021-08-03', 999, null, 91), (2021, 91, '2021-08-05', 999, null, 91),
  (2021, 91, '2021-08-05', 999, null, 92), (2021, 91, '2021-08-06', 999, null, 91), (2021, 91, '2021-08-09', 999, null, 91),
  (2021, 91, '2021-11-01', 999, null, 91), (2021, 90, '2021-08-02', 999, 'Red', 90), (2021, 90, '2021-08-03', 0, '', 90);
insert into courses (course_id, syear, subject_id, school_id, title, short_name) values (9908401, 2021, 9909401, 91, 'Clay', 'CLAY');
insert into course_periods (course_period_id, syear, school_id, course_id, short_name, marking_period_id, teacher_id, room)
  values (9908501, 2021, 91, 9908401, 'CLAY-1', 9908111, 9909241, 'Kiln ');
insert into school_periods (period_id, syear, school_id, title, sort_order, length, start_time, end_time, block) values
  (9908601, 2021, 91, 'Period 1', 1, 45, '8:05 AM', '1:30 PM', null), (9908602, 2021, 90, 'Red hour', 2, 45, '', '14:00', 'Red');
insert into course_period_school_periods (course_period_school_periods_id, course_period_id, period_id, days) values
  (9908601, 9908501, 9908601, 'MW'), (9908602, 9909502, 9908602, 'MTWHF'), (9908603, 9909503, 9909602, 'UHS');
insert into schedule (syear, school_id, student_id, course_id, course_period_id, marking_period_id, start_date, end_date)
  values
  (2021, 90, 9909001, 9909401, 9909501, 9909101, '2021-08-02', '2021-08-20'),
  (2021, 90, 9909001, 9909401, 9909501, 9909101, '2021-09-01', null),
  (2021, 90, 9909002, 9909401, 9909501, 9909103, '2021-08-02', '2021-08-31'),
  (2021, 90, 9909002, 9909401, 9909501, 9909102, '2021-09-01', '2021-09-10'),
  (2021, 90, 9909002, 9909401, 9909502, 9909102, '2021-09-13', '2021-11-12'),
  (2021, 90, 9909001, 9909401, 9909503, null, '2021-08-02', '2021-09-30');

insert into program_user_config (user_id, program, title, value) values (9909241, 'Gradebook', 'WEIGHT', 'Y');
insert into gradebook_assignment_types (assignment_type_id, staff_id, course_id, title, final_grade_percent) values
  (9909701, 9909241, 9909401, 'Sketches', 0.3);
insert into gradebook_assignments (assignment_id, staff_id, marking_period_id, course_period_id, course_id,
  assignment_type_id, title, assigned_date, due_date, points) values
  (9909801, 9909241, 9909103, null, 9909401, 9909701, 'For all', '2021-09-01', '2021-09-10', 10),
  (9909802, 9909241, 9909102, 9909501, null, 9909701, 'Extra', '2021-10-02', null, 0),
  (9909803, 9909241, 9909102, 9909501, null, 9909701, 'Poster', null, '2021-10-20', 5),
  (9909804, 9909241, 9909103, 9909503, null, 9909701, 'Unscaled', '2021-10-09', null, 5);
insert into gradebook_grades (student_id, assignment_id, course_period_id, points, comment, created_at, updated_at) values
  (9909001, 9909801, 9909501, -1, 'ill', '2021-09-11 08:00:00', null),
  (9909002, 9909801, 9909501, 7, null, '2021-09-11 08:00:00', '2021-09-14 08:00:00'),
  (9909002, 9909801, 9909502, 8, null, '2021-09-12 08:00:00', '2021-09-15 08:00:00'),
  (9909001, 9909802, 9909501, 3, '', '2021-09-30 08:00:00', null),
  (9909001, 9909803, 9909501, null, 'bring paper', '2021-09-30 08:00:00', null),
  (9909001, 9909804, 9909503, 4, null, '2021-09-30 08:00:00', null);
insert into student_report_card_grades (id, syear, school_id, student_id, course_period_id, marking_period_id,
  grade_percent, grade_letter, course_title, comment, school, credit_category, credit_attempted, credit_earned,
  weighted_gp, unweighted_gp, gp_scale, created_at, updated_at) values
  (9909801, 2021, 90, 9909001, 9909501, 9909103, 91.5, 'A', 'Art', 'Well done', 'Elm School', null, 0.25, 0.25, 4.5, 4, 4,
   '2021-09-28 08:00:00', '2021-09-29 08:00:00'),
  (9909802, 2021, 90, 9909001, 9909501, 9909102, 90, 'A', 'Art', null, 'Elm School', null, 0.25, 0.25, 4.5, 4, 4,
   '2021-09-28 08:00:00', null),
  (9909803, 2021, 90, 9909001, 9909501, 9909104, 89, 'B', 'Art', null, null, null, null, null, null, null, null,
   '2021-09-28 08:00:00', null),
  (9909804, 2018, 90, 9909001, null, 9909105, null, 'B', 'Drawing', '', ' ', 'Art', 1, 1, null, null, null,
   '2021-09-28 08:00:00', null);
insert into student_mp_stats (student_id, marking_period_id, cum_weighted_factor, cum_unweighted_factor, cum_rank,
  mp_rank, class_size) values
  (9909001, 9909103, 0.925, 0.9, 2, 1, 40), (9909001, 9909102, 0.95, 0.925, null, 3, 40), (9909001, 9909104, 1, 1, 1, 1, 40);
update schools set reporting_gp_scale = 4.3 where id = 90 and syear = 2021;

insert into attendance_codes (id, syear, school_id, title, short_name, state_code) values
  (9909901, 2021, 90, 'Excused Absence', 'E', 'A'), (9909902, 2021, 90, 'Unexcused', 'U', 'A'),
  (9909903, 2021, 90, 'Left early', 'LE', 'P'), (9909904, 2021, 90, 'Half day', 'H', 'H'), (9909905, 2021, 90, 'Late', 'L', 'P');
insert into attendance_period (student_id, school_date, period_id, attendance_code, attendance_teacher_code, admin,
  attendance_reason, comment, course_period_id, created_at, updated_at) values
  (9909001, '2021-09-01', 9909601, 9909901, 9909902, 'Y', 'Dentist', 'not here', 9909501, '2021-09-01 09:00:00', '2021-09-01 13:00:00'),
  (9909001, '2021-09-02', 9909601, null, 9909905, null, null, 'bus', 9909501, '2021-09-02 09:00:00', null),
  (9909001, '2021-09-03', 9909601, 9909903, 9909903, null, null, null, 9909501, '2021-09-03 09:00:00', null),
  (9909001, '2021-09-04', 9909601, 9909904, 9909904, null, null, '', null, '2021-09-04 09:00:00', null),
  (9909001, '2021-09-05', 9909601, null, null, null, null, null, null, '2021-09-05 09:00:00', null),
  (9909001, '2021-09-06', 9909601, 9909902, 9909902, null, null, null, 9909501, '2021-09-06 09:00:00', null);
insert into attendance_day (student_id, school_date, state_value, minutes_present) values
  (9909001, '2021-09-01', 0, 0), (9909001, '2021-09-04', 0.5, 190), (9909001, '2021-09-05', null, null);

insert into portal_notes (id, school_id, syear, title, content, start_date, end_date, published_profiles, published_date,
  created_at) values
  (9909901, 90, 2021, 'Picnic', '<p>On Friday.</p>', null, '2021-10-01', ',1,3,', '2021-09-20 08:00:00', null),
  (9909902, 90, 2021, 'For staff', 'x', null, null, ',1,2,13,', '2021-09-20 08:00:00', null),
  (9909903, 90, 2021, 'Over', 'x', null, '2021-09-30', ',3,', '2021-09-20 08:00:00', null),
  (9909904, 90, 2021, 'Not yet', 'x', '2021-10-02', null, ',3,', '2021-09-20 08:00:00', null),
  (9909905, 1, 2021, 'Elsewhere', null, '2021-10-01', null, ',3,', null, '2021-09-21 08:00:00');

-- A scale of a teacher's own for one section, whole percentages upwards, and how much the parts of longer terms count.
update course_periods set does_breakoff = 'Y' where course_period_id = 9909502;
insert into program_user_config (user_id, program, title, value) values
  (9909241, 'Gradebook', 'ROUNDING', 'UP'), (9909241, 'Gradebook', '9909502-1', '88'),
  (9909241, 'Gradebook', 'SEM-9909103', '40'), (9909241, 'Gradebook', 'FY-9909102', '60'),
  (9909241, 'Gradebook', 'FY-9909103', ' '), (9909241, 'Gradebook', 'FY-9909103', 'half'),
  (9909241, 'Gradebook', '9909502-2', 'eighty');
