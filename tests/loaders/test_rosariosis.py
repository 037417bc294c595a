"""RosarioSIS: its dump, and hand-made rows for what no dump has, answer alike on PostgreSQL and MariaDB."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from loaders.adapter import load_adapter
from loaders.addressees import addressees, rights_to_write_to
from loaders.check import Report, check_source, describe
from loaders.contract import (
    RELATIONS,
    AttendanceExcuse,
    AttendanceStatus,
    CalculationMethod,
    GradeLevel,
    MessageScope,
    RelationshipKind,
    Rounding,
    TermKind,
)
from loaders.database import Readers
from loaders.dialect import Dialect
from loaders.errors import RelationIncomplete
from loaders.guardian_search import all_schools, guardians_called, guardians_of_school
from loaders.messages import Marked, MessageFilter, inbox_messages
from loaders.relations import Relations
from loaders.statement import Shape, Statement
from tests.loaders.dumps import Loaded, loaded

pytestmark = [pytest.mark.dumps]

CASES = (Path(__file__).parent / "rosariosis_cases.sql").read_text("utf-8")
TODAY = date(2021, 10, 1)
ADAPTER = load_adapter("rosariosis")
ENGINES = {Dialect.POSTGRESQL: "rosariosis_pg.sql.gz", Dialect.MYSQL: "rosariosis_mysql.sql.gz"}

Source = tuple[Loaded, Readers, Relations]


async def opened(dialect: Dialect) -> AsyncIterator[Source]:
    """The dump with the hand-made rows, and a connection that reads it."""
    async with loaded(ENGINES[dialect], dialect) as database:
        await database.run(CASES)
        readers = await Readers.open(database.url, size=1, statement_timeout=20, allow_writable=True)
        yield database, readers, Relations(ADAPTER, dialect, await describe(ADAPTER, readers))
        await readers.close()


@pytest.fixture(scope="module")
async def on_postgresql() -> AsyncIterator[Source]:
    async for source in opened(Dialect.POSTGRESQL):
        yield source


@pytest.fixture(scope="module")
async def on_mariadb() -> AsyncIterator[Source]:
    async for source in opened(Dialect.MYSQL):
        yield source


@pytest.fixture(
    params=[
        pytest.param("on_postgresql", marks=pytest.mark.postgresql),
        pytest.param("on_mariadb", marks=pytest.mark.mariadb),
    ]
)
def source(request: pytest.FixtureRequest) -> Source:
    found: Source = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def sources(on_postgresql: Source, on_mariadb: Source) -> dict[Dialect, Source]:
    return {Dialect.POSTGRESQL: on_postgresql, Dialect.MYSQL: on_mariadb}


async def answer(
    source: Source, relation: str, columns: Sequence[str], where: str = "1 = 1", today: date = TODAY
) -> list[Any]:
    """The parsed values of these columns, in an order that is the same everywhere; bare where it is one column."""
    _, readers, relations = source
    shape = Shape({column: f"{relation}.{column}" for column in columns})
    statement = Statement(shape, f"from {{{relation}}} as {relation} where {where}", {}, key=columns[0])
    rendered = relations.render(statement)
    [rows] = await readers.fetch([(rendered.sql, relations.values(rendered, statement, today))])
    parsed = [row if len(columns) > 1 else row[0] for row in rendered.layout.parse(rows)]
    return sorted(parsed, key=repr)


ROWS = {
    "school": 3,
    "term": 21,
    "student": 453,
    "school_enrollment": 903,
    "guardian": 1567,
    "guardian_student": 1569,
    "staff": 11,
    "calendar_day": 384,
    "section": 604,
    "section_teacher": 605,
    "enrollment": 9004,
    "meeting": 605,
    "category": 273,
    "assignment": 2286,
    "score": 34205,
    "grade": 4054,
    "grading_rule": 482,
    "grading_scale": 2892,
    "grade_part": 4,
    "attendance": 81005,
    "attendance_day": 81002,
    "immunization": 995,
    "withheld_area": 1569,
    "message": 2,
    "message_recipient": 1565,
    "transcript_entry": 4054,
    "academic_record": 2253,
}


def told(row: tuple[Any, ...]) -> list[Any]:
    """The row without the instants at which each dump was made: they are the dumps' own, and differ."""
    return ["made" if isinstance(value, datetime) and value.year >= 2026 else value for value in row]


