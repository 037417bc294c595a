"""What a registration starts with: the school's own records of the student and the viewer, or a sibling's household."""

from collections.abc import Mapping

from loaders import people
from loaders.portal.registration_sections import sections_of
from loaders.portal.transaction import Reading
from loaders.registration.form import FieldKind, Form, Section
from loaders.schools import schools
from loaders.statement import Key
from resolvers.access import scope_of
from resolvers.context import Context
from resolvers.portal.service import Portal
from resolvers.registration.answers import opened
from resolvers.registration.reading import holder_of
from resolvers.registration.rights import visible_registrations
from resolvers.registration.validation import Entry


async def known_values(context: Context, student: Key | None) -> Mapping[str, str]:
    """What the source knows, by the names that a form prefills from: never of another guardian than the viewer."""
    holder = await holder_of(context)
    values = {
        "guardian.given_name": holder.given_name,
        "guardian.family_name": holder.family_name,
        "guardian.email": holder.email,
        "guardian.phone": holder.phone,
        "guardian.preferred_language": holder.preferred_language,
    }
    if student is not None:
        values |= await _of_student(context, student)
    return {name: value for name, value in values.items() if value}


async def _of_student(context: Context, student: Key) -> dict[str, str | None]:
    scope = await scope_of(context)
    right = scope.rights[student]
    (level,) = scope.grade_levels([student])
    names = ["legal_given_name", "preferred_name", "family_name", "birth_date"]
    (rows, places) = await context.source.fetch(
        [people.students([student]), schools([scope.enrolled[student][0].school_key])], [names, ["name"]]
    )
    row = dict(zip(rows.columns, rows.rows[0], strict=True)) if rows.rows else dict.fromkeys(names)
    return {
        "student.given_name": row["legal_given_name"],
        "student.family_name": row["family_name"],
        "student.preferred_name": row["preferred_name"],
        "student.birth_date": row["birth_date"].isoformat() if row["birth_date"] else None,
        "student.grade_level": level.value if level else None,
        "student.school": places.rows[0][places.columns.index("name")] if places.rows else None,
        "guardian.relationship": right.kind.value,
        "guardian.lives_with": None if right.lives_with is None else str(right.lives_with).lower(),
    }


async def of_siblings(
    context: Context, store: Reading, form: Form, registration_id: int, year: int
) -> dict[str, list[Entry]]:
    """The household's sections as the viewer last wrote them for another of their students of that year.

    Documents are not copied: each belongs to the registration that it was handed in with.
    """
    portal: Portal = context.portal
    guardian = str(context.guardian())
    found: dict[str, list[Entry]] = {}
    for sibling in await visible_registrations(context, year) or ():
        if sibling.id == registration_id:
            continue
        for saved in await sections_of(store, sibling.id, [guardian]):
            section = form.by_id.get(saved.section)
            if section is not None and section.shared and saved.guardian_id == guardian and section.id not in found:
                found[section.id] = _without_documents(section, opened(portal.sealer, sibling.id, saved))
    return found


def prefilled(section: Section, values: Mapping[str, str]) -> list[Entry]:
    """The section's first entry with what is known; none where nothing of it is."""
    entry: dict[str, list[str]] = {}
    for field in section.fields:
        value = values.get(field.prefill or "")
        if value is None or (field.choices and value not in {choice.value for choice in field.choices}):
            continue
        entry[field.id] = [value]
    return [entry] if entry else []


def _without_documents(section: Section, entries: list[Entry]) -> list[Entry]:
    kept = {field.id for field in section.fields if field.kind is not FieldKind.DOCUMENT}
    return [{name: values for name, values in entry.items() if name in kept} for entry in entries]
