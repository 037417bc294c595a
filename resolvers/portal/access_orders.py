"""Orders of staff about who may see what: a guardian kept from a student, an area closed, consent put on file.

For OFFICE and ADMIN. What was ordered holds for every later answer of this process, and within a second of the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from loaders import people
from loaders.contract import Area
from loaders.ids import node_id, read_node_id
from loaders.portal import access_orders as rows
from loaders.portal.access_rules import Block, BlockReason, Eligibility, EligibilityKind, Switch, SwitchReason
from loaders.portal.roles import StaffRole
from loaders.rights import rights_to_students
from loaders.statement import Key
from resolvers.context import Context, Viewer
from resolvers.portal.guardians import guardian_of, guardians, persons, school_key
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.trail import note
from resolvers.rules import renew_rules
from resolvers.staff import staff

_NO_GUARDIAN = Problem(
    ProblemCode.GUARDIAN_UNKNOWN, "The school's system has no such guardian.", ("input", "guardianId")
)
_NO_STUDENT = Problem(ProblemCode.STUDENT_UNKNOWN, "The school's system has no such student.", ("input", "studentId"))
_NO_AREA = Problem(ProblemCode.AREAS_MISSING, "Name one area at the least.", ("input", "areas"))
_BACKWARDS = Problem(ProblemCode.PERIOD_INVALID, "It would end before it begins.", ("input",))
_NOT_FOUND = Problem(ProblemCode.ORDER_NOT_FOUND, "No order of this id holds.", ("id",))


@dataclass(frozen=True, slots=True)
class AccessOrders:
    """The orders that were not taken back: about one student, and the switches of areas."""

    blocks: Sequence[Block]
    switches: Sequence[Switch]
    eligibilities: Sequence[Eligibility]


@dataclass(frozen=True, slots=True)
class Lifted:
    """An order was taken back, by its id."""

    id: str


async def access_orders(context: Context, student_id: str | None) -> AccessOrders:
    """The switches of areas that hold or will, and what was ordered about a student, by the key in the SIS."""
    _desk(context)
    portal: Portal = context.portal
    switches = await rows.standing_switches(portal.writer, context.source.now())
    if student_id is None:
        return AccessOrders((), switches, ())
    return AccessOrders(
        await rows.blocks_of(portal.writer, student_id),
        switches,
        await rows.eligibilities_of(portal.writer, student_id),
    )


async def set_access_block(
    context: Context, guardian_id: str, student_id: str, days: tuple[date | None, date | None], reason: BlockReason
) -> list[Block] | Refused:
    """Keeps a guardian from a student from a day on (None: today), under every key that the SIS has of the person.

    Streams that are open to them end.
    """
    viewer = _desk(context)
    student, guardian = await _student(context, student_id), await guardian_of(context.source, guardian_id)
    first, problems = _days(context, days)
    problems += [problem for problem, lacks in ((_NO_GUARDIAN, guardian), (_NO_STUDENT, student)) if lacks is None]
    if problems or student is None or guardian is None:
        return Refused(tuple(problems))
    keys = await _keys_of_person(context, guardian.sourced_id, student)

    async def order() -> list[Block]:
        portal: Portal = context.portal
        by = viewer.account_id, portal.instant()
        async with portal.writer.transaction() as transaction:
            made = [await rows.add_block(transaction, key, str(student), (first, days[1]), reason, by) for key in keys]
            await note(
                context,
                transaction,
                "ACCESS_BLOCKED",
                f"guardian:{guardian_id}",
                student=str(student),
                blocks=len(made),
            )
        await _renewed(context)
        return made

    return await undisturbed(order())


async def set_area_switch(
    context: Context,
    school_id: str | None,
    areas: Sequence[Area],
    instants: tuple[datetime | None, datetime | None],
    reason: SwitchReason,
) -> list[Switch] | Refused:
    """Closes areas at a school, or at all, from an instant on (None: now), until another (None: until it is lifted)."""
    viewer = _desk(context)
    school = None if school_id is None else school_key(context, school_id)
    closes = instants[0] or context.source.now()
    problems = [] if areas else [_NO_AREA]
    if instants[1] is not None and instants[1] <= closes:
        problems.append(_BACKWARDS)
    if problems:
        return Refused(tuple(problems))

    async def order() -> list[Switch]:
        portal: Portal = context.portal
        by, own = (viewer.account_id, portal.instant()), None if school is None else str(school)
        async with portal.writer.transaction() as transaction:
            made = [
                await rows.add_switch(transaction, own, area.value, (closes, instants[1]), reason, by)
                for area in dict.fromkeys(areas)
            ]
            names = " ".join(switch.area for switch in made)
            await note(context, transaction, "AREA_CLOSED", f"school:{own or 'every'}", areas=names)
        await _renewed(context)
        return made

    return await undisturbed(order())


async def record_eligibility(
    context: Context,
    student_id: str,
    guardian_id: str | None,
    days: tuple[date | None, date | None],
    kind: EligibilityKind,
) -> Eligibility | Refused:
    """Puts a consent, a dependence or a refusal on file, from a day on (None: today), towards one guardian or all."""
    viewer = _desk(context)
    student = await _student(context, student_id)
    first, problems = _days(context, days)
    if student is None:
        problems.append(_NO_STUDENT)
    if guardian_id is not None and await guardian_of(context.source, guardian_id) is None:
        problems.append(_NO_GUARDIAN)
    if problems:
        return Refused(tuple(problems))

    async def order() -> Eligibility:
        portal: Portal = context.portal
        by = viewer.account_id, portal.instant()
        async with portal.writer.transaction() as transaction:
            made = await rows.add_eligibility(transaction, str(student), guardian_id, (first, days[1]), kind, by)
            await note(context, transaction, "ELIGIBILITY_RECORDED", f"student:{student}", kind=kind.value)
        await _renewed(context)
        return made

    return await undisturbed(order())


async def lift_access_block(context: Context, id: str) -> Lifted | Refused:
    """Lets a guardian see a student again, as the SIS has it."""
    return await _lift(context, "AccessBlock", "access_block", "ACCESS_BLOCK_LIFTED", id)


async def lift_area_switch(context: Context, id: str) -> Lifted | Refused:
    """Opens an area again at once, or never closes it."""
    return await _lift(context, "AreaSwitch", "area_switch", "AREA_REOPENED", id)


async def withdraw_eligibility(context: Context, id: str) -> Lifted | Refused:
    """Takes a consent, a dependence or a refusal off the file."""
    return await _lift(context, "Eligibility", "eligibility", "ELIGIBILITY_WITHDRAWN", id)


async def _lift(context: Context, kind: str, table: str, action: str, id: str) -> Lifted | Refused:
    viewer = _desk(context)
    found = read_node_id(id)
    if found is None or found[0] != kind or len(found[1]) != 1 or not found[1][0].isdecimal():
        return Refused((_NOT_FOUND,))
    number = int(found[1][0][:18])

    async def order() -> bool:
        portal: Portal = context.portal
        async with portal.writer.transaction() as transaction:
            done = await rows.lift(transaction, table, number, (viewer.account_id, portal.instant()))
            if done:
                await note(context, transaction, action, f"{table}:{number}")
        await _renewed(context)
        return done

    return Lifted(node_id(kind, number)) if await undisturbed(order()) else Refused((_NOT_FOUND,))


def _desk(context: Context) -> Viewer:
    return staff(context, StaffRole.OFFICE, StaffRole.ADMIN)


async def _renewed(context: Context) -> None:
    """Lets the order hold here before it is answered."""
    portal: Portal = context.portal
    await renew_rules(context.source, portal.writer)
    live: Any = context.live
    if live is not None:
        live.rules_changed()


def _days(context: Context, days: tuple[date | None, date | None]) -> tuple[date, list[Problem]]:
    first = days[0] or context.source.today()
    return first, [_BACKWARDS] if days[1] is not None and days[1] < first else []


async def _student(context: Context, text: str) -> Key | None:
    """The student of a key as text; None where the source has none."""
    key = context.source.adapter.parse_key("student", text)
    if key is None:
        return None
    (found,) = await context.source.fetch([people.students([key]).unremembered()], [["key"]])
    return key if found.raw else None


async def _keys_of_person(context: Context, guardian_id: str, student: Key) -> list[str]:
    """All keys of the SIS that are this guardian's, as far as those with a right to the student tell."""
    (rights,) = await context.source.fetch([rights_to_students([student]).unremembered()], [["guardian_key"]])
    mine = context.source.adapter.parse_key("guardian", guardian_id)
    others = [key for key in (mine, *rights.layout.values("guardian_key", rights.raw)) if key is not None]
    for person in persons((await guardians(context.source, others)).values()):
        keys = [each.sourced_id for each in person]
        if guardian_id in keys:
            return keys
    return [guardian_id]
