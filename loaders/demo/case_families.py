"""The families whose rights, schools or names are awkward: the same ones in every made district, and the first."""

from datetime import timedelta

from loaders.contract import RelationshipKind
from loaders.demo.calendar import DAY, years_before
from loaders.demo.census import Census

#: The students of the case families; a district cannot be smaller.
CASE_STUDENTS = 25

_MOTHER, _FATHER, _PARENT = RelationshipKind.MOTHER, RelationshipKind.FATHER, RelationshipKind.PARENT

_ELSEWHERE = (
    # language, child, grade, guardian, family name
    ("fr", "Zoé", 3, "Hélène", "Lefèvre"),
    ("es", "Íñigo", 6, "Begoña", "Muñoz"),
    ("pl", "Łukasz", 8, "Małgorzata", "Wiśniewska"),
    ("ar", "ليلى", 9, "يوسف", "الخطيب"),
    ("zh", "子涵", 1, "丽娜", "陈"),
    ("vi", "Đức", 11, "Tuyết", "Nguyễn"),
)
_SCRIPTS = {"fr": "french", "es": "spanish", "pl": "polish", "ar": "arabic", "zh": "chinese", "vi": "vietnamese"}


def add_case_families(census: Census) -> None:
    """The case families, always the same, whatever the district's size."""
    _households(census)
    _blocked(census)
    _dated(census)
    _eligible(census)
    _two_schools(census)
    _twins(census)
    _many(census)
    _elsewhere(census)
    nobody = census.guardian("Rosalind", "Archer")
    census.case("no_student", nobody, None, "A guardian without any student.")


def _households(census: Census) -> None:
    family = census.new_family()
    rafael = census.student(family, "Rafael", "Peña Brooks", 10)
    nina = census.student(family, "Nina", "Peña Brooks", 7)
    leo = census.student(family, "Leo", "Peña Brooks", 2)
    mother = census.guardian("Marisol", "Peña", "en")
    father = census.guardian("Graham", "Brooks")
    census.link(mother, [rafael, nina, leo], _MOTHER)
    census.link(father, [rafael, nina, leo], _FATHER, lives_with=False, priority=2)
    census.case("parent", mother, rafael, "Whom the demo logs in: students in grades 10, 7 and 2.")
    census.case("elementary_pupil", mother, leo, "The youngest of the demo's three: K-5, marked by the day.")
    census.case("two_households", father, leo, "The co-parent lives apart; both have the portal for all three.")


def _blocked(census: Census) -> None:
    family = census.new_family()
    open_child = census.student(family, "Ivy", "Porter", 8)
    closed_child = census.student(family, "Owen", "Porter", 5)
    mother, father = census.guardian("Dana", "Porter"), census.guardian("Neil", "Porter")
    census.link(mother, [open_child, closed_child], _MOTHER)
    census.link(father, [open_child], _FATHER, lives_with=False, priority=2)
    census.link(father, [closed_child], _FATHER, portal_access=False, lives_with=False, priority=2)
    census.case(
        "blocked_guardian", father, closed_child, f"No portal for this student, but for student {open_child.id}."
    )


def _dated(census: Census) -> None:
    family, today = census.new_family(), census.year.today
    child = census.student(family, "Tessa", "Lane", 4)
    before, after = census.guardian("Ruth", "Gibson"), census.guardian("Colin", "Lane")
    uncle = census.guardian("Peter", "Lane")
    census.link(
        before, [child], RelationshipKind.FOSTER_PARENT, lives_with=False, priority=2,
        starts_on=today - 400 * DAY, ends_on=today - DAY,
    )  # fmt: skip
    census.link(after, [child], _FATHER, starts_on=today + DAY)
    census.link(uncle, [child], RelationshipKind.RELATIVE, priority=3, starts_on=today - 30 * DAY, ends_on=today)
    census.case("ended_right", before, child, "The right ended yesterday.")
    census.case("coming_right", after, child, "The right starts tomorrow.")
    census.case("last_day_right", uncle, child, "The right holds today for the last day.")


def _eligible(census: Census) -> None:
    family = census.new_family()
    born_on = years_before(census.year.today - timedelta(days=10), 18)
    student = census.student(family, "Hannah", "Ellis", 12, born_on=born_on)
    sibling = census.student(family, "Henry", "Ellis", 0)
    mother = census.guardian("Joan", "Ellis")
    census.link(mother, [student, sibling], _MOTHER)
    census.case("eligible_student", mother, student, "Turned 18 ten days ago.")
    census.case("kindergartner", mother, sibling, "A kindergartner; the sibling is eligible.")


def _two_schools(census: Census) -> None:
    family = census.new_family()
    student = census.student(family, "Adaeze", "Foster", 5)
    mother = census.guardian("Ngozi", "Foster")
    second = census.school(6, family)
    census.people.second_schools[student.id] = second
    census.link(mother, [student], _MOTHER)
    census.case("two_schools", mother, student, f"Also takes a course at school {second.id}, which is not primary.")


def _twins(census: Census) -> None:
    family = census.new_family()
    first = census.student(family, "Amelia", "Hughes", 6)
    second = census.student(family, "Emilia", "Hughes", 6, born_on=first.birth_date)
    father = census.guardian("Martin", "Hughes")
    census.link(father, [first, second], _FATHER)
    census.case("twins", father, first, f"Twin of student {second.id}: same birth date, name and sections.")


def _many(census: Census) -> None:
    family = census.new_family()
    four = [census.student(family, name, "Okoro", grade) for name, grade in _grades("Kene 0 Ada 4 Obi 7 Ife 10")]
    mother = census.guardian("Chioma", "Okoro")
    census.link(mother, four, _MOTHER)
    census.case("four_children", mother, four[0], "A guardian with four children.")
    family = census.new_family()
    large = [census.student(family, name, "Walker", grade) for name, grade in _grades("May 1 Finn 3 Jude 9 Nell 11")]
    mother, father = census.guardian("Carol", "Walker"), census.guardian("Dean", "Walker")
    census.link(mother, large, _MOTHER)
    census.link(father, large, _FATHER, priority=2)
    census.case("large_family", mother, large[0], "Four children in two schools, two in each.")


def _grades(text: str) -> list[tuple[str, int]]:
    words = text.split()
    return [(name, int(grade)) for name, grade in zip(words[::2], words[1::2], strict=True)]


def _elsewhere(census: Census) -> None:
    for language, given, grade, guardian_given, name in _ELSEWHERE:
        child = census.student(census.new_family(), given, name, grade)
        guardian = census.guardian(guardian_given, name, language)
        census.link(guardian, [child], _PARENT)
        census.case(f"non_ascii_{_SCRIPTS[language]}", guardian, child, f"{given} {name}.")