@pytest.mark.postgresql
@pytest.mark.mariadb
async def test_both_engines_answer_every_relation_alike(sources: dict[Dialect, Source]) -> None:
    for relation in ADAPTER.selects:
        columns = [column.name for column in RELATIONS[relation].columns]
        one = [told(row) for row in await answer(sources[Dialect.POSTGRESQL], relation, columns)]
        other = [told(row) for row in await answer(sources[Dialect.MYSQL], relation, columns)]

        assert one == other, relation
        assert len(one) == ROWS[relation], relation


@pytest.fixture(scope="module")
async def reports(sources: dict[Dialect, Source]) -> dict[Dialect, Report]:
    return {d: await check_source(ADAPTER, readers, d, TODAY) for d, (_, readers, _) in sources.items()}


@pytest.mark.postgresql
@pytest.mark.mariadb
async def test_the_adapter_is_proved_on_both_engines(reports: dict[Dialect, Report]) -> None:
    for report in reports.values():
        assert [proof for proof in report.proofs if not proof.ok] == []
        assert {proof.relation: proof.rows for proof in report.proofs if proof.provided} == ROWS
        assert report.of("score").missing_optional == (
            "percent",
            "late",
            "missing",
            "incomplete",
            "dropped",
            "turned_in",
            "cheated",
            "releases_at",
        )


@pytest.mark.postgresql
@pytest.mark.mariadb
async def test_only_what_postgresql_has_no_index_for_is_read_in_full(reports: dict[Dialect, Report]) -> None:
    read_in_full = {
        (dialect, proof.relation, plan.asked_by): [(scan.table, scan.avoidable) for scan in plan.scans]
        for dialect, report in reports.items()
        for proof in report.proofs
        for plan in proof.plans
        if plan.scans
    }

    assert read_in_full == {
        (Dialect.POSTGRESQL, "assignment", "section_id"): [("gradebook_assignments", False)],
        (Dialect.POSTGRESQL, "guardian_student", "guardian_id"): [("students_join_users", False)],
        (Dialect.POSTGRESQL, "message_recipient", "guardian_id"): [("students_join_users", False)],
        (Dialect.POSTGRESQL, "withheld_area", "guardian_id"): [("students_join_users", False)],
    }


async def test_a_field_that_a_site_removed_is_named_with_the_remedy(source: Source) -> None:
    database, readers, _ = source
    await database.run("alter table students rename column custom_200000004 to gone")
    try:
        with pytest.raises(RelationIncomplete) as refused:
            await describe(ADAPTER, readers)
        report = await check_source(ADAPTER, readers, database.dialect, TODAY)
    finally:
        await database.run("alter table students rename column gone to custom_200000004")

    said = str(refused.value)
    assert said.startswith("student.sql of adapter rosariosis does not run on this database: ")
    assert "custom_200000004" in said
    assert said.endswith("copy its folder and change this file to the columns that the database has.")
    assert not report.ok
    assert [proof.relation for proof in report.proofs if not proof.ok] == ["student"]
    assert report.of("student").broken == said


async def test_a_school_is_called_as_in_its_latest_year(source: Source) -> None:
    assert await answer(source, "school", ["id", "name", "phone"], "school.id = 90") == [(90, "Elm School", "2")]


async def test_a_term_says_the_year_in_which_it_ends_and_its_kind(source: Source) -> None:
    rows = await answer(source, "term", ["id", "kind", "school_year", "parent_id"], "term.school_id = 90")

    assert rows == [
        (9909101, TermKind.YEAR, 2022, None),
        (9909102, TermKind.TRIMESTER, 2022, 9909101),
        (9909103, TermKind.QUARTER, 2022, 9909102),
        (9909104, TermKind.PROGRESS, 2022, 9909103),
    ]


async def test_a_student_has_a_number_a_common_name_and_a_birth_date(source: Source) -> None:
    columns = ["id", "student_number", "given_name", "preferred_name", "birth_date"]

    assert await answer(source, "student", columns, "student.id in (9909001, 9909002)") == [
        (9909001, "9909001", "Ada", "Addie", date(2010, 2, 3)),
        (9909002, "9909002", "Bo", None, None),
    ]


async def test_a_student_who_is_not_activated_is_not_enrolled(source: Source) -> None:
    columns = ["student_id", "school_year", "grade_level", "ends_on"]

    assert await answer(source, "school_enrollment", columns, "school_enrollment.school_id = 90") == [
        (9909001, 2022, GradeLevel.KG, None),
        (9909002, 2021, GradeLevel.G07, date(2021, 5, 28)),
        (9909002, 2022, GradeLevel.OTHER, date(2021, 12, 17)),
    ]


