"""The awkward cases of the made district: each is there on any day, at any size, and is what its name says."""

import re
from datetime import timedelta

import pytest

from loaders.demo import Case, make_district
from loaders.demo.calendar import years_before
from tests.loaders.demo.districts import FIRST_DAY, LEAP_DAY, MONDAY, QUARTER_ENDS, SUMMER, Made

GRADE = "select grade_level from school_enrollment where student_id = :student and ends_on is null and is_primary = 1"
RIGHT = (
    "select portal_access, starts_on, ends_on from guardian_student "
    "where guardian_id = :guardian and student_id = :student"
)
CHILDREN = (
    "select e.grade_level from guardian_student g join school_enrollment e on e.student_id = g.student_id "
    "where g.guardian_id = :guardian and e.ends_on is null and e.is_primary = 1 order by e.grade_level"
)
RECORDS = (
    "exempt_score", "missing_score", "dropped_score", "extra_credit", "invisible_assignment", "unreleased_score",
    "unreleased_grade", "raised_grade", "dropped_course", "corrected_attendance", "unconfirmed_attendance",
    "unsafe_message",
)  # fmt: skip


def case(made: Made, name: str) -> dict[str, object]:
    found = made.district.cases[name]
    return {"guardian": found.guardian_id, "student": found.student_id}


def number(made: Made, name: str, word: str) -> int:
    found = re.search(rf"{word} (\d+)", made.district.cases[name].note)
    assert found is not None
    return int(found[1])


def score(made: Made, name: str) -> dict[str, object]:
    """The score that a case's note names, with its assignment."""
    cursor = made.connection.execute(
        "select s.*, a.points_possible, a.extra_credit, a.visible from score s "
        "join assignment a on a.id = s.assignment_id where s.student_id = ? and s.assignment_id = ?",
        (made.district.cases[name].student_id, number(made, name, "assignment")),
    )
    (row,) = cursor.fetchall()
    return dict(zip([column[0] for column in cursor.description], row, strict=True))


def test_the_cases_are_kept_in_the_store(made: Made) -> None:
    rows = made.connection.execute("select name, guardian_id, student_id, note from demo_case order by name").fetchall()
    assert [Case(*row) for row in rows] == sorted(made.district.cases.values(), key=lambda found: found.name)
    assert len(rows) == 39


def test_the_parent_has_three_students_in_three_schools_stages(made: Made) -> None:
    assert made.rows(CHILDREN, guardian=case(made, "parent")["guardian"]) == [("G02",), ("G07",), ("G10",)]
    assert made.one(GRADE, student=case(made, "parent")["student"]) == ("G10",)
    assert made.one(GRADE, student=case(made, "elementary_pupil")["student"]) == ("G02",)
    for name in RECORDS:
        assert case(made, name) == case(made, "parent"), name


def test_two_households_both_have_the_portal(made: Made) -> None:
    student = case(made, "two_households")["student"]
    rows = made.rows(
        "select guardian_id, lives_with, portal_access, legal_guardian from guardian_student "
        "where student_id = :student order by contact_priority",
        student=student,
    )
    parent, other = case(made, "parent")["guardian"], case(made, "two_households")["guardian"]
    assert rows == [(parent, 1, 1, 1), (other, 0, 1, 1)]
    assert made.rows(CHILDREN, guardian=other) == [("G02",), ("G07",), ("G10",)]


def test_a_blocked_guardian_has_the_portal_for_the_sibling_only(made: Made) -> None:
    found = case(made, "blocked_guardian")
    rows = made.rows(
        "select student_id, portal_access from guardian_student where guardian_id = :guardian",
        guardian=found["guardian"],
    )
    assert dict(rows) == {number(made, "blocked_guardian", "student"): 1, found["student"]: 0}  # type: ignore[arg-type]


