"""The laws of the made district: no row contradicts another, on any day, at any size."""

import re
from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction

import pytest

from loaders.contract import RELATIONS, Kind
from loaders.demo.scale import SCALE, letter_of
from tests.loaders.demo.districts import FIRST_DAY, LEAP_DAY, MONDAY, NEW_YEAR, QUARTER_ENDS, SUMMER, SUNDAY, Made


def test_the_counts_are_those_of_the_tables(made: Made) -> None:
    district = made.district
    assert set(district.counts) == set(RELATIONS)
    for relation, count in district.counts.items():
        assert made.rows(f"select count(*) from {relation}") == [(count,)]
        assert count > 0, relation
    assert district.counts["student"] in (60, 500)


def test_every_foreign_key_resolves(made: Made) -> None:
    checked = 0
    for relation in RELATIONS.values():
        for column in relation.columns:
            if column.of is None or column.of not in RELATIONS or (column.of == relation.name and column.name == "id"):
                continue
            lost = made.rows(
                f"select {column.name} from {relation.name} where {column.name} is not null "
                f"and {column.name} not in (select id from {column.of})",
            )
            assert lost == [], (relation.name, column.name)
            checked += 1
    assert checked >= 29


def test_ids_are_dense_integers(made: Made) -> None:
    for relation in RELATIONS.values():
        if relation.columns[0].name == "id":
            low, high, count = made.rows(f"select min(id), max(id), count(distinct id) from {relation.name}")[0]
            assert (low, high) == (1, count), relation.name