async def test_every_year_of_a_person_leads_to_who_the_person_is_today(source: Source) -> None:
    columns = ["id", "given_name", "family_name", "email"]

    assert await answer(source, "guardian", columns, "guardian.id > 9909000") == [
        (9909201, "Eva", "Quist", None),
        (9909202, "Eva", "Quist", None),
        (9909203, "Eva", "Quist", None),
        (9909211, "Gil", "Gone", None),
        (9909221, "Ole", "Off", None),
        (9909231, "No", "Name", None),
        (9909232, "Not", "Known", None),
    ]


async def test_only_the_links_of_this_years_row_are_rights(source: Source) -> None:
    columns = ["guardian_id", "student_id", "relationship", "portal_access", "legal_guardian"]
    mother, other = RelationshipKind.MOTHER, RelationshipKind.OTHER

    assert await answer(source, "guardian_student", columns, "guardian_student.guardian_id > 9909000") == [
        (9909201, 9909001, mother, True, True),
        (9909201, 9909002, other, True, None),
        (9909202, 9909001, mother, True, True),
        (9909202, 9909002, other, True, None),
        (9909203, 9909001, mother, True, True),
        (9909203, 9909002, other, True, None),
        (9909211, 9909001, other, False, None),
        (9909231, 9909001, other, True, None),
        (9909232, 9909002, other, True, None),
    ]


async def test_a_person_of_last_year_has_access_until_the_next_year_begins(source: Source) -> None:
    columns, where = ["student_id", "portal_access"], "guardian_student.guardian_id = 9909211"

    assert await answer(source, "guardian_student", columns, where, date(2021, 8, 1)) == [(9909001, True)]
    assert await answer(source, "guardian_student", columns, where, date(2021, 8, 2)) == [(9909001, False)]


async def test_every_row_of_the_dumps_parents_leads_to_the_same_students(source: Source) -> None:
    columns = ["student_id", "relationship", "portal_access"]
    one = await answer(source, "guardian_student", columns, "guardian_student.guardian_id = 100001")

    assert one == [(13, RelationshipKind.FATHER, True)]
    assert one == await answer(source, "guardian_student", columns, "guardian_student.guardian_id = 600001")


async def test_parents_are_no_staff_and_only_teachers_addresses_are_given(source: Source) -> None:
    assert await answer(source, "staff", ["id", "family_name", "email"], "staff.id > 9909000") == [
        (9909222, "Off", None),
        (9909241, "Cher", "tea@example.org"),
        (9909242, "Ist", None),
    ]


async def test_a_section_is_named_by_its_first_period_and_says_who_teaches_it(source: Source) -> None:
    columns = ["id", "title", "course_number", "section_code", "subject", "room", "period", "term_id"]
    teachers = await answer(
        source, "section_teacher", ["section_id", "staff_id", "is_primary"], "section_teacher.section_id > 9909000"
    )

    assert await answer(source, "section", columns, "section.id > 9909000") == [
        (9909501, "Art", "ART", "ART-1", "Arts", "7", "Homeroom", 9909101),
        (9909502, "Art", "ART", "ART-2", "Arts", None, "Red hour", 9909101),
        (9909503, "Art", "ART", "ART-3", "Arts", None, "Homeroom", 9909101),
    ]
    assert teachers == [
        (9909501, 9909241, True),
        (9909501, 9909242, False),
        (9909502, 9909241, True),
        (9909503, 9909241, True),
    ]


async def test_letters_are_weekdays_days_of_the_rotation_or_of_no_account_in_a_block(source: Source) -> None:
    columns = ["id", "section_id", "period", "weekdays", "day_names", "starts_at", "ends_at", "room"]

    assert await answer(source, "meeting", columns, "meeting.section_id > 9908000") == [
        (9908601, 9908501, "Period 1", None, "Day 1;Day 3;", time(8, 5), time(13, 30), "Kiln"),
        (9908602, 9909502, "Red hour", None, "Red", None, time(14, 0), None),
        (9908603, 9909503, "Homeroom", "746", None, None, None, None),
        (9909601, 9909501, "Period 9", None, None, None, None, "7"),
        (9909602, 9909501, "Homeroom", None, None, None, None, "7"),
    ]
    assert await answer(source, "meeting", ["weekdays", "starts_at", "room"], "meeting.section_id = 22") == [
        ("13", time(13, 0), "Social Stu")
    ]


