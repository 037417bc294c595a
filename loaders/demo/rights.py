"""Rights of the made district that are narrower, or last longer, than others: written when all else is there."""

import sqlite3

from loaders.contract import Area, RelationshipKind
from loaders.demo.calendar import DAY, SchoolYear
from loaders.demo.people import Case, People
from loaders.demo.store import write


def write_rights(connection: sqlite3.Connection, people: People, year: SchoolYear) -> None:
    """Write the areas withheld from a father, and another who keeps his right to a daughter of age; name both cases."""
    _withheld(connection, people, year)
    _kept(connection, people)


def _withheld(connection: sqlite3.Connection, people: People, year: SchoolYear) -> None:
    blocked = people.cases["blocked_guardian"]
    child = next(
        link.student for link in people.links if link.guardian.id == blocked.guardian_id and link.portal_access
    )
    over, coming = year.today - DAY, year.today + DAY
    rows = [
        (blocked.guardian_id, child.id, Area.HEALTH.value, None, None),
        (blocked.guardian_id, child.id, Area.GRADES.value, None, over),
        (blocked.guardian_id, child.id, Area.ATTENDANCE.value, coming, None),
    ]
    write(connection, "withheld_area", "guardian_id student_id area starts_on ends_on", rows)
    note = "HEALTH is withheld; GRADES was until yesterday, ATTENDANCE will be from tomorrow on."
    people.cases["withheld_area"] = Case("withheld_area", blocked.guardian_id, child.id, note)


def _kept(connection: sqlite3.Connection, people: People) -> None:
    student = people.cases["eligible_student"].student_id
    father = max(guardian.id for guardian in people.guardians) + 1
    person = (father, "Victor", "Ellis", "victor.ellis@example.org", None, "en")
    write(connection, "guardian", "id given_name family_name email phone preferred_language", [person])
    write(
        connection,
        "guardian_student",
        "guardian_id student_id relationship portal_access legal_guardian lives_with contact_priority adult_right",
        [(father, student, RelationshipKind.FATHER.value, 1, 1, 0, 2, 1)],
    )
    note = "The student is of age, and a tax dependent: the father keeps his right."
    people.cases["adult_right"] = Case("adult_right", father, student, note)