def test_rights_end_and_begin_around_today(made: Made) -> None:
    today, day = made.district.today, timedelta(days=1)
    assert made.one(RIGHT, **case(made, "ended_right")) == (1, str(today - 400 * day), str(today - day))
    assert made.one(RIGHT, **case(made, "coming_right")) == (1, str(today + day), None)
    assert made.one(RIGHT, **case(made, "last_day_right")) == (1, str(today - 30 * day), str(today))


def test_the_eligible_student_has_just_turned_eighteen(made: Made) -> None:
    student = case(made, "eligible_student")["student"]
    born_on = made.one("select birth_date from student where id = :student", student=student)[0]
    assert born_on == str(years_before(made.district.today - timedelta(days=10), 18))
    assert made.one(GRADE, student=student) == ("G12",)
    assert made.one(GRADE, student=case(made, "kindergartner")["student"]) == ("KG",)


def test_a_kindergartner_has_one_homeroom_teacher_and_is_marked_by_the_day(made: Made) -> None:
    student = case(made, "kindergartner")["student"]
    courses = made.one(
        "select count(*), count(distinct staff_id) from enrollment join section_teacher using (section_id) "
        "where student_id = :student",
        student=student,
    )
    assert courses == (6, 1)
    marked = "select distinct period_id, period, section_id from attendance where student_id = :student"
    assert made.rows(marked, student=student) in ([], [(0, None, None)])


def test_a_student_is_in_two_schools_at_once(made: Made) -> None:
    student = case(made, "two_schools")["student"]
    rows = made.rows(
        "select school_id, is_primary from school_enrollment where student_id = :student and ends_on is null "
        "order by is_primary desc",
        student=student,
    )
    second = number(made, "two_schools", "school")
    assert [row[1] for row in rows] == [1, 0]
    assert rows[1][0] == second != rows[0][0]
    sections = "select count(*) from enrollment join section on section.id = section_id where student_id = :student"
    assert made.one(f"{sections} and school_id = :school", student=student, school=second) == (1,)
    assert made.one(f"{sections} and school_id <> :school", student=student, school=second) == (6,)


def test_twins_share_birth_date_family_name_and_sections(made: Made) -> None:
    pair = (case(made, "twins")["student"], number(made, "twins", "student"))
    same = "select count(distinct birth_date), count(distinct family_name), count(*) from student where id in (:a, :b)"
    assert made.one(same, a=pair[0], b=pair[1]) == (1, 1, 2)
    sections = "select section_id from enrollment where student_id = :student and ends_on is null order by section_id"
    first, second = (made.rows(sections, student=student) for student in pair)
    assert first == second
    assert len(first) == 7


def test_large_families(made: Made) -> None:
    four, large = case(made, "four_children")["guardian"], case(made, "large_family")["guardian"]
    assert made.rows(CHILDREN, guardian=four) == [("G04",), ("G07",), ("G10",), ("KG",)]
    assert made.rows(CHILDREN, guardian=large) == [("G01",), ("G03",), ("G09",), ("G11",)]
    schools = made.rows(
        "select count(*) from guardian_student join school_enrollment using (student_id) "
        "where guardian_id = :guardian and school_enrollment.ends_on is null group by school_id",
        guardian=large,
    )
    assert schools == [(2,), (2,)]
    nobody = case(made, "no_student")["guardian"]
    assert made.one("select count(*) from guardian where id = :guardian", guardian=nobody) == (1,)
    assert made.rows("select * from guardian_student where guardian_id = :guardian", guardian=nobody) == []


@pytest.mark.parametrize(
    ("script", "name"),
    [
        ("french", ("Zoé", "Lefèvre")),
        ("spanish", ("Íñigo", "Muñoz")),
        ("polish", ("Łukasz", "Wiśniewska")),
        ("arabic", ("ليلى", "الخطيب")),
        ("chinese", ("子涵", "陈")),
        ("vietnamese", ("Đức", "Nguyễn")),
    ],
)
def test_names_are_kept_in_their_script(made: Made, script: str, name: tuple[str, str]) -> None:
    student = case(made, f"non_ascii_{script}")["student"]
    assert made.one("select given_name, family_name from student where id = :student", student=student) == name


