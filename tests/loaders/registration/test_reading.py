"""A form's file: what the default holds, and that every fault is told with its place, all of them at once."""

from pathlib import Path

import pytest

from gateway.demo_form import form_text
from loaders.registration.form import FieldKind
from loaders.registration.patterns import matches, pattern_fault
from loaders.registration.reading import DEFAULT_FORM, FormInvalid, parse_form, read_form, read_forms
from tests.world import TODAY

SMALL = """
school_year = 2028
languages = ["en", "es"]
title = { en = "Form" }
statement = { en = "I sign." }
[[windows]]
opens_on = 2026-11-01
closes_on = 2027-08-31
[[sections]]
id = "student"
title = { en = "Student" }
fields = [
  { id = "name", kind = "TEXT", label = { en = "Name" } },
  { id = "grade", kind = "CHOICE", label = { en = "Grade" }, choices = [{ value = "KG", label = { en = "K" } }] },
]
"""
#: What is changed in the form above, and what is told of it.
FAULTS = [
    ('kind = "TEXT"', 'kind = "WORD"', "sections.student.name.kind: 'WORD' is none of TEXT"),
    ('id = "name"', 'id = "Name"', "sections.student.Name.id: "),
    ('{ en = "Name" }', '{ es = "Nombre" }', "sections.student.name.label: say it in en, the form's first language."),
    ('{ en = "Name" }', '{ en = "Name", fr = "Nom" }', "sections.student.name.label: fr is none of the form's"),
    ('{ en = "Name" } }', '{ en = "Name" }, min = 3 }', "sections.student.name.min: a field of kind TEXT has none."),
    ('{ en = "Name" } }', '{ en = "Name" }, pattern = "(a+)+" }', "sections.student.name.pattern: '(' at character 1"),
    ('{ en = "Name" } }', '{ en = "Name" }, prefill = "other.phone" }', "sections.student.name.prefill: 'other.phone'"),
    ('{ en = "Name" } }', '{ en = "Name" }, export = "users.x" }', "sections.student.name.export: 'users.x' is none"),
    ('{ en = "Name" } }', '{ en = "Name" }, hint = "x" }', "sections.student.name.hint: Extra inputs"),
    ('{ en = "Name" } }', '{ en = "Name" }, when = { field = "grade" } }', "sections.student.name.when: student.grade"),
    ('{ en = "Name" } }', '{ en = "Name" }, max_bytes = 3 }', "sections.student.name.max_bytes: a field of kind TEXT"),
    ('"TEXT"', '"DOCUMENT", media_types = ["text/html"]', "sections.student.name.media_types: 'text/html' is none of"),
    ('"TEXT"', '"DOCUMENT", max_bytes = 99000000', "sections.student.name.max_bytes: "),
    ('id = "grade"', 'id = "name"', "sections.student: name is there twice."),
    (', choices = [{ value = "KG", label = { en = "K" } }]', "", "sections.student.grade.choices: list what can be"),
    ("closes_on = 2027-08-31", "closes_on = 2026-08-31", "windows: one closes on 2026-08-31, before it opens"),
    ("[[sections]]", "[[windows]]\nopens_on = 2027-01-01\ncloses_on = 2027-09-01\n[[sections]]", "lie over each other"),
    ("school_year = 2028", "school_year = 28", "school_year: "),
]


def told(text: str) -> str:
    with pytest.raises(FormInvalid) as refused:
        parse_form("form.toml", text)
    return str(refused.value)


def test_the_forms_that_districts_and_the_demo_start_from_are_right_in_both_languages() -> None:
    default, demo = read_form(DEFAULT_FORM), parse_form("form.toml", form_text(TODAY))
    assert default.school_year == demo.school_year == 2028
    assert default.version == demo.version
    assert [section.id for section in default.sections] == [
        *("household", "guardians", "other_household", "emergency_contacts"),
        *("student", "health", "releases", "documents"),
    ]
    assert {section.id for section in default.sections if section.shared} == {
        *("household", "guardians", "other_household", "emergency_contacts")
    }
    for _, field in default.fields():
        assert {*field.label} == {"en", "es"}
        assert all({*choice.label} == {"en", "es"} for choice in field.choices)
    assert demo.window_on("1", TODAY) is not None


@pytest.mark.parametrize(("written", "instead", "fault"), FAULTS)
def test_each_fault_is_told_with_its_place(written: str, instead: str, fault: str) -> None:
    assert written in SMALL
    assert fault in told(SMALL.replace(written, instead, 1))


def test_all_faults_are_told_at_once() -> None:
    text = SMALL.replace('kind = "TEXT"', 'kind = "WORD"').replace("closes_on = 2027", "closes_on = 2025")
    said = told(text.replace(', choices = [{ value = "KG", label = { en = "K" } }]', ""))
    assert said.startswith("form.toml is no registration form:\n")
    assert len(said.splitlines()) == 4


def test_a_folder_has_one_form_for_each_year_and_one_at_the_least(tmp_path: Path) -> None:
    with pytest.raises(FormInvalid, match="holds no registration form"):
        read_forms(tmp_path)
    (tmp_path / "one.toml").write_text(SMALL)
    assert [*read_forms(tmp_path)] == [2028]
    (tmp_path / "two.toml").write_text(SMALL)
    with pytest.raises(FormInvalid, match=r"two\.toml: another file of the folder is for school year 2028 too"):
        read_forms(tmp_path)
    (tmp_path / "two.toml").write_text("school_year = ")
    with pytest.raises(FormInvalid, match=r"two\.toml: "):
        read_forms(tmp_path)


def test_the_version_is_of_what_is_asked_and_of_no_window() -> None:
    form = parse_form("form.toml", SMALL)
    moved = parse_form("form.toml", SMALL.replace("2026-11-01", "2026-12-01"))
    asked = parse_form("form.toml", SMALL.replace('{ en = "Name" } }', '{ en = "Name" }, required = true }'))
    assert form.version == moved.version != asked.version
    assert {field.kind for _, field in form.fields()} == {FieldKind.TEXT, FieldKind.CHOICE}


def test_a_document_is_bounded_where_the_form_says_nothing() -> None:
    asked = (
        parse_form("form.toml", SMALL.replace('"TEXT"', '"DOCUMENT", media_types = ["image/png"]')).sections[0].fields
    )
    assert [(rule.code.value, rule.value) for rule in asked[0].rules] == [
        ("MEDIA_TYPES", "image/png"),
        ("MAX_BYTES", str(10 * 2**20)),
        ("MAX_DOCUMENTS", "5"),
    ]


@pytest.mark.parametrize("pattern", ["(a)", "a|b", "a*b*", "[a", "^a", "a$", "a{3", ".", r"\w", "a**", "[z-a]"])
def test_a_pattern_that_is_slow_or_read_in_two_ways_is_refused(pattern: str) -> None:
    assert pattern_fault(pattern) is not None


def test_a_pattern_is_of_the_whole_value() -> None:
    assert pattern_fault(r"\d{5}(-\d{4})?") is not None
    assert pattern_fault(r"\d{5}") is None
    assert matches(r"\d{5}", "65101")
    assert not matches(r"\d{5}", "65101\n")
    assert not matches(r"\d{5}", "٦٥١٠١")