def test_instants_dates_and_decimals_are_written_as_the_home_store_has_them(made: Made) -> None:
    forms = {Kind.INSTANT: r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", Kind.DATE: r"\d{4}-\d\d-\d\d", Kind.TIME: r"\d\d:\d\d"}
    for relation in RELATIONS.values():
        for column in relation.columns:
            if form := forms.get(column.kind):
                pattern = re.compile(form)
                for (value,) in made.rows(f"select distinct {column.name} from {relation.name}"):
                    assert value is None or pattern.fullmatch(str(value)), (relation.name, column.name, value)
            elif column.kind is Kind.DECIMAL:
                long = f"select 1 from {relation.name} where {column.name} <> round({column.name}, 2)"
                assert made.rows(long) == [], (relation.name, column.name)


@pytest.mark.parametrize(
    "law",
    [
        # a score belongs to a student enrolled in its assignment's section
        "select * from score left join assignment on assignment.id = score.assignment_id "
        "left join enrollment on enrollment.student_id = score.student_id "
        "and enrollment.section_id = assignment.section_id "
        "where enrollment.student_id is null or score.section_id <> assignment.section_id",
        "select * from score join assignment on assignment.id = score.assignment_id "
        "where (score.points > assignment.points_possible and assignment.extra_credit = 0) or score.points < 0",
        "select * from score where exempt + missing + incomplete + cheated > 1 or (exempt = 1 and points is not null)",
        "select * from score join assignment on assignment.id = score.assignment_id where assignment.due_on > :today",
        "select * from score where substr(scored_at, 1, 10) > :today",
        "select * from score where released = 1 and releases_at is not null",
        # no grade of a term that has not begun; posted ones only of ended terms, and each once
        "select * from grade join term on term.id = grade.term_id where term.starts_on > :today",
        "select * from grade join term on term.id = grade.term_id "
        "where (grade.kind = 'POSTED') <> (term.ends_on < :today)",
        "select student_id from grade group by student_id, section_id, term_id, grade.kind, task having count(*) > 1",
        "select * from grade left join enrollment using (student_id, section_id) where enrollment.term_id is null",
        # a letter without a percentage is a level by standards, and no percentage is without its letter
        "select * from grade join grading_rule using (section_id) "
        "where (percent is null) <> (letter is null) and (method <> 'STANDARDS' or letter is null)",
        "select * from grade join grading_rule using (section_id) where method = 'STANDARDS' and percent is not null",
        # every section that has work has its rule, and a scale where letters are of one
        "select * from assignment left join grading_rule using (section_id) where grading_rule.method is null",
        "select * from grade join grading_rule using (section_id) where letter is not null and method <> 'STANDARDS' "
        "and not exists (select * from grading_scale as step where step.section_id = grade.section_id "
        "and step.letter = grade.letter)",
        "select * from grade_part left join term on term.id = part_term_id where term.parent_id <> grade_part.term_id",
        # levels by standard are of elementary students, for quarters that have begun
        "select * from standard_grade join term on term.id = term_id where term.starts_on > :today",
        # one primary school a day
        "select student_id from school_enrollment where is_primary = 1 and starts_on <= :today "
        "and (ends_on is null or ends_on >= :today) group by student_id having count(*) <> 1",
        "select id from student where id not in (select student_id from school_enrollment where ends_on is null)",
        # no school on weekends, and nothing recorded ahead of its day
        "select due_on from assignment where strftime('%w', due_on) in ('0', '6')",
        "select on_date from attendance where strftime('%w', on_date) in ('0', '6') or on_date > :today",
        "select * from assignment join term on term.id = assignment.term_id "
        "where due_on not between term.starts_on and term.ends_on",
        "select * from assignment where assigned_on > due_on",
        "select * from attendance_day where not exists (select * from attendance as event "
        "where event.student_id = attendance_day.student_id and event.on_date = attendance_day.on_date "
        "and event.status in ('ABSENT', 'EARLY_RELEASE'))",
        "select * from attendance left join enrollment using (student_id, section_id) "
        "where section_id is not null and (enrollment.term_id is null or enrollment.ends_on < on_date)",
        "select * from attendance join section on section.id = section_id join term on term.id = section.term_id "
        "where on_date not between term.starts_on and term.ends_on",
        "select * from message where substr(sent_at, 1, 10) > :today",
        "select * from message_recipient join message on message.id = message_id where read_at < sent_at",
        # nobody is written to about a student for whom the portal is closed
        "select * from message_recipient left join guardian_student using (guardian_id, student_id) "
        "where student_id is not null and portal_access is not 1",
        # a course's message goes to students who share a section
        "select id from message where message.scope = 'COURSE' and not exists (select section.id from section "
        "where not exists (select * from message_recipient as sent where sent.message_id = message.id "
        "and not exists (select * from enrollment where enrollment.student_id = sent.student_id "
        "and enrollment.section_id = section.id)))",
        "select guardian_id from guardian_student group by guardian_id having count(*) > 4",
        "select section_id from category group by section_id having count(*) <> 4 or sum(weight) <> 100",
        "select section_id from section_teacher group by section_id having sum(is_primary) <> 1",
        "select * from guardian where email not like '%@example.org' or phone not glob '555-01[0-9][0-9]'",
    ],
)
def test_no_row_breaks_the_law(made: Made, law: str) -> None:
    assert made.rows(f"{law} limit 3") == []


def test_a_quarters_percent_is_the_weighted_mean_of_the_scores_that_count(made: Made) -> None:
    sums = made.rows(
        "select student_id, score.section_id, term_id, weight, sum(points), "
        "sum(case when extra_credit = 1 then 0 else points_possible end), sum(missing) "
        "from score join assignment on assignment.id = assignment_id "
        "and assignment.section_id = score.section_id join category on category.id = category_id "
        "where released = 1 and visible = 1 and dropped = 0 and points is not null and weight is not null "
        "group by student_id, score.section_id, term_id, category_id"
    )
    expected: dict[tuple[object, ...], list[tuple[Fraction, Fraction]]] = defaultdict(list)
    for student, section, term, worth, points, possible, _ in sums:
        if possible:
            share = Fraction(str(points)) / Fraction(str(possible))
            expected[student, section, term].append((Fraction(str(worth)), share))
    raised = re.search(r"grade (\d+)", made.district.cases["raised_grade"].note)
    assert raised is not None
    grades = made.rows(
        "select student_id, section_id, term_id, percent from grade join grading_rule using (section_id) "
        "where task <> 'Semester Grade' and method = 'WEIGHTED_CATEGORIES' and id <> :raised",
        raised=int(raised[1]),
    )
    assert len(grades) > 100
    for *place, percent in grades:
        parts = expected.get((place[0], place[1], place[2]), [])
        assert (percent is None) is (not parts)
        if parts:
            weight = sum((weight for weight, _ in parts), Fraction())
            mean = 100 * sum((weight * share for weight, share in parts), Fraction()) / weight
            assert abs(Fraction(str(percent)) - mean) <= Fraction("0.005")


def test_letters_follow_the_scale(made: Made) -> None:
    rows = made.rows(
        "select distinct percent, letter from grade join section on section.id = section_id "
        "where percent is not null and section.title not like 'Spanish%'"
    )
    # What is written as a cut-off may have been a little less before it was rounded.
    edges = {least for least, _ in SCALE}
    assert [(p, letter) for p, letter in rows if letter_of(float(str(p))) != letter and p not in edges] == []
    assert [letter_of(percent) for percent in (100, 97, 96.99, 90, 60, 59.99, 0)] == [
        "A+",
        "A+",
        "A",
        "A-",
        "D-",
        "F",
        "F",
    ]


def test_the_terms_of_a_school_hold_every_day_of_its_year_once(made: Made) -> None:
    rows = made.rows("select school_id, kind, starts_on, ends_on, parent_id from term order by id")

    def days(first: object, last: object) -> int:
        return (date.fromisoformat(str(last)) - date.fromisoformat(str(first))).days + 1

    for start in range(0, len(rows), 7):
        school = rows[start : start + 7]
        assert [row[1] for row in school] == ["YEAR", "SEMESTER", "SEMESTER", *["QUARTER"] * 4]
        whole = days(school[0][2], school[0][3])
        for part in (school[1:3], school[3:]):
            assert sum(days(row[2], row[3]) for row in part) == whole
            assert [row[2] for row in part] == sorted({str(row[2]) for row in part})


def test_the_school_year_is_the_one_of_today(made: Made) -> None:
    district = made.district
    year, starts_on, ends_on = made.rows("select school_year, starts_on, ends_on from term where id = 1")[0]
    expected = {
        MONDAY: (2027, "2026-08-17", "2027-06-04"),
        SUMMER: (2027, "2026-08-17", "2027-06-04"),
        NEW_YEAR: (2027, "2026-08-17", "2027-06-04"),
        FIRST_DAY: (2027, "2026-08-17", "2027-06-04"),
        QUARTER_ENDS: (2027, "2026-08-17", "2027-06-04"),
        SUNDAY: (2027, "2026-08-17", "2027-06-04"),
        LEAP_DAY: (2028, "2027-08-16", "2028-06-09"),
    }
    assert (year, starts_on, ends_on) == expected[district.today]
    in_progress = made.rows("select count(*) from grade where grade.kind = 'IN_PROGRESS'")[0][0]
    assert (in_progress == 0) is (district.today == SUMMER)
    ahead = made.rows("select count(*), max(due_on) from assignment where due_on > :today")[0]
    assert (ahead[0] == 0) is (district.today == SUMMER)
    assert ahead[1] is None or str(ahead[1]) <= str(district.today + timedelta(days=14))