async def test_days_are_counted_from_the_quarter_and_bear_their_number_or_block(source: Source) -> None:
    columns = ["on_date", "is_school_day", "day_name"]

    assert await answer(source, "calendar_day", columns, "calendar_day.school_id = 91") == [
        (date(2021, 11, 1), True, None),  # of no quarter
        (date(2021, 8, 2), True, "Day 1"),
        (date(2021, 8, 3), True, "Day 2"),
        (date(2021, 8, 5), True, "Day 3"),
        (date(2021, 8, 6), True, "Day 1"),
        (date(2021, 8, 9), True, "Day 1"),  # a new quarter
    ]
    assert await answer(source, "calendar_day", columns, "calendar_day.school_id = 90") == [
        (date(2021, 8, 2), True, "Red"),
        (date(2021, 8, 3), False, None),
    ]
    assert set(await answer(source, "calendar_day", ["day_name"], "calendar_day.school_id = 1")) == {None}


async def test_a_sections_rule_is_its_teachers(source: Source) -> None:
    columns = ["section_id", "method", "decimals", "letter_rounding", "letter_decimals"]
    weighted, points = CalculationMethod.WEIGHTED_CATEGORIES, CalculationMethod.TOTAL_POINTS

    assert await answer(source, "grading_rule", columns, "grading_rule.section_id > 9909000") == [
        (9909501, weighted, 1, Rounding.HALF_UP, 2),
        (9909502, weighted, 1, Rounding.UP, 0),
    ]
    assert await answer(source, "grading_rule", columns, "grading_rule.section_id = 18") == [
        (18, points, 1, Rounding.HALF_UP, 2)
    ]


async def test_a_teachers_own_cutoffs_take_the_place_of_the_schools(source: Source) -> None:
    columns, where = ["id", "letter", "cutoff", "points"], "grading_scale.section_id = {} and grading_scale.id < 3"
    a, b = (Decimal("4.00"), Decimal("3.00"))

    assert await answer(source, "grading_scale", columns, where.format(9909501)) == [
        (1, "A", Decimal("90.00"), a),
        (2, "B", Decimal("80.00"), b),
    ]
    assert await answer(source, "grading_scale", columns, where.format(9909502)) == [
        (1, "A", Decimal("88.00"), a),
        (2, "B", Decimal("80.00"), b),
    ]


async def test_longer_terms_are_made_of_what_the_teacher_says(source: Source) -> None:
    columns = ["section_id", "term_id", "task", "part_term_id", "part_task", "weight"]

    assert await answer(source, "grade_part", columns, "grade_part.section_id = 9909501") == [
        (9909501, 9909101, "Year Grade", 9909102, "Semester Grade", Decimal("60.00")),
        (9909501, 9909102, "Semester Grade", 9909103, "Quarter Grade", Decimal("40.00")),
    ]


async def test_a_weight_of_an_assignment_counts_where_its_teacher_switched_it_on(source: Source) -> None:
    database, _, _ = source
    columns, where = ["id", "multiplier"], "assignment.id = 9909803"
    assert await answer(source, "assignment", columns, where) == [(9909803, None)]
    await database.run(
        "insert into program_user_config (user_id, program, title, value) "
        "values (9909241, 'Gradebook', 'WEIGHT_ASSIGNMENTS', 'Y');"
        "update gradebook_assignments set weight = 3 where assignment_id = 9909803"
    )
    try:
        assert await answer(source, "assignment", columns, where) == [(9909803, Decimal(3))]
        rule = await answer(source, "grading_rule", ["section_id", "method"], "grading_rule.section_id = 9909501")
        assert rule == [(9909501, CalculationMethod.PERCENT_AVERAGE)]
    finally:
        await database.run(
            "delete from program_user_config where title = 'WEIGHT_ASSIGNMENTS';"
            "update gradebook_assignments set weight = null where assignment_id = 9909803"
        )


async def test_several_schedule_rows_are_one_enrollment(source: Source) -> None:
    columns = ["student_id", "section_id", "term_id", "starts_on", "ends_on"]

    assert await answer(source, "enrollment", columns, "enrollment.student_id in (9909001, 9909002)") == [
        (9909001, 9909501, 9909101, date(2021, 8, 2), None),
        (9909001, 9909503, 9909101, date(2021, 8, 2), date(2021, 9, 30)),
        (9909002, 9909501, 9909101, date(2021, 8, 2), date(2021, 9, 10)),
        (9909002, 9909502, 9909102, date(2021, 9, 13), None),
    ]


