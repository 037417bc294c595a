"""Where the awkward records of the made district are: found by SQL after it is made, and kept beside it."""

import sqlite3

from loaders.demo.people import Case

_TABLE = """
create table demo_case (
  name text primary key,
  guardian_id integer,
  student_id integer,
  note text not null
) without rowid
"""

_OF_SCORE = """
select 'assignment ' || score.assignment_id || ' of section ' || score.section_id || '.'
from score join assignment on assignment.id = score.assignment_id
where score.student_id = :student and {condition}
order by score.assignment_id
limit 1
"""

# Each finds one text for the demo parent's eldest.
_RECORDS = {
    "exempt_score": _OF_SCORE.format(condition="score.exempt = 1 and assignment.visible = 1"),
    "missing_score": _OF_SCORE.format(condition="score.missing = 1 and assignment.visible = 1"),
    "dropped_score": _OF_SCORE.format(condition="score.dropped = 1 and assignment.visible = 1"),
    "extra_credit": _OF_SCORE.format(
        condition="assignment.extra_credit = 1 and score.points > assignment.points_possible"
    ),
    "invisible_assignment": _OF_SCORE.format(condition="assignment.visible = 0 and score.points is not null"),
    "unreleased_score": _OF_SCORE.format(
        condition="score.released = 0 and score.points is not null and score.releases_at > :today"
    ),
    "unreleased_grade": """
select 'grade ' || grade.id || '.' from grade where grade.student_id = :student and grade.released = 0
order by grade.id limit 1
""",
    "raised_grade": """
select 'grade ' || grade.id || '.'
from grade join section on section.id = grade.section_id join term on term.id = grade.term_id
where grade.student_id = :student and section.title like 'Spanish%' and term.name = 'Quarter 1'
order by grade.id limit 1
""",
    "dropped_course": """
select 'section ' || enrollment.section_id || ', left on ' || enrollment.ends_on || '.'
from enrollment where enrollment.student_id = :student and enrollment.ends_on < :today
order by enrollment.section_id limit 1
""",
    "added_course": """
select 'section ' || enrollment.section_id || ', joined on ' || enrollment.starts_on || '.'
from enrollment join term on term.id = enrollment.term_id
where enrollment.student_id = :student and enrollment.starts_on > term.starts_on and enrollment.ends_on is null
order by enrollment.section_id limit 1
""",
    "corrected_attendance": """
select attendance.on_date || ', ' || attendance.period || ': absent by the teacher, then tardy by the office.'
from attendance
where attendance.student_id = :student and attendance.status = 'TARDY' and attendance.excuse = 'EXCUSED'
  and attendance.confirmed = 1 and attendance.comment is not null
order by attendance.on_date limit 1
""",
    "unconfirmed_attendance": """
select attendance.on_date || ', ' || attendance.period || '.'
from attendance
where attendance.student_id = :student and attendance.confirmed = 0 and attendance.status = 'ABSENT'
order by attendance.on_date limit 1
""",
    "unsafe_message": """
select 'message ' || message.id || '.'
from message_recipient join message on message.id = message_recipient.message_id
where message_recipient.guardian_id = :guardian and message.body like '%<script>%'
order by message.id limit 1
""",
}


def find_cases(connection: sqlite3.Connection, today: str, people: dict[str, Case]) -> dict[str, Case]:
    """The cases of people and those of the demo parent's records, each there; LookupError where one is not."""
    parent = people["parent"]
    cases = dict(people)
    values = {"guardian": parent.guardian_id, "student": parent.student_id, "today": today}
    for name, sql in _RECORDS.items():
        found = connection.execute(sql, values).fetchone()
        if found is None:
            raise LookupError(f"The made district has no {name}.")
        cases[name] = Case(name, parent.guardian_id, parent.student_id, found[0])
    return cases


def write_cases(connection: sqlite3.Connection, cases: dict[str, Case]) -> None:
    """Keep the cases in a table of their own, `demo_case`."""
    connection.execute(_TABLE)
    connection.executemany(
        "insert into demo_case (name, guardian_id, student_id, note) values (?, ?, ?, ?)",
        ((case.name, case.guardian_id, case.student_id, case.note) for case in cases.values()),
    )
