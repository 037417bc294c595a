"""Which registrations a guardian may see and write: by the right of each student, asked at every reading and saving.

A registration that may not be seen is answered like one that is not there. A new student's is seen by its starter.
"""

from collections.abc import Mapping
from datetime import date, datetime

from loaders.errors import SourceDown
from loaders.ids import read_node_id
from loaders.portal import registrations as rows
from loaders.portal.registrations import Registration
from loaders.statement import Key
from resolvers.access import Area, AreaReason, closed, scope_of
from resolvers.areas import SWITCHED
from resolvers.context import Context
from resolvers.portal.service import Portal
from resolvers.registration.forms import forms_of

#: What hides a registration; everything else that closes the area leaves what is there to be read.
HIDING = frozenset({AreaReason.NO_RIGHT, AreaReason.ELIGIBLE_STUDENT, AreaReason.NOT_PROVIDED})


async def students_to_register(context: Context) -> Mapping[Key, AreaReason | None]:
    """The viewer's students whose registration they may see, each with what closes it for writing.

    Forbidden for staff, SourceDown where the rights of today are not known.
    """
    context.guardian()
    scope = await scope_of(context)
    if scope.stale:
        raise SourceDown("The student information system does not answer.")
    reasons = await closed(context, Area.REGISTRATION, scope.students)
    return {key: reasons.get(key) for key in scope.students if reasons.get(key) not in HIDING}


async def visible_registrations(context: Context, school_year: int | None = None) -> list[Registration] | None:
    """Those that the viewer may see, the latest year first; None where the district takes none here."""
    guardian = context.guardian()
    if not forms_of(context.source):
        return None
    portal: Portal = context.portal
    students = await students_to_register(context)
    found = [
        *await rows.registrations_of_students(portal.writer, [str(key) for key in students]),
        *await rows.registrations_of_new_students(portal.writer, str(guardian)),
    ]
    wanted = [each for each in found if school_year in (None, each.school_year)]
    return sorted(wanted, key=lambda each: (-each.school_year, -each.id))


async def registration_to_see(context: Context, text: str) -> Registration | None:
    """The registration of an id, where the viewer may see it; None where it is not there, alike."""
    number = registration_number(text)
    guardian = context.guardian()
    if number is None or not forms_of(context.source):
        return None
    portal: Portal = context.portal
    students = await students_to_register(context)
    found = await rows.registration_by_id(portal.writer, number)
    if found is None:
        return None
    if found.student_id is None:
        return found if found.guardian_id == str(guardian) else None
    return found if found.student_id in {str(key) for key in students} else None


async def shut_until(context: Context, student: Key | None) -> tuple[bool, datetime | None]:
    """Whether an order of the school closes the student's registration now, and until when, where that is known."""
    if student is None:
        return False, None
    reason = (await students_to_register(context)).get(student)
    if reason not in SWITCHED or reason is AreaReason.REGISTRATION_WINDOW:
        return False, None
    return True, (await scope_of(context)).reopens_at(Area.REGISTRATION, student)


def student_key(context: Context, registration: Registration) -> Key | None:
    """The source's key of its student; None for one that the source does not know."""
    if registration.student_id is None:
        return None
    return context.source.adapter.parse_key("student", registration.student_id)


def said_day(context: Context, at: datetime) -> date:
    """The day of an instant where the district is."""
    return at.astimezone(context.source.adapter.time_zone).date()


def registration_number(text: str) -> int | None:
    """The number in a registration's id; None where it is no such id."""
    found = read_node_id(text)
    if found is None or found[0] != "Registration" or len(found[1]) != 1:
        return None
    (part,) = found[1]
    return int(part) if part.isascii() and part.isdigit() and len(part) < 19 else None
