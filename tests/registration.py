"""Families who register in the tests: a form that is open, two guardians of one student, and answers that are right."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.demo_form import form_text
from loaders.ids import node_id
from loaders.portal.registrations import RegistrationState as State
from loaders.portal.staff_schools import put_schools_of_staff
from loaders.registration.form import FieldKind, Form, RuleCode, Section
from loaders.registration.reading import parse_form
from loaders.source import Source
from resolvers.context import Context
from resolvers.portal.problems import ProblemCode, Refused
from resolvers.registration.forms import put_forms
from resolvers.registration.office import case_to_see
from resolvers.registration.reading import Seen
from resolvers.registration.review import ReviewRegistration, review_registration
from resolvers.registration.saving import Answer, SaveRegistration, save_registration
from resolvers.registration.starting import StartRegistration, start_registration
from resolvers.registration.submitting import SubmitRegistration, submit_registration
from tests.office import office
from tests.portal import House
from tests.world import TODAY, World

YEAR = 2028


def demo_form() -> Form:
    """The form of the demo, open today."""
    return parse_form("form.toml", form_text(TODAY))


@dataclass(frozen=True, slots=True)
class Family:
    """A student with two guardians who both may register it, and a sibling of the first guardian's."""

    student: int
    mother: int
    father: int
    sibling: int


def family_in(world: World) -> Family:
    """Such a family of the made district."""
    both = """select a.student_id, a.guardian_id, b.guardian_id, c.student_id from guardian_student as a
        join guardian_student as b on b.student_id = a.student_id and b.guardian_id <> a.guardian_id
        join guardian_student as c on c.guardian_id = a.guardian_id and c.student_id <> a.student_id
        where a.portal_access = 1 and b.portal_access = 1 and c.portal_access = 1
        and a.starts_on is null and a.ends_on is null and b.starts_on is null and b.ends_on is null
        and (select email from guardian where id = a.guardian_id) is not null
        and not exists (select 1 from withheld_area as w where w.student_id in (a.student_id, c.student_id))
        order by 1, 2, 3, 4 limit 1"""
    return Family(*world.rows(both)[0][0:1], *world.rows(both)[0][1:4])


async def guardian(house: House, source: Source, key: int) -> Context:
    """An operation of a guardian's account, made where it is not there."""
    name = f"guardian{key}"
    known = await house.writer.rows("select id from account where username = :name", {"name": name})
    if not known:
        await house.account(name, str(key))
    return await house.context(source, await house.mobile(name), "198.51.100.9")


def open_forms(source: Source, *forms: Form) -> None:
    """Has the district take registrations by these forms; by the demo's where none is given."""
    put_forms(source, {form.school_year: form for form in forms or (demo_form(),)})


async def started(context: Context, student: int | None = None, **order: Any) -> Seen:
    """The registration of a student, begun."""
    given = {"student_id": None if student is None else node_id("Student", student), **order}
    done = await start_registration(context, StartRegistration(YEAR, **given))
    assert isinstance(done, Seen), done
    return done


def of(seen: Seen) -> str:
    """The id of a registration."""
    return node_id("Registration", seen.registration.id)


def version_of(seen: Seen, section: str) -> int:
    """The version of one of its sections."""
    return next(filled.version for filled in seen.sections if filled.section.id == section)


def answers_to(entries: Sequence[Mapping[str, Sequence[str]]]) -> list[Answer]:
    """The entries as they are sent."""
    return [Answer(name, n, values) for n, entry in enumerate(entries) for name, values in entry.items()]


async def save(context: Context, seen: Seen, section: str, *entries: Mapping[str, Sequence[str]], **order: Any) -> Any:
    """What it answers to save a section, at the version that it has there unless another is given."""
    version = order.get("version", version_of(seen, section))
    return await save_registration(context, SaveRegistration(of(seen), section, version, answers_to(entries)))


async def filled(context: Context, seen: Seen) -> Seen:
    """The registration with every section filled in as it should be."""
    done = seen
    for section in seen.form.sections if seen.form else ():
        saved = await save(context, done, section.id, right_entry(section))
        assert isinstance(saved, Seen), saved
        done = saved
    assert done.complete, [filled.faults for filled in done.sections]
    return done


async def sign(context: Context, seen: Seen, name: str, **order: Any) -> Any:
    """What it answers to sign what was seen."""
    given = {"answers_version": seen.mark, **order}
    return await submit_registration(context, SubmitRegistration(of(seen), name, **given))


def name_of(world: World, guardian: int) -> str:
    """What a guardian is called."""
    return " ".join(world.rows("select given_name, family_name from guardian where id = ?", guardian)[0])


_RIGHT = {
    FieldKind.TEXT: "Maple",
    FieldKind.LONG_TEXT: "Two\nlines",
    FieldKind.INTEGER: "3",
    FieldKind.DECIMAL: "2.5",
    FieldKind.DATE: "2015-04-30",
    FieldKind.BOOLEAN: "true",
    FieldKind.EMAIL: "dana@families.example",
    FieldKind.PHONE: "573-555-0142",
    FieldKind.AGREEMENT: "true",
}
_PATTERNED = {"[A-Z]{2}": "MO", r"\d{5}": "65101"}


def right_entry(section: Section) -> dict[str, list[str]]:
    """An entry in which everything is right that a form of ours asks for; no documents."""
    entry = {}
    for field in section.fields:
        pattern = next((rule.value for rule in field.rules if rule.code is RuleCode.PATTERN), None)
        if field.choices:
            entry[field.id] = [field.choices[0].value]
        elif pattern is not None:
            entry[field.id] = [_PATTERNED[pattern]]
        elif field.kind is not FieldKind.DOCUMENT:
            entry[field.id] = [_RIGHT[field.kind]]
    return entry


def codes(done: Any) -> list[ProblemCode]:
    """Why an order was refused."""
    assert isinstance(done, Refused), done
    return [problem.code for problem in done.problems]


def everything(path: Path) -> bytes:
    """All that a SQLite store holds, as text, and the bytes of its files as they lie on disk."""
    files = [each.read_bytes() for each in path.parent.glob(f"{path.name}*")]
    with closing(sqlite3.connect(path)) as store:
        return b"\n".join(["\n".join(store.iterdump()).encode(), *files])


async def desk_of(house: House, world: World, *schools: str, every: bool = False) -> Context:
    """A member of the office who works on these schools' registrations."""
    desk = await office(house, world.source)
    async with house.writer.transaction() as transaction:
        await put_schools_of_staff(transaction, desk.signed_in().account_id, schools, every=every)
    return desk


async def submitted(house: House, world: World, family: Family) -> Seen:
    """The student's registration, filled in and signed by the mother."""
    mother = await guardian(house, world.source, family.mother)
    draft = await filled(mother, await started(mother, family.student))
    done = await sign(mother, draft, name_of(world, family.mother))
    assert isinstance(done, Seen), done
    return done


async def reviewed(desk: Context, seen: Seen, state: State, **order: Any) -> Any:
    """What it answers to bring it into a state, by the version at which it is now unless another is given."""
    case = await case_to_see(desk, of(seen))
    given = {"version": case.registration.version if case else 0, "message": "Please see.", **order}
    return await review_registration(desk, ReviewRegistration(of(seen), state=state, **given))
