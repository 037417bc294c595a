"""Whom and where a registration is about, in the words of mails and receipts."""

from collections.abc import Sequence
from dataclasses import dataclass

from loaders import people
from loaders.portal.registrations import Registration
from loaders.schools import schools
from loaders.statement import Key, Statement
from resolvers.context import Batch, Context
from resolvers.registration.rights import student_key


def schools_of_registrations(keys: Sequence[Key], batch: Batch) -> Statement:
    """The schools that registrations are for: any of the district, for a family may be new to it."""
    return schools(keys)


@dataclass(frozen=True, slots=True)
class Called:
    """What the student (None: one whom the source does not know) and the school are called."""

    student: str | None
    school: str


async def called(context: Context, registration: Registration) -> Called:
    """The names by the source; SourceDown where it is away."""
    student = student_key(context, registration)
    school = context.source.adapter.parse_key("school", registration.school_id)
    statements = [schools([school] if school is not None else [])]
    if student is not None:
        statements.append(people.students([student]))
    found = await context.source.fetch(statements, [["name"]] * len(statements))
    names = [rows.rows[0][rows.columns.index("name")] if rows.rows else None for rows in found]
    return Called(names[1] if student is not None else None, names[0] or "")
