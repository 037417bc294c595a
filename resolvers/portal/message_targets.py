"""To whom a message may go: what its order names, as far as it is there and the sender's to write to."""

from dataclasses import dataclass
from typing import Any

from loaders import addressees, people
from loaders.contract import MessageScope
from loaders.portal.accounts import account_by_id
from loaders.portal.roles import StaffRole
from loaders.portal.staff_schools import schools_of_staff
from loaders.statement import Key
from resolvers import arguments
from resolvers.context import Context, Viewer
from resolvers.portal.problems import Problem, ProblemCode
from resolvers.portal.service import Portal

_TARGETS = {
    MessageScope.DISTRICT: None,
    MessageScope.SCHOOL: "schoolId",
    MessageScope.COURSE: "sectionId",
    MessageScope.STUDENT: "studentId",
    MessageScope.PERSONAL: "guardianId",
}
_UNKNOWN = {
    MessageScope.DISTRICT: ProblemCode.TARGET_INVALID,
    MessageScope.SCHOOL: ProblemCode.SCHOOL_UNKNOWN,
    MessageScope.COURSE: ProblemCode.COURSE_UNKNOWN,
    MessageScope.STUDENT: ProblemCode.STUDENT_UNKNOWN,
    MessageScope.PERSONAL: ProblemCode.GUARDIAN_UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Target:
    """Whom an order names: by the SIS's keys, a school by its id."""

    scope: MessageScope
    school_id: str | None
    section_id: str | None
    student_id: str | None
    guardian_id: str | None


@dataclass(frozen=True, slots=True)
class Addressed:
    """To whom a message goes, by the SIS's keys."""

    target: Key | None
    about: Key | None = None


async def addressed_by(context: Context, viewer: Viewer, named: Target, problems: list[Problem]) -> Addressed | None:
    """To whom it goes; a problem where what is named is not there, or, for a teacher, not their own: alike."""
    given: dict[str, str | None] = {
        "schoolId": named.school_id,
        "sectionId": named.section_id,
        "studentId": named.student_id,
        "guardianId": named.guardian_id,
    }
    needed = _TARGETS[named.scope]
    allowed = {needed, "studentId"} if named.scope is MessageScope.PERSONAL else {needed}
    wrong = [name for name, value in given.items() if value is not None and name not in allowed]
    if needed is not None and given[needed] is None:
        wrong.append(needed)
    if wrong:
        words = f"A message of this scope names {needed or 'nobody'}."
        problems.extend(Problem(ProblemCode.TARGET_INVALID, words, ("input", name)) for name in wrong)
        return None
    if StaffRole.ADMIN in viewer.roles:
        return await _named(context, named, False, None, problems)
    only = StaffRole.OFFICE not in viewer.roles
    if StaffRole.TEACHER in viewer.roles:
        own = await _teacher(context, viewer)
        taught = await _named(context, named, True, own, problems if only else [])
        if taught is not None or only:
            return taught
    addressed = await _named(context, named, False, None, problems)
    if addressed is None:
        return None
    if await _within(context, viewer, named.scope, addressed):
        return addressed
    code = _UNKNOWN[named.scope]
    problems.append(Problem(code, "It is not there, or not of your schools.", ("input", needed or "scope")))
    return None


async def _within(context: Context, viewer: Viewer, scope: MessageScope, addressed: Addressed) -> bool:
    """Whether all whom the message is about, or one student of the person, attend schools that the office works for."""
    portal: Portal = context.portal
    schools = await schools_of_staff(portal.writer, viewer.account_id)
    if schools.every or scope is MessageScope.SCHOOL:
        return str(addressed.target) in schools
    if addressed.about is not None:
        scope, addressed = MessageScope.STUDENT, Addressed(addressed.about)
    (rows,) = await context.source.fetch([addressees.schools_of_addressed(scope, addressed.target)], heavy=True)
    attended: dict[Key, bool] = {}
    for student, school in rows.layout.several(("student_key", "school_key"), rows.raw):
        attended[student] = attended.get(student, False) or str(school) in schools
    every = any if scope is MessageScope.PERSONAL else all
    return bool(attended) and every(attended.values())


async def _named(
    context: Context, named: Target, only: bool, own: Key | None, problems: list[Problem]
) -> Addressed | None:
    """Whom the order names, if they are there, and a teacher's own where it is `only` a teacher's."""
    match named.scope:
        case MessageScope.DISTRICT:
            return Addressed(None)
        case MessageScope.SCHOOL:
            return await _school(context, named.school_id or "", only, problems)
        case MessageScope.COURSE:
            return await _section(context, named.section_id or "", only, own, problems)
        case MessageScope.STUDENT:
            student = await _student(context, named.student_id or "", only, own, problems)
            return None if student is None else Addressed(student)
        case MessageScope.PERSONAL:
            return await _person(context, named, only, own, problems)


async def _school(context: Context, text: str, only: bool, problems: list[Problem]) -> Addressed | None:
    found = arguments.read_id(context, text)
    key: Any = found[1][0] if found is not None and found[0] == "School" else None
    there = False
    if key is not None and not only:
        (total,) = await context.source.fetch([addressees.addressees(MessageScope.SCHOOL, key)], heavy=True)
        there = sum(total.layout.values("total", total.raw)) > 0
    if not there:
        words = "No school of this id has anybody to write to."
        problems.append(Problem(ProblemCode.SCHOOL_UNKNOWN, words, ("input", "schoolId")))
        return None
    return Addressed(key)


async def _section(
    context: Context, text: str, only: bool, own: Key | None, problems: list[Problem]
) -> Addressed | None:
    key = context.source.adapter.parse_key("section", text)
    taught = key is not None
    if key is not None and context.source.adapter.has("section_teacher"):
        (teachers,) = await context.source.fetch([addressees.teachers_of_section(key)])
        staff_keys = teachers.layout.values("staff_key", teachers.raw)
        taught = own in staff_keys if only else bool(staff_keys)
    elif only:
        taught = False
    if key is None or not taught:
        words = "The school's system has no such course, or it is not yours."
        problems.append(Problem(ProblemCode.COURSE_UNKNOWN, words, ("input", "sectionId")))
        return None
    return Addressed(key)


async def _student(context: Context, text: str, only: bool, own: Key | None, problems: list[Problem]) -> Key | None:
    source = context.source
    key = source.adapter.parse_key("student", text)
    there = False
    if key is not None:
        (found,) = await source.fetch([people.students([key]).unremembered()], [["key"]])
        there = bool(found.raw)
    if there and key is not None and only:
        there = False
        if own is not None and source.adapter.has("section_teacher", "enrollment"):
            (teachers,) = await source.fetch([addressees.teachers_of_student(key)])
            there = own in teachers.layout.values("staff_key", teachers.raw)
    if not there:
        words = "The school's system has no such student, or it is none of your courses'."
        problems.append(Problem(ProblemCode.STUDENT_UNKNOWN, words, ("input", "studentId")))
        return None
    return key


async def _person(
    context: Context, named: Target, only: bool, own: Key | None, problems: list[Problem]
) -> Addressed | None:
    """A guardian; a teacher writes to one about a student of the own courses, to whom the guardian has a right."""
    guardian = context.source.adapter.parse_key("guardian", named.guardian_id or "")
    about: Key | None = None
    if named.student_id is not None:
        about = await _student(context, named.student_id, only, own, problems)
        if about is None:
            return None
    elif only:
        words = "Name the student whom it is about."
        problems.append(Problem(ProblemCode.TARGET_INVALID, words, ("input", "studentId")))
        return None
    students: set[Key] = set()
    if guardian is not None:
        statement = addressees.rights_to_write_to(MessageScope.PERSONAL, guardian, None, 100)
        (rights,) = await context.source.fetch([statement])
        students = set(rights.layout.values("student_key", rights.raw))
    if guardian is None or not students or (about is not None and about not in students):
        words = "The school's system has no such guardian with a right to the portal."
        problems.append(Problem(ProblemCode.GUARDIAN_UNKNOWN, words, ("input", "guardianId")))
        return None
    return Addressed(guardian, about)


async def _teacher(context: Context, viewer: Viewer) -> Key | None:
    """The SIS's key of the teacher whose account it is; None where the office has not said which one."""
    portal: Portal = context.portal
    account = await account_by_id(portal.writer, viewer.account_id)
    if account is None or account.teacher_id is None:
        return None
    return context.source.adapter.parse_key("staff", account.teacher_id)
