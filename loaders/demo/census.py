"""Counts in the people of the made district, one after the other, so that ids are dense."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from loaders.contract import RelationshipKind
from loaders.demo.calendar import SchoolYear
from loaders.demo.names import Origin, address, given_name, phone
from loaders.demo.people import Case, Guardian, Link, People, School, Student

_UNWRITTEN = 0.04


@dataclass
class Census:
    """The people counted so far, and what the next ones are made of."""

    year: SchoolYear
    schools: list[School]
    rng: Random
    people: People = field(default_factory=People)
    _families: int = 0

    def new_family(self) -> int:
        """The number of one more family; it also says in which school zone the family lives."""
        self._families += 1
        return self._families

    def student(
        self,
        family: int,
        given: str,
        family_name: str,
        grade: int,
        *,
        born_on: date | None = None,
        preferred: str | None = None,
    ) -> Student:
        """One more student, at the school of the family's zone; born as the grade has it unless a date is given."""
        student = Student(
            id=len(self.people.students) + 1,
            family=family,
            given_name=given,
            family_name=family_name,
            preferred_name=preferred,
            birth_date=born_on or self.birth_date(grade),
            grade=grade,
            school=self.school(grade, family),
        )
        self.people.students.append(student)
        return student

    def guardian(self, given: str, family_name: str, language: str = "en") -> Guardian:
        """One more guardian; a few have no address or telephone."""
        number = len(self.people.guardians) + 1
        guardian = Guardian(
            id=number,
            given_name=given,
            family_name=family_name,
            email=None if self.rng.random() < _UNWRITTEN else address(given, family_name, number),
            phone=None if self.rng.random() < _UNWRITTEN else phone(number),
            language=language,
        )
        self.people.guardians.append(guardian)
        return guardian

    def link(
        self,
        guardian: Guardian,
        students: list[Student],
        relationship: RelationshipKind,
        *,
        portal_access: bool = True,
        lives_with: bool = True,
        priority: int = 1,
        starts_on: date | None = None,
        ends_on: date | None = None,
    ) -> None:
        """The guardian's right to each of the students."""
        self.people.links.extend(
            Link(guardian, student, relationship, portal_access, lives_with, priority, starts_on, ends_on)
            for student in students
        )

    def case(self, name: str, guardian: Guardian | None, student: Student | None, note: str) -> None:
        """Remember an awkward case by the people it happens to."""
        self.people.cases[name] = Case(name, guardian.id if guardian else None, student.id if student else None, note)

    def school(self, grade: int, zone: int) -> School:
        """The school for a grade in a zone."""
        fitting = [school for school in self.schools if grade in school.grades]
        return fitting[zone % len(fitting)]

    def birth_date(self, grade: int) -> date:
        """A birthday of somebody in that grade: kindergartners turn five by the 1st of September."""
        return date(self.year.ends_in - 7 - grade, 9, 2) + timedelta(days=self.rng.randrange(364))

    def given(self, origin: Origin, taken: list[str]) -> str:
        """A given name that no sibling has."""
        name = given_name(self.rng, origin)
        while name in taken:
            name = given_name(self.rng, origin)
        taken.append(name)
        return name