async def test_a_planned_last_day_says_nothing_before_it_has_passed(source: Source) -> None:
    where = "enrollment.student_id = 9909001 and enrollment.section_id = 9909503"

    assert await answer(source, "enrollment", ["ends_on"], where, date(2021, 9, 30)) == [None]
    assert await answer(source, "enrollment", ["ends_on"], where, date(2021, 10, 1)) == [date(2021, 9, 30)]
    assert set(await answer(source, "enrollment", ["ends_on"], "enrollment.student_id = 13")) == {None}


async def test_a_weight_counts_where_the_teacher_weighs(source: Source) -> None:
    columns = ["id", "section_id", "name", "weight"]

    assert await answer(source, "category", columns, "category.section_id > 9909000") == [
        (9909701, section, "Sketches", Decimal(30)) for section in (9909501, 9909502, 9909503)
    ]
    assert set(await answer(source, "category", ["weight"], "category.section_id = 18")) == {None}


async def test_an_assignment_of_a_course_stands_in_all_sections_of_its_teacher(source: Source) -> None:
    columns = ["id", "section_id", "points_possible", "extra_credit", "visible"]

    assert await answer(source, "assignment", columns, "assignment.section_id > 9909000") == [
        (9909801, 9909501, Decimal(10), False, True),
        (9909801, 9909502, Decimal(10), False, True),
        (9909801, 9909503, Decimal(10), False, True),
        (9909802, 9909501, Decimal(0), True, False),
        (9909803, 9909501, Decimal(5), False, True),
        (9909804, 9909503, Decimal(5), False, True),
    ]


async def test_an_assignment_is_seen_from_its_day_or_once_its_term_is_over(source: Source) -> None:
    extra, unscaled = "assignment.id = 9909802", "assignment.id = 9909804"

    assert await answer(source, "assignment", ["visible"], extra, date(2021, 10, 2)) == [True]
    assert await answer(source, "assignment", ["visible"], unscaled, date(2021, 9, 30)) == [False]


async def test_excused_points_are_no_points_and_the_newer_score_counts(source: Source) -> None:
    columns = ["student_id", "assignment_id", "section_id", "points", "letter", "exempt", "comment", "released"]

    assert await answer(source, "score", columns, "score.student_id in (9909001, 9909002)") == [
        (9909001, 9909801, 9909501, None, "*", True, "ill", True),
        (9909001, 9909802, 9909501, Decimal(3), None, False, None, True),
        (9909001, 9909803, 9909501, None, None, False, "bring paper", False),
        (9909001, 9909804, 9909503, Decimal(4), None, False, None, False),
        (9909002, 9909801, 9909502, Decimal(8), None, False, None, True),
    ]


async def test_a_remark_without_points_is_shown_when_the_work_is_due(source: Source) -> None:
    where = "score.assignment_id = 9909803"

    assert await answer(source, "score", ["released"], where, date(2021, 10, 19)) == [False]
    assert await answer(source, "score", ["released"], where, date(2021, 10, 20)) == [True]


async def test_a_delay_of_the_teacher_keeps_a_remark_until_the_term_is_over(source: Source) -> None:
    database, *_ = source
    where = "score.assignment_id = 9909803"
    await database.run("insert into program_user_config (user_id, program, title, value) "
                 "values (9909241, 'Gradebook', 'LATENCY', '3')")  # fmt: skip
    try:
        late = await answer(source, "score", ["released"], where, date(2021, 11, 12))
        over = await answer(source, "score", ["released"], where, date(2021, 11, 13))
    finally:
        await database.run("delete from program_user_config where user_id = 9909241 and title = 'LATENCY'")

    assert (late, over) == ([False], [True])


async def test_a_grade_is_shown_once_posting_for_its_period_has_begun(source: Source) -> None:
    columns = ["id", "term_id", "task", "percent", "comment", "released"]
    where = "grade.student_id = 9909001"

    assert await answer(source, "grade", columns, where) == [
        (9909801, 9909103, "Quarter Grade", Decimal("91.5"), "Well done", True),
        (9909802, 9909102, "Semester Grade", Decimal(90), None, False),
        (9909803, 9909104, "Progress", Decimal(89), None, False),
        (9909804, None, "Semester Grade", None, None, True),
    ]
    assert await answer(source, "grade", ["id", "released"], where, date(2021, 9, 26)) == [
        (9909801, False),
        (9909802, False),
        (9909803, False),
        (9909804, True),
    ]
    assert await answer(source, "grade", ["updated_at"], "grade.id = 9909801") == [
        datetime(2021, 9, 29, 12, 0, tzinfo=UTC)
    ]


