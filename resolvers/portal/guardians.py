"""Guardians of the SIS as the office works with them: found by name, matched by key, written to by letter."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from loaders import people
from loaders.guardian_search import all_schools, guardians_called, guardians_of_school
from loaders.ids import node_id
from loaders.portal.activation_keys import guardians_with_account
from loaders.portal.roles import StaffRole
from loaders.rights import rights_of_guardians
from loaders.source import Source
from loaders.statement import Key
from resolvers import arguments
from resolvers.access_log import AccessAction, log_access
from resolvers.context import Context
from resolvers.errors import BadUserInput
from resolvers.portal.service import Portal
from resolvers.portal.texts import normalized
from resolvers.portal.trail import note
from resolvers.rules import rules_of
from resolvers.staff import staff

#: How many guardians a search shows at the most: the office looks for one person, and nobody reads the school.
MOST_FOUND = 20
#: What the office opens students' records for, as their families read it.
ACTIVATION = "ACTIVATION"
_MOST_WORDS = 4
_SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Guardian:
    """A guardian of the SIS; `students` are the names of those to whom their portal right holds today.

    The keys of those students stand in the same order.
    """

    sourced_id: str
    given_name: str
    name: str
    email: str | None
    language: str | None
    students: tuple[str, ...]
    student_keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A guardian that a search found, and whether they have an account already, by any key of theirs that it found."""

    guardian: Guardian
    has_account: bool


@dataclass(frozen=True, slots=True)
class Search:
    """Whom the office looks for: parts of the guardian's name, and of a student's, and the id of a school."""

    name: str
    student_name: str | None = None
    school_id: str | None = None


@dataclass(frozen=True, slots=True)
class School:
    """A school that letters can be ordered for; `id` is the one that clients know it by."""

    key: Key
    id: str
    name: str


async def find_guardians(context: Context, search: Search) -> list[Found]:
    """The guardians whose names begin so, by name, twenty at the most; for OFFICE, and every search is on the trail.

    BadUserInput where the name has no word of two letters: nobody lists a school.
    """
    staff(context, StaffRole.OFFICE)
    names = _words(search.name, "name")
    if not names:
        raise BadUserInput(f"`name` needs a word of {_SHORTEST} letters at the least.")
    students = _words(search.student_name or "", "studentName")
    school = None if search.school_id is None else school_key(context, search.school_id)
    (rows,) = await context.source.fetch([guardians_called(names, students, school, MOST_FOUND)], heavy=True)
    at = rows.columns.index("key")
    keys = [str(row[at]) for row in rows.rows]
    portal: Portal = context.portal
    found = await found_guardians(context, keys)
    async with portal.writer.transaction() as transaction:
        await note(context, transaction, "GUARDIANS_SEARCHED", "guardians", found=len(keys))
        for key in keys:
            await note(context, transaction, "GUARDIAN_SHOWN", f"guardian:{key}")
        shown = [each for each in found if each is not None]
        # A student of two guardians who are both shown was opened once.
        opened = dict.fromkeys(student for each in shown for student in each.guardian.student_keys)
        await log_access(context, transaction, AccessAction.OPENED, students=opened, purpose=ACTIVATION)
    return shown


async def found_guardians(context: Context, sourced_ids: Sequence[str]) -> list[Found | None]:
    """The guardian of each of these keys, None where there is none any more; for OFFICE."""
    staff(context, StaffRole.OFFICE)
    parsed = {text: context.source.adapter.parse_key("guardian", text) for text in sourced_ids}
    found = await guardians(context.source, [key for key in parsed.values() if key is not None])
    portal: Portal = context.portal
    known = {
        each.sourced_id: {one.sourced_id for one in person} for person in persons(found.values()) for each in person
    }
    with_account = await guardians_with_account(portal.writer, list(known))
    return [
        Found(found[text], not with_account.isdisjoint(known[text])) if text in found else None for text in sourced_ids
    ]


