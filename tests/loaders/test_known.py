"""What an operation has read need not be asked again; and only what was read answers."""

from datetime import UTC, date, datetime

import pytest

from loaders.adapter import load_adapter
from loaders.courses import courses, courses_of_students
from loaders.dialect import Dialect
from loaders.known import Known
from loaders.people import students, students_of_guardians, teachers_of_sections
from loaders.relations import Relations
from loaders.rights import SCOPE_GIVES, scope_of_guardian
from loaders.rows import Raw, Rows
from loaders.schools import school_of_students
from loaders.statement import Statement

RELATIONS = Relations(load_adapter("home"), Dialect.SQLITE)
AS_OF = datetime(2026, 11, 23, 17, tzinfo=UTC)


def rows(statement: Statement, wanted: list[str] | None, *raw: Raw) -> Rows:
    return Rows(RELATIONS.render(statement, wanted).layout, raw, AS_OF)


def scope(*cells: dict[str, object]) -> Rows:
    """Rows of a scope with these cells, null elsewhere."""
    statement = scope_of_guardian(1, withheld=False)
    layout = RELATIONS.render(statement).layout
    return Rows(layout, [tuple(row.get(name) for name in layout.plain) for row in cells], AS_OF)


def student(key: int, name: str, school: int | None = 5) -> dict[str, object]:
    return {
        "guardian_key": 1, "student_key": key, "of_student_key": key, "of_student_legal_given_name": name,
        "of_student_family_name": "Roe", "of_school_student_key": key, "of_school_key": school, "school_key": 5,
        "of_school_name": school and f"School {school}",
    }  # fmt: skip


def test_a_scope_answers_who_its_students_are_each_once_in_its_order() -> None:
    known = Known()
    known.add(SCOPE_GIVES, scope(student(9, "Ann"), student(9, "Ann", 6), student(7, "Ben")))

    found = known.answer(RELATIONS, students_of_guardians([1], [7, 9]), ["key", "name"])
    assert found is not None
    assert found.layout.several(("key", "name"), found.raw) == [(9, "Ann Roe"), (7, "Ben Roe")]
    assert (found.keys, found.as_of) == ([1, 1], AS_OF)
    one = known.answer(RELATIONS, students([7]), ["given_name"])
    assert one is not None
    assert one.layout.values("given_name", one.raw) == ["Ben"]


def test_the_first_enrolment_names_the_school() -> None:
    known = Known()
    known.add(SCOPE_GIVES, scope(student(9, "Ann", 6), student(9, "Ann", 5)))
    found = known.answer(RELATIONS, school_of_students([9]), ["name"])
    assert found is not None
    assert found.layout.values("name", found.raw) == ["School 6"]


def test_what_a_join_did_not_find_is_not_known() -> None:
    known = Known()
    known.add(SCOPE_GIVES, scope(student(9, "Ann", None)))
    assert known.answer(RELATIONS, school_of_students([9]), ["name"]) is None


def test_one_unknown_key_leaves_the_whole_to_be_asked() -> None:
    known = Known()
    known.add(SCOPE_GIVES, scope(student(9, "Ann")))
    assert known.answer(RELATIONS, students([9, 8]), ["name"]) is None


def test_a_column_that_was_not_read_is_asked() -> None:
    known, read = Known(), courses_of_students([9])
    known.keep(read, rows(read, ["key", "title"], (9, 70, "Art")))

    found = known.answer(RELATIONS, courses([(9, 70)]), ["title"])
    assert found is not None
    assert found.layout.values("title", found.raw) == ["Art"]
    assert known.answer(RELATIONS, courses([(9, 70)]), ["title", "room"]) is None
    assert known.answer(RELATIONS, courses([(9, 71)]), ["title"]) is None


def test_that_a_key_has_no_row_is_known_too() -> None:
    known, read = Known(), teachers_of_sections([70, 71])
    known.keep(read, rows(read, ["key"], (70, 3), (70, 4)))

    found = known.answer(RELATIONS, teachers_of_sections([71, 70]), ["key"])
    assert found is not None
    assert (found.layout.values("key", found.raw), found.keys) == ([3, 4], [70, 70])
    assert known.answer(RELATIONS, teachers_of_sections([72]), ["key"]) is None


@pytest.mark.parametrize("condition", ["student.id > 3"])
def test_a_statement_with_a_condition_more_is_never_answered(condition: str) -> None:
    known = Known()
    known.add(SCOPE_GIVES, scope(student(9, "Ann")))
    assert known.answer(RELATIONS, students([9]).having(condition), ["name"]) is None


def test_values_are_read_as_the_statement_would_read_them() -> None:
    known = Known()
    known.add(SCOPE_GIVES, scope({**student(9, "Ann"), "of_student_birth_date": "2012-02-29"}))
    found = known.answer(RELATIONS, students([9]), None)
    assert found is not None
    assert found.layout.values("birth_date", found.raw) == [date(2012, 2, 29)]