async def test_a_transcript_has_every_graded_period_but_progress_and_what_was_brought_in_from_before(
    source: Source,
) -> None:
    columns = [
        "id", "school_year", "school_name", "term_name", "term_kind", "term_ends_on", "course_code", "course_title",
        "credit_area", "credits_earned", "gpa_points", "weighted_gpa_points", "gpa_scale", "released",
    ]  # fmt: skip
    quarter, trimester = TermKind.QUARTER, TermKind.TRIMESTER
    points = (Decimal("0.25"), Decimal(4), Decimal("4.5"), Decimal(4))

    assert await answer(source, "transcript_entry", columns, "transcript_entry.student_id = 9909001") == [
        (9909801, 2022, "Elm School", "First quarter", quarter, date(2021, 9, 30), "ART", "Art", "Arts", *points, True),
        (9909802, 2022, "Elm School", "Trimester 1", trimester, date(2021, 11, 12), "ART", "Art", "Arts", *points,
         False),
        (9909803, 2022, None, "Progress 1", TermKind.TERM, date(2021, 8, 31), "ART", "Art", "Arts", None, None, None,
         None, False),
        (9909804, 2019, None, "Before we came", TermKind.SEMESTER, None, None, "Drawing", "Art", Decimal(1), None, None,
         None, True),
    ]  # fmt: skip


async def test_averages_are_on_the_schools_own_scale_and_the_rank_is_the_cumulative_one(source: Source) -> None:
    columns = [
        "id",
        "as_of_on",
        "gpa",
        "gpa_scale",
        "weighted_gpa",
        "class_rank",
        "class_size",
        "rank_shown",
        "released",
    ]
    scale = Decimal("4.3")

    assert await answer(source, "academic_record", columns, "academic_record.student_id = 9909001") == [
        (9909102, date(2021, 11, 12), Decimal("3.9775"), scale, Decimal("4.085"), 3, 40, True, False),
        (9909103, date(2021, 9, 30), Decimal("3.87"), scale, Decimal("3.9775"), 2, 40, True, True),
        (9909104, date(2021, 8, 31), scale, scale, scale, 1, 40, True, False),
    ]


async def test_what_the_school_closed_to_its_parents_stays_closed(source: Source) -> None:
    database, *_ = source
    await database.run("update profile_exceptions set can_use = 'N' where profile_id = 3 and modname like 'Grades/%'")
    try:
        shown = {
            (relation, flag)
            for relation, column in (
                ("assignment", "visible"),
                ("score", "released"),
                ("grade", "released"),
                ("transcript_entry", "released"),
                ("academic_record", "released"),
                ("academic_record", "rank_shown"),
            )
            for flag in await answer(source, relation, [column])
        }
    finally:
        await database.run(
            "update profile_exceptions set can_use = 'Y' where profile_id = 3 and modname like 'Grades/%'"
        )

    assert shown == {
        ("assignment", False),
        ("score", False),
        ("grade", False),
        ("transcript_entry", False),
        ("academic_record", False),
    }


async def test_a_vaccine_is_what_the_school_typed_and_nothing_is_judged(source: Source) -> None:
    columns = ["student_id", "given_on", "cvx", "product", "valid"]
    assert await answer(source, "immunization", columns, "immunization.student_id = 9909001") == [
        (9909001, None, None, None, None),
        (9909001, date(2015, 5, 6), None, "MMR, 2nd", None),
    ]


async def test_medical_is_withheld_from_every_parent_until_the_school_opens_it(source: Source) -> None:
    database, *_ = source
    pairs = await answer(source, "guardian_student", ["guardian_id", "student_id"])
    assert await answer(source, "withheld_area", ["guardian_id", "student_id"]) == pairs
    row = "(profile_id, modname, can_use) values (3, 'Students/Student.php&category_id=2', 'Y')"
    await database.run(f"insert into profile_exceptions {row}")
    try:
        assert await answer(source, "withheld_area", ["guardian_id", "student_id"]) == []
    finally:
        await database.run("delete from profile_exceptions where modname = 'Students/Student.php&category_id=2'")