async def guardians(source: Source, keys: Iterable[Key]) -> dict[str, Guardian]:
    """The guardians of these keys, by their keys as text; SourceDown where the source is away."""
    asked = list(dict.fromkeys(keys))
    if not asked:
        return {}
    rows, rights = await source.fetch(
        [people.guardians(asked).unremembered(), rights_of_guardians(asked).unremembered()]
    )
    guardian_at, student_at = rights.columns.index("guardian_key"), rights.columns.index("student_key")
    rules, today = rules_of(source), source.today()
    pairs = [
        (row[guardian_at], row[student_at])
        for row in rights.rows
        if not rules.blocked(row[guardian_at], row[student_at], today)
    ]
    names = await _student_names(source, list(dict.fromkeys(student for _, student in pairs)))
    students: dict[Key, list[tuple[str, Key]]] = {}
    for guardian, student in pairs:
        if student in names:
            students.setdefault(guardian, []).append((names[student], student))
    wanted = ("key", "given_name", "name", "email", "preferred_language")
    places = [rows.columns.index(name) for name in wanted]
    found: dict[str, Guardian] = {}
    for row in rows.rows:
        key, given_name, name, email, language = (row[place] for place in places)
        of_key = sorted(students.get(key, ()), key=lambda student: (student[0], str(student[1])))
        found[str(key)] = Guardian(
            sourced_id=str(key),
            given_name=given_name,
            name=name,
            email=email or None,
            language=language,
            students=tuple(student for student, _ in of_key),
            student_keys=tuple(student for _, student in of_key),
        )
    return found


async def guardian_of(source: Source, sourced_id: str) -> Guardian | None:
    """The guardian of a key as text; None where the source has none."""
    key = source.adapter.parse_key("guardian", sourced_id)
    return None if key is None else (await guardians(source, [key])).get(str(key))


async def guardians_to_write_to(source: Source, school: Key) -> list[list[str]]:
    """Whose portal right to a student of the school holds today: the keys of each person as text, the newest first."""
    (rows,) = await source.fetch([guardians_of_school(school)], heavy=True)
    at = rows.columns.index("guardian_key")
    found = await guardians(source, {row[at] for row in rows.rows})
    people_ = persons(found.values())
    return sorted(([each.sourced_id for each in person] for person in people_), key=lambda keys: _age(keys[0]))


def persons(found: Iterable[Guardian]) -> list[list[Guardian]]:
    """The guardians by person, the newest key of each first.

    A SIS may know one person by several keys, as RosarioSIS by one a school year: they have the same name, address and
    students. Two people of whom all that is the same are taken for one.
    """
    groups: dict[Hashable, list[Guardian]] = {}
    for each in found:
        same = (each.name, each.email, each.student_keys) if each.student_keys else each.sourced_id
        groups.setdefault(same, []).append(each)
    return [sorted(group, key=lambda each: _age(each.sourced_id), reverse=True) for group in groups.values()]


async def schools_of(context: Context) -> list[School]:
    """The schools that letters can be ordered for, by name; for OFFICE."""
    staff(context, StaffRole.OFFICE)
    return await every_school(context.source)


async def every_school(source: Source) -> list[School]:
    """The schools of the source, by name; SourceDown where it is away."""
    (rows,) = await source.fetch([all_schools()])
    key, name = rows.columns.index("key"), rows.columns.index("name")
    return [School(row[key], node_id("School", row[key]), row[name]) for row in rows.rows]


def school_key(context: Context, school_id: str) -> Key:
    """The key in a school's id; BadUserInput where it is none."""
    (key,) = arguments.student_parts(arguments.keys_of(context, "School", school_id, "schoolId"))
    return key


async def _student_names(source: Source, keys: Sequence[Key]) -> dict[Key, str]:
    if not keys:
        return {}
    (rows,) = await source.fetch([people.students(keys).unremembered()])
    key, name = rows.columns.index("key"), rows.columns.index("name")
    return {row[key]: row[name] for row in rows.rows}


def _age(key: str) -> tuple[int, str]:
    """By which keys that count up stand in their order."""
    return len(key), key


def _words(text: str, argument: str) -> list[str]:
    """The words to look for; BadUserInput where there are too many, or what was typed is no text."""
    words = [word for word in (normalized(text) or "").split() if "\0" not in word]
    if len(words) > _MOST_WORDS:
        raise BadUserInput(f"`{argument}` holds {len(words)} words: give {_MOST_WORDS} at the most.")
    return [word for word in words if sum(character.isalpha() for character in word) >= _SHORTEST]
