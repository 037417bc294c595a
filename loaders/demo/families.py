"""The ordinary families of the made district, and everybody's rows."""

import sqlite3
from itertools import count

from loaders.contract import RelationshipKind
from loaders.demo.calendar import SchoolYear
from loaders.demo.census import Census
from loaders.demo.names import Origin, any_origin
from loaders.demo.people import LEVELS, People, Student
from loaders.demo.store import write

_MOTHER, _FATHER, _GRANDPARENT = RelationshipKind.MOTHER, RelationshipKind.FATHER, RelationshipKind.GRANDPARENT
_LEGAL = frozenset({_MOTHER, _FATHER, RelationshipKind.FOSTER_PARENT, RelationshipKind.GUARDIAN})
_CHILDREN, _CHILDREN_SHARES = (1, 2, 3, 4), (45, 38, 13, 4)
_TWINS = 0.02


def add_families(census: Census, students: int) -> None:
    """Families of one to four children until the district has that many students."""
    while (room := students - len(census.people.students)) > 0:
        _family(census, room)


def write_people(connection: sqlite3.Connection, people: People, year: SchoolYear) -> None:
    """Write students with this and last year's schools, guardians and their rights."""
    write(
        connection,
        "student",
        "id student_number given_name family_name preferred_name birth_date",
        (
            (s.id, str(100_000 + s.id), s.given_name, s.family_name, s.preferred_name, str(s.birth_date))
            for s in people.students
        ),
    )
    write(
        connection,
        "guardian",
        "id given_name family_name email phone preferred_language",
        ((g.id, g.given_name, g.family_name, g.email, g.phone, g.language) for g in people.guardians),
    )
    write(
        connection,
        "guardian_student",
        "guardian_id student_id relationship portal_access legal_guardian lives_with contact_priority "
        "starts_on ends_on",
        (
            (k.guardian.id, k.student.id, k.relationship.value, k.portal_access, k.relationship in _LEGAL,
             k.lives_with, k.priority, k.starts_on and str(k.starts_on), k.ends_on and str(k.ends_on))
            for k in people.links
        ),
    )  # fmt: skip
    ids = count(1)
    write(
        connection,
        "school_enrollment",
        "id student_id school_id school_year grade_level starts_on ends_on is_primary",
        ((next(ids), *row) for student in people.students for row in _school_years(student, people, year)),
    )


def _school_years(student: Student, people: People, year: SchoolYear) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    if student.grade - 1 in student.school.grades:
        starts, ends = f"{year.ends_in - 2}-08-15", f"{year.ends_in - 1}-06-05"
        rows.append((student.id, student.school.id, year.ends_in - 1, LEVELS[student.grade - 1].value, starts, ends, 1))
    level, starts = LEVELS[student.grade].value, str(year.starts_on)
    rows.append((student.id, student.school.id, year.ends_in, level, starts, None, 1))
    if second := people.second_schools.get(student.id):
        rows.append((student.id, second.id, year.ends_in, level, starts, None, 0))
    return rows


def _family(census: Census, room: int) -> None:
    rng, origin, family = census.rng, any_origin(census.rng), census.new_family()
    name = rng.choice(origin.family)
    grades = rng.sample(range(len(LEVELS)), min(room, rng.choices(_CHILDREN, _CHILDREN_SHARES)[0]))
    born_on = [census.birth_date(grade) for grade in grades]
    if len(grades) < min(room, _CHILDREN[-1]) and rng.random() < _TWINS:
        grades.append(grades[-1])
        born_on.append(born_on[-1])
    taken: list[str] = []
    children = []
    for grade, day in zip(grades, born_on, strict=True):
        preferred = rng.choice(("Alex", "Jo", "Max", "Sam", "Kit")) if rng.random() < 0.05 else None
        given = census.given(origin, taken)
        children.append(census.student(family, given, name, grade, born_on=day, preferred=preferred))
    _guardians(census, children, name, origin)


def _guardians(census: Census, children: list[Student], name: str, origin: Origin) -> None:
    rng = census.rng
    other_name = name if rng.random() < 0.6 else rng.choice(origin.family)
    mother = census.guardian(rng.choice(origin.female), name, origin.language)
    census.link(mother, children, _MOTHER, portal_access=rng.random() > 0.02)
    kind = rng.random()
    if kind < 0.55:
        together = kind < 0.45
        father = census.guardian(rng.choice(origin.male), other_name, origin.language)
        access = rng.random() > (0.02 if together else 0.1)
        census.link(father, children, _FATHER, portal_access=access, lives_with=together, priority=2)
    elif kind < 0.60:
        grandmother = census.guardian(rng.choice(origin.female), other_name, origin.language)
        census.link(grandmother, children, _GRANDPARENT, priority=2)