async def test_the_offices_code_counts_and_only_plain_names_excuse(source: Source) -> None:
    columns = ["on_date", "status", "excuse", "minutes_missed", "comment", "recorded_by", "confirmed", "updated_at"]
    status, excuse = AttendanceStatus, AttendanceExcuse

    def at(day: int, hour: int = 13) -> datetime:
        return datetime(2021, 9, day, hour, tzinfo=UTC)

    assert await answer(source, "attendance", columns, "attendance.student_id = 9909001") == [
        (date(2021, 9, 1), status.ABSENT, excuse.EXCUSED, 45, "Dentist", "OFFICE", True, at(1, 17)),
        (date(2021, 9, 2), status.TARDY, excuse.UNKNOWN, None, "bus", "TEACHER", False, at(2)),
        (date(2021, 9, 3), status.EARLY_RELEASE, excuse.UNKNOWN, None, None, "TEACHER", False, at(3)),
        (date(2021, 9, 4), status.ABSENT, excuse.UNKNOWN, 22, None, "TEACHER", False, at(4)),
        (date(2021, 9, 6), status.ABSENT, excuse.UNEXCUSED, 45, None, "TEACHER", False, at(6)),
    ]
    assert await answer(
        source, "attendance_day", ["on_date", "absent_part", "minutes_present"], "attendance_day.student_id = 9909001"
    ) == [(date(2021, 9, 1), Decimal(1), 0), (date(2021, 9, 4), Decimal("0.5"), 190)]


async def test_the_dumps_attendance_reads_as_its_codes_say(source: Source) -> None:
    found = await answer(source, "attendance", ["status", "confirmed"], "attendance.student_id < 9909001")
    present, absent, tardy = AttendanceStatus.PRESENT, AttendanceStatus.ABSENT, AttendanceStatus.TARDY

    assert {row: found.count(row) for row in set(found)} == {
        (present, False): 77730,
        (absent, False): 1740,
        (absent, True): 60,
        (tardy, False): 1470,
    }


async def test_a_note_of_today_reaches_the_parents_of_its_school(source: Source) -> None:
    notes = await answer(source, "message", ["id", "subject", "body", "sender_name", "sent_at"])
    recipients = await answer(
        source, "message_recipient", ["guardian_id", "student_id"], "message_recipient.message_id = 9909901"
    )

    assert notes == [
        (9909901, "Picnic", "<p>On Friday.</p>", "Elm School", datetime(2021, 9, 20, 12, tzinfo=UTC)),
        (9909905, "Elsewhere", "", "Peachtree High School", datetime(2021, 9, 21, 12, tzinfo=UTC)),
    ]
    assert recipients == [(key, None) for key in (9909201, 9909202, 9909203, 9909231, 9909232)]


async def test_a_note_follows_its_days(source: Source) -> None:
    assert await answer(source, "message", ["id"], today=date(2021, 9, 30)) == [9909901, 9909903]
    assert await answer(source, "message", ["id"], today=date(2021, 10, 2)) == [9909904, 9909905]


async def plans_of(source: Source, relation: str, select: str) -> list[tuple[str, bool]]:
    """Verdict and judgement for each key of a relation that is answered by this SELECT instead."""
    database, readers, _ = source
    adapter = replace(ADAPTER, selects={relation: select})
    report = await check_source(adapter, readers, database.dialect, TODAY)
    assert report.of(relation).broken is None
    return [(plan.verdict, plan.ok) for plan in report.of(relation).plans]


SCORE = "select g.student_id, g.assignment_id, 1 as released{} from gradebook_grades g"
SCANNED = [("SCANS gradebook_grades (34206)", False)]


async def test_bare_keys_are_pushed_down(source: Source) -> None:
    by_key = ", row_number() over (partition by g.student_id order by g.points) as points"

    assert await plans_of(source, "score", SCORE.format("")) == [("INDEXED", True)]
    assert await plans_of(source, "score", SCORE.format(by_key)) == [("INDEXED", True)]


async def test_a_cast_key_is_found_out(source: Source) -> None:
    cast = SCORE.format("").replace("g.student_id", "g.student_id + 0 as student_id")

    assert await plans_of(source, "score", cast) == SCANNED


async def test_a_window_over_all_keys_is_found_out(source: Source) -> None:
    over_all = ", row_number() over (order by g.points) as points"

    assert await plans_of(source, "score", SCORE.format(over_all)) == SCANNED


async def test_a_limit_inside_is_found_out(source: Source) -> None:
    assert await plans_of(source, "score", SCORE.format("") + " limit 100000") == SCANNED