def test_the_awkward_scores_are_what_they_are_called(made: Made) -> None:
    exempt = score(made, "exempt_score")
    assert (exempt["exempt"], exempt["points"], exempt["letter"], exempt["visible"]) == (1, None, "Ex", 1)
    missing = score(made, "missing_score")
    assert (missing["missing"], missing["points"], missing["percent"], missing["visible"]) == (1, 0, 0, 1)
    dropped = score(made, "dropped_score")
    assert (dropped["dropped"], dropped["points"] is None, dropped["visible"]) == (1, False, 1)
    extra = score(made, "extra_credit")
    assert (extra["extra_credit"], extra["points"], extra["points_possible"]) == (1, 7, 5)
    invisible = score(made, "invisible_assignment")
    assert (invisible["visible"], invisible["released"], invisible["points"] is None) == (0, 1, False)
    hidden = score(made, "unreleased_score")
    assert (hidden["released"], hidden["points"] is None, hidden["visible"]) == (0, False, 1)
    assert str(hidden["releases_at"])[:10] == str(made.district.today + timedelta(days=5))


def test_one_grade_is_kept_back(made: Made) -> None:
    kept = made.one("select id, student_id, grade.kind from grade where released = 0")
    in_progress = made.district.today in (FIRST_DAY, QUARTER_ENDS)
    assert kept[:2] == (number(made, "unreleased_grade", "grade"), case(made, "parent")["student"])
    assert kept[2] == ("IN_PROGRESS" if in_progress else "POSTED")


def test_a_course_was_dropped(made: Made) -> None:
    section = number(made, "dropped_course", "section")
    student = case(made, "dropped_course")["student"]
    left = made.one(
        "select ends_on < :today, starts_on <= ends_on from enrollment "
        "where student_id = :student and section_id = :section",
        student=student, section=section,
    )  # fmt: skip
    assert left == (1, 1)
    later = made.rows(
        "select * from score join assignment on assignment.id = assignment_id join enrollment "
        "using (student_id, section_id) where due_on > enrollment.ends_on"
    )
    assert later == []


def test_the_office_corrected_one_mark_and_has_not_seen_the_last(made: Made) -> None:
    student = case(made, "parent")["student"]
    mark = (
        "select status, excuse, confirmed, recorded_by, updated_at > on_date || 'T18:00:00Z' from attendance "
        "where student_id = :student and on_date = :day and period = :period"
    )
    day, period = made.district.cases["corrected_attendance"].note.split(":")[0].split(", ")
    assert made.one(mark, student=student, day=day, period=period) == ("TARDY", "EXCUSED", 1, "OFFICE", 1)
    day, period = made.district.cases["unconfirmed_attendance"].note.strip(".").split(", ")
    assert made.one(mark, student=student, day=day, period=period) == ("ABSENT", "UNKNOWN", 0, "TEACHER", 0)
    last = {SUMMER: "2027-06-04", MONDAY: "2026-11-23", LEAP_DAY: "2028-02-29"}
    assert day == last.get(made.district.today, day)


def test_one_message_holds_what_a_sanitizer_must_remove(made: Made) -> None:
    body = made.one("select body from message where id = :id", id=number(made, "unsafe_message", "message"))[0]
    assert "<script>" in str(body)
    assert "onclick=" in str(body)
    assert made.rows("select distinct scope from message order by scope") == [
        ("COURSE",), ("DISTRICT",), ("PERSONAL",), ("SCHOOL",), ("STUDENT",),
    ]  # fmt: skip


def test_three_kinds_of_schools_have_the_cases_too(tmp_path: object) -> None:
    cases = make_district(f"{tmp_path}/demo.db", students=1800, seed=3, today=MONDAY).cases
    assert len(cases) == 39
