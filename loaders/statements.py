"""Every statement that the loaders send, with keys to try it on: what `homeroom check` has the database explain."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import cycle
from typing import Any

from loaders import (
    addressees,
    assignments,
    attendance,
    book,
    courses,
    documents,
    grades,
    grading,
    guardian_search,
    immunizations,
    messages,
    people,
    rights,
    schedule,
    schools,
    standards,
    transcript,
)
from loaders.attendance_tally import Span, tally_of_students
from loaders.contract import MessageScope
from loaders.dialect import Dialect
from loaders.school_days import days_between, terms_between
from loaders.statement import Key, Statement, counted
from loaders.watched import SUBJECTS, watched_things

#: How many rows of each key a page is cut to.
PAGE = 21


@dataclass(frozen=True)
class Sample:
    """Keys of a database by relation and column, as in `student.id`, on one of its days."""

    dialect: Dialect
    today: date
    keys: Mapping[str, Sequence[Key]]

    @property
    def now(self) -> datetime:
        """Noon of the day."""
        return datetime.combine(self.today, time(12), UTC)

    def one(self, column: str) -> list[Any]:
        """The keys of one column."""
        return list(self.keys[column])

    def pairs(self, first: str, second: str) -> list[tuple[Any, Any]]:
        """A key of the second column beside each of the first."""
        return list(zip(self.one(first), cycle(self.one(second)), strict=False))


@dataclass(frozen=True)
class Listed:
    """A statement by the name of what it reads: the columns whose keys it is asked for, and how it is made of them."""

    name: str
    columns: tuple[str, ...]
    make: Callable[[Sample], Statement]


STUDENT, GUARDIAN, SCHOOL, TERM = "student.id", "guardian.id", "school.id", "term.id"
DOSE, VERDICT, EXEMPTION = "immunization.id", "immunization_status.student_id", "immunization_exemption.id"
NARROWED = "withheld_area.guardian_id"
TAKEN, SECTION = "enrollment.student_id", "enrollment.section_id"
ASSIGNMENT, CATEGORY, GRADE, MESSAGE, PERIOD = (
    "assignment.id",
    "category.id",
    "grade.id",
    "message.id",
    "attendance.period_id",
)
ENTRY, RECORD, REQUIREMENT = (
    "transcript_entry.student_id",
    "academic_record.student_id",
    "credit_requirement.student_id",
)
EVERY_MARK = attendance.AttendanceFilter()


def _taken(sample: Sample) -> list[tuple[Any, Any]]:
    return sample.pairs(TAKEN, SECTION)


def _left(sample: Sample) -> list[tuple[Any, Any, Any]]:
    return [(student, section, None) for student, section in _taken(sample)]


def _assignments_of_guardians(s: Sample, *, courses: bool = False) -> Statement:
    return assignments.assignments_of_guardians(s.one(GUARDIAN), s.one(STUDENT), assignments.EVERY, courses=courses)


def _messages_of_guardians(s: Sample) -> Statement:
    return messages.messages_of_guardians(s.one(GUARDIAN), s.one(STUDENT), s.now, messages.MessageFilter())


def _inbox(s: Sample) -> Statement:
    (guardian, *_), wanted = s.one(GUARDIAN), messages.MessageFilter(unread=True)
    return messages.inbox_messages(s.dialect, guardian, s.one(STUDENT), s.now, wanted, messages.Marked())


def _tally(s: Sample) -> Statement:
    span = Span(s.today - timedelta(days=120), s.today, (s.today.year, s.today.year + 1))
    return tally_of_students(s.one(STUDENT), span, days=True, calendar=True)


def _watched(s: Sample, subject: str) -> Statement:
    owners = s.one(GUARDIAN if SUBJECTS[subject].owner == "guardian" else TAKEN)
    return watched_things(s.dialect, SUBJECTS[subject], owners, s.now, s.today)


STATEMENTS: tuple[Listed, ...] = (
    Listed(
        "the scope of a guardian", (GUARDIAN,), lambda s: rights.scope_of_guardian(s.one(GUARDIAN)[0], withheld=False)
    ),
    Listed(
        "the scopes of guardians", (GUARDIAN,), lambda s: rights.scopes_of_guardians(s.one(GUARDIAN), withheld=False)
    ),
    Listed(
        "the narrowed scope of a guardian",
        (NARROWED,),
        lambda s: rights.scope_of_guardian(s.one(NARROWED)[0], withheld=True),
    ),
    Listed(
        "the narrowed scopes of guardians",
        (NARROWED,),
        lambda s: rights.scopes_of_guardians(s.one(NARROWED), withheld=True),
    ),
    Listed("the rights of guardians", (GUARDIAN,), lambda s: rights.rights_of_guardians(s.one(GUARDIAN))),
    Listed("the rights to students", (STUDENT,), lambda s: rights.rights_to_students(s.one(STUDENT))),
    Listed("students", (STUDENT,), lambda s: people.students(s.one(STUDENT))),
    Listed("guardians", (GUARDIAN,), lambda s: people.guardians(s.one(GUARDIAN))),
    Listed(
        "the students of guardians",
        (GUARDIAN, STUDENT),
        lambda s: people.students_of_guardians(s.one(GUARDIAN), s.one(STUDENT)),
    ),
    Listed(
        "the students of messages",
        (MESSAGE, GUARDIAN, STUDENT),
        lambda s: people.students_of_messages(s.pairs(MESSAGE, GUARDIAN), s.one(STUDENT)),
    ),
    Listed("the teachers of sections", (SECTION,), lambda s: people.teachers_of_sections(s.one(SECTION))),
    Listed(
        "the teachers of students",
        (STUDENT, "staff.id"),
        lambda s: people.teachers_of_students(s.one("staff.id"), s.one(STUDENT)),
    ),
    Listed("the school of students", (STUDENT,), lambda s: schools.school_of_students(s.one(STUDENT))),
    Listed("the enrollments of students", (STUDENT,), lambda s: schools.enrollments_of_students(s.one(STUDENT))),
    Listed("schools", (SCHOOL,), lambda s: schools.schools(s.one(SCHOOL))),
    Listed("terms", (TERM,), lambda s: schools.terms(s.one(TERM))),
    Listed(
        "the terms of years",
        (SCHOOL,),
        lambda s: schools.terms_of_years([(school, s.today.year) for school in s.one(SCHOOL)]),
    ),
    Listed("the days between two days", (), lambda s: days_between(s.today, s.today + timedelta(days=120))),
    Listed("the terms between two days", (), lambda s: terms_between(s.today, s.today + timedelta(days=120))),
    Listed(
        "the meetings of students",
        (TAKEN,),
        lambda s: schedule.meetings_of_students(s.one(TAKEN), s.today, s.today),
    ),
    Listed("the days of schools", (SCHOOL,), lambda s: schedule.days_of_schools(s.one(SCHOOL), s.today, s.today)),
    Listed(
        "the days of schools of usual hours",
        (SCHOOL,),
        lambda s: schedule.plain_days_of_schools(s.one(SCHOOL), s.today, s.today),
    ),
    Listed("the time zones of schools", (SCHOOL,), lambda s: schedule.zones_of_schools(s.one(SCHOOL))),
    Listed("the terms of students", (STUDENT,), lambda s: schools.terms_of_students(s.one(STUDENT))),
    Listed("the courses of students", (TAKEN,), lambda s: courses.courses_of_students(s.one(TAKEN))),
    Listed(
        "the courses of students in terms",
        (TAKEN, TERM),
        lambda s: courses.courses_of_students(s.one(TAKEN), s.one(TERM)),
    ),
    Listed("courses", (TAKEN, SECTION), lambda s: courses.courses(_taken(s))),
    Listed("the categories of sections", (SECTION,), lambda s: courses.categories_of_sections(s.one(SECTION))),
    Listed("categories", (CATEGORY, SECTION), lambda s: courses.categories(s.pairs(CATEGORY, SECTION))),
    Listed("the grades of students", (TAKEN,), lambda s: grades.grades_of_students(s.one(TAKEN))),
    Listed("the grades of courses", (TAKEN, SECTION), lambda s: grades.grades_of_courses(_taken(s))),
    Listed("the trend of courses", (TAKEN, SECTION), lambda s: grades.trend_of_courses(_taken(s))),
    Listed("the first grade of courses", (TAKEN, SECTION), lambda s: grades.first_grade_of_courses(_taken(s))),
    Listed("grades", (TAKEN, GRADE), lambda s: grades.grades(s.pairs(TAKEN, GRADE))),
    Listed("the rules of sections", (SECTION,), lambda s: grading.rules_of_sections(s.one(SECTION))),
    Listed("the scales of sections", (SECTION,), lambda s: grading.scales_of_sections(s.one(SECTION))),
    Listed("the parts of grades", (SECTION,), lambda s: grading.parts_of_sections(s.one(SECTION))),
    Listed(
        "the levels by standard of courses",
        (TAKEN, SECTION),
        lambda s: standards.standard_grades_of_courses(_taken(s)),
    ),
    Listed("the work of sections", (SECTION,), lambda s: grading.work_of_sections(s.one(SECTION))),
    Listed("the grades of parts", (TAKEN, SECTION), lambda s: grading.grades_of_pairs(_taken(s))),
    Listed("the watched grades", (TAKEN,), lambda s: _watched(s, "grade")),
    Listed("the watched assignments", (TAKEN,), lambda s: _watched(s, "assignment")),
    Listed("the watched attendance", (TAKEN,), lambda s: _watched(s, "attendance")),
    Listed("the watched messages", (GUARDIAN,), lambda s: _watched(s, "message")),
    Listed(
        "the assignments of students",
        (TAKEN,),
        lambda s: assignments.assignments_of_students(s.one(TAKEN), assignments.EVERY).cut(PAGE),
    ),
    Listed(
        "the number of assignments of students",
        (TAKEN,),
        lambda s: counted(assignments.assignments_of_students(s.one(TAKEN), assignments.EVERY)),
    ),
    Listed("the assignments of guardians", (GUARDIAN, STUDENT), lambda s: _assignments_of_guardians(s).cut(PAGE)),
    Listed(
        "the number of assignments of guardians", (GUARDIAN, STUDENT), lambda s: counted(_assignments_of_guardians(s))
    ),
    Listed(
        "the assignments of students and their courses",
        (TAKEN,),
        lambda s: assignments.assignments_of_students(s.one(TAKEN), assignments.EVERY, courses=True).cut(PAGE),
    ),
    Listed(
        "the assignments of guardians and their courses",
        (GUARDIAN, STUDENT),
        lambda s: _assignments_of_guardians(s, courses=True).cut(PAGE),
    ),
    Listed(
        "the assignments of courses",
        (TAKEN, SECTION),
        lambda s: assignments.assignments_of_courses(_left(s), assignments.EVERY).cut(PAGE),
    ),
    Listed(
        "the number of assignments of courses",
        (TAKEN, SECTION),
        lambda s: counted(assignments.number_of_courses(_left(s))),
    ),
    Listed("the assignments of sections", (TAKEN, SECTION), lambda s: book.book_of_courses(_left(s)).left),
    Listed("the scores of students", (TAKEN, SECTION), lambda s: book.book_of_courses(_left(s)).right),
    Listed(
        "assignments",
        (TAKEN, SECTION, ASSIGNMENT),
        lambda s: assignments.assignments(
            [(*taken, key) for taken, key in zip(_taken(s), s.one(ASSIGNMENT), strict=False)]
        ),
    ),
    Listed(
        "the attendance of students",
        (STUDENT,),
        lambda s: attendance.attendance_of_students(s.one(STUDENT), EVERY_MARK).cut(PAGE),
    ),
    Listed(
        "the attendance of students and its courses",
        (STUDENT,),
        lambda s: attendance.attendance_of_students(s.one(STUDENT), EVERY_MARK, courses=True).cut(PAGE),
    ),
    Listed(
        "the number of marks of students",
        (STUDENT,),
        lambda s: counted(attendance.attendance_of_students(s.one(STUDENT), EVERY_MARK)),
    ),
    Listed(
        "the attendance of courses", (TAKEN, SECTION), lambda s: attendance.attendance_of_courses(_taken(s)).cut(PAGE)
    ),
    Listed(
        "attendance",
        (STUDENT, PERIOD),
        lambda s: attendance.attendance([(one, s.today, period) for one, period in s.pairs(STUDENT, PERIOD)]),
    ),
    Listed(
        "the marks of days",
        (STUDENT,),
        lambda s: attendance.attendance_of_days([(student, s.today) for student in s.one(STUDENT)]),
    ),
    Listed(
        "the days of students",
        (STUDENT,),
        lambda s: attendance.days_of_students(s.one(STUDENT), attendance.AttendanceDayFilter()).cut(PAGE),
    ),
    Listed("the attendance of students added up", (STUDENT,), _tally),
    Listed("the doses of students", (STUDENT, DOSE), lambda s: immunizations.doses_of_students(s.one(STUDENT))),
    Listed(
        "the immunization verdicts of students",
        (STUDENT, VERDICT),
        lambda s: immunizations.statuses_of_students(s.one(STUDENT)),
    ),
    Listed(
        "the immunization exemptions of students",
        (STUDENT, EXEMPTION),
        lambda s: immunizations.exemptions_of_students(s.one(STUDENT)),
    ),
    Listed(
        "the documents of students",
        ("document.student_id",),
        lambda s: documents.documents_of_students(s.one("document.student_id")),
    ),
    Listed("the posted terms of students", (TAKEN,), lambda s: documents.posted_terms_of_students(s.one(TAKEN))),
    Listed("the transcripts of students", (ENTRY,), lambda s: transcript.entries_of_students(s.one(ENTRY))),
    Listed("the academic records of students", (RECORD,), lambda s: transcript.record_of_students(s.one(RECORD))),
    Listed(
        "what graduation asks of students",
        (REQUIREMENT,),
        lambda s: transcript.requirements_of_students(s.one(REQUIREMENT)),
    ),
    Listed("the next message of all", (MESSAGE,), lambda s: messages.next_message(s.now)),
    Listed("the messages of guardians", (GUARDIAN, STUDENT), lambda s: _messages_of_guardians(s).cut(PAGE)),
    Listed("the number of messages of guardians", (GUARDIAN, STUDENT), lambda s: counted(_messages_of_guardians(s))),
    Listed(
        "messages",
        (GUARDIAN, STUDENT, MESSAGE),
        lambda s: messages.messages(s.one(GUARDIAN)[0], s.one(STUDENT), s.now, s.one(MESSAGE)),
    ),
    Listed("the inbox of a guardian", (GUARDIAN, STUDENT), lambda s: _inbox(s).cut(PAGE)),
    Listed(
        "the rights at a school",
        (SCHOOL,),
        lambda s: addressees.rights_to_write_to(MessageScope.SCHOOL, s.one(SCHOOL)[0], None, PAGE),
    ),
    Listed(
        "the rights in a course",
        (SECTION,),
        lambda s: addressees.rights_to_write_to(MessageScope.COURSE, s.one(SECTION)[0], None, PAGE),
    ),
    Listed(
        "the number of guardians of a course",
        (SECTION,),
        lambda s: addressees.addressees(MessageScope.COURSE, s.one(SECTION)[0]),
    ),
    Listed(
        "the schools of a course's students",
        (SECTION,),
        lambda s: addressees.schools_of_addressed(MessageScope.COURSE, s.one(SECTION)[0]),
    ),
    Listed("the teachers of a section", (SECTION,), lambda s: addressees.teachers_of_section(s.one(SECTION)[0])),
    Listed("the teachers of a student", (STUDENT,), lambda s: addressees.teachers_of_student(s.one(STUDENT)[0])),
    Listed("a member of staff", ("staff.id",), lambda s: addressees.staff_member(s.one("staff.id")[0])),
    Listed(
        "guardians by name",
        (SCHOOL,),
        lambda s: guardian_search.guardians_called(["an"], ["be"], s.one(SCHOOL)[0], PAGE),
    ),
    Listed("the guardians of a school", (SCHOOL,), lambda s: guardian_search.guardians_of_school(s.one(SCHOOL)[0])),
    Listed("every school", (), lambda s: guardian_search.all_schools()),
)