async def test_an_explanation_leaves_the_connection_as_it_was(source: Source) -> None:
    _, readers, relations = source
    await plans_of(source, "score", SCORE.format(""))

    if relations.dialect is Dialect.POSTGRESQL:
        clock = ("select now()", ())
        [[seqscan], [one], [other]] = await readers.fetch([("show enable_seqscan", ()), clock, clock])
        assert seqscan[0] == "on"
        assert one[0] < other[0], "a transaction is still open"


async def asked(source: Source, statement: Statement, *columns: str) -> list[tuple[Any, ...]]:
    """The rows of a statement, in its order."""
    _, readers, relations = source
    rendered = relations.render(statement, columns)
    [rows] = await readers.fetch([(rendered.sql, relations.values(rendered, statement, TODAY))])
    places = [rendered.layout.columns.index(column) for column in columns]
    return [tuple(row[place] for place in places) for row in rendered.layout.parse(rows)]


async def test_the_office_finds_guardians_by_name_by_student_and_by_school(source: Source) -> None:
    async def called(*names: str, students: Sequence[str] = (), school: int | None = None) -> list[tuple[Any, ...]]:
        return await asked(source, guardians_called(names, students, school, 20), "key", "name")

    # One person, by the key of each school year.
    eva = [(9909201, "Eva Quist"), (9909202, "Eva Quist"), (9909203, "Eva Quist")]
    assert await called("QUIS") == await called("eva", "qu") == eva
    assert await called("quist", students=["addie"]) == []  # the name that the SIS holds is Ada
    assert await called("quist", students=["ada", "qui"], school=90) == eva
    assert await called("quist", school=1) == await called("uist") == await called("qu%t") == []
    assert len(await called("a")) == 20
    assert (90, "Elm School") in await asked(source, all_schools(), "key", "name")
    found = await asked(source, guardians_of_school(90), "guardian_key")
    assert {9909201, 9909202, 9909203} <= {key for (key,) in found}
    assert len(found) == len(set(found))


async def _read(source: Source, made: Statement, *names: str) -> list[Any]:
    """Some columns of what a statement answers."""
    _, readers, relations = source
    rendered = relations.render(made, names)
    [rows] = await readers.fetch([(rendered.sql, relations.values(rendered, made, TODAY))])
    return rendered.layout.several(names, rows)


async def _addressed(source: Source, scope: MessageScope, target: int | None) -> list[Any]:
    """The rights by which guardians are addressed, read page by page as they are when a message is sent."""
    paged: list[Any] = []
    after = None
    while some := await _read(source, rights_to_write_to(scope, target, after, 50), "guardian_key", "student_key"):
        whole = [pair for pair in some if len(some) < 50 or pair[0] != some[-1][0]]
        paged, after = paged + whole, whole[-1][0]
    whole = await _read(source, rights_to_write_to(scope, target, None, 10_000), "guardian_key", "student_key")
    assert paged == whole
    [(total,)] = await _read(source, addressees(scope, target), "total")
    assert total == len({guardian for guardian, _ in whole})
    return whole


@pytest.mark.postgresql
@pytest.mark.mariadb
async def test_whom_a_message_is_for_and_an_inbox_are_the_same_on_both_engines(sources: dict[Dialect, Source]) -> None:
    found: dict[Dialect, list[Any]] = {}
    for dialect, source in sources.items():
        district = await _addressed(source, MessageScope.DISTRICT, None)
        guardian, student = district[len(district) // 2]
        now, wanted = datetime(2021, 10, 1, 12, tzinfo=UTC), MessageFilter(unread=True)
        told = [district]
        now_there = f"student_id = {student} and ends_on is null"
        (section, _), *_ = await answer(source, "enrollment", ("section_id", "student_id"), now_there)
        for scope, target in (("SCHOOL", 1), ("COURSE", section), ("STUDENT", student), ("PERSONAL", guardian)):
            told.append(await _addressed(source, MessageScope(scope), target))
        for marked in (Marked(), Marked(read=[1], unread=[2])):
            inbox = inbox_messages(dialect, guardian, [student], now, wanted, marked)
            told.append(await _read(source, inbox, "message_key", "sent_at", "concerned"))
        found[dialect] = told
    assert found[Dialect.POSTGRESQL] == found[Dialect.MYSQL]
    sizes = [len(each) for each in found[Dialect.POSTGRESQL]]
    assert sizes[0] > 400
    assert all(size > 0 for size in sizes[1:5]), sizes
