"""Orders of staff about who may see what."""

from datetime import date, datetime
from typing import Annotated

import strawberry
from strawberry import ID, Info

from loaders.contract import Area
from loaders.ids import node_id
from loaders.portal import access_rules as rules
from loaders.portal.access_rules import BlockReason, EligibilityKind, SwitchReason
from resolvers.context import Context
from resolvers.portal import access_orders as orders
from resolvers.portal.problems import Refused
from schema.enums import described
from schema.problems import Problems

described(
    BlockReason,
    "AccessBlockReason",
    "Why a guardian is kept from a student; told to staff alone.",
    {
        BlockReason.COURT_ORDER: "A court has ordered it.",
        BlockReason.PROTECTION_ORDER: "A protection order is in force.",
        BlockReason.SAFETY: "The school fears for somebody's safety.",
        BlockReason.OTHER: "Something else, which the school has on paper.",
    },
)
described(
    SwitchReason,
    "AreaSwitchReason",
    "Why a school closes an area for a time; families read it as the area's reason.",
    {
        SwitchReason.SCHOOL_SETTING: "The school does not show it.",
        SwitchReason.GRADING_WINDOW: "Grades are being made.",
        SwitchReason.SUMMER: "It is summer.",
    },
)
described(
    EligibilityKind,
    "EligibilityKind",
    "What is on file of a student who is of age, or soon will be.",
    {
        EligibilityKind.CONSENT: "The student has consented in writing that a guardian goes on seeing the record.",
        EligibilityKind.DEPENDENT: "The student is a dependent for tax purposes.",
        EligibilityKind.REFUSAL: "The student has refused in writing: this wins over the others.",
    },
)


@strawberry.type(description="A guardian is kept from a student.")
class AccessBlock:
    id: ID = strawberry.field(description="By which it is lifted.")
    guardian_id: str = strawberry.field(description="The guardian's key in the school's system.")
    student_id: str = strawberry.field(description="The student's key in the school's system.")
    starts_on: date = strawberry.field(name="from", description="The first day.")
    ends_on: date | None = strawberry.field(name="to", description="The last day; null until it is lifted.")
    reason: BlockReason = strawberry.field(description="Why, for staff alone.")
    ordered_at: datetime = strawberry.field(description="When it was ordered.")

    @classmethod
    def of(cls, block: rules.Block) -> "AccessBlock":
        """The block as staff see it."""
        return cls(
            id=ID(node_id("AccessBlock", block.id)),
            guardian_id=block.guardian_id,
            student_id=block.student_id,
            starts_on=block.starts_on,
            ends_on=block.ends_on,
            reason=block.reason,
            ordered_at=block.ordered_at,
        )


@strawberry.type(description="An area is closed to families for a time.")
class AreaSwitch:
    id: ID = strawberry.field(description="By which it is lifted.")
    school_id: ID | None = strawberry.field(description="The id of the school; null for every school.")
    area: Area = strawberry.field(description="Which area.")
    reason: SwitchReason = strawberry.field(description="Why.")
    closes_at: datetime = strawberry.field(description="From when on.")
    reopens_at: datetime | None = strawberry.field(description="Until when; null until it is lifted.")

    @classmethod
    def of(cls, switch: rules.Switch) -> "AreaSwitch":
        """The switch as staff see it."""
        return cls(
            id=ID(node_id("AreaSwitch", switch.id)),
            school_id=None if switch.school_id is None else ID(node_id("School", switch.school_id)),
            area=Area(switch.area),
            reason=switch.reason,
            closes_at=switch.closes_at,
            reopens_at=switch.reopens_at,
        )


@strawberry.type(description="What is on file of a student's coming of age.")
class Eligibility:
    id: ID = strawberry.field(description="By which it is withdrawn.")
    student_id: str = strawberry.field(description="The student's key in the school's system.")
    guardian_id: str | None = strawberry.field(description="The guardian's key; null towards every guardian.")
    kind: EligibilityKind = strawberry.field(description="What is on file.")
    starts_on: date = strawberry.field(name="from", description="The first day.")
    ends_on: date | None = strawberry.field(name="to", description="The last day; null until it is withdrawn.")

    @classmethod
    def of(cls, found: rules.Eligibility) -> "Eligibility":
        """The record as staff see it."""
        return cls(
            id=ID(node_id("Eligibility", found.id)),
            student_id=found.student_id,
            guardian_id=found.guardian_id,
            kind=found.kind,
            starts_on=found.starts_on,
            ends_on=found.ends_on,
        )


@strawberry.type(description="Orders about access that were not taken back.")
class AccessOrders:
    blocks: list[AccessBlock] = strawberry.field(description="Who is kept from the student that was named.")
    eligibilities: list[Eligibility] = strawberry.field(description="What is on file of the student that was named.")
    switches: list[AreaSwitch] = strawberry.field(description="The areas that are closed now or will be.")


@strawberry.type(description="The desk of whoever orders who may see what.")
class AccessOrderDesk:
    @strawberry.field(description="The orders about a student and the switches of areas. For OFFICE and ADMIN.")
    async def access_orders(
        self,
        info: Info[Context, None],
        student_id: Annotated[
            str | None, strawberry.argument(description="The student's key in the school's system.")
        ] = None,
    ) -> AccessOrders | None:
        found = await orders.access_orders(info.context, student_id)
        return AccessOrders(
            blocks=[AccessBlock.of(block) for block in found.blocks],
            eligibilities=[Eligibility.of(each) for each in found.eligibilities],
            switches=[AreaSwitch.of(switch) for switch in found.switches],
        )


@strawberry.input(description="Whom to keep from whom; a person whom the school's system knows by several keys wholly.")
class AccessBlockInput:
    guardian_id: str = strawberry.field(description="The guardian's key in the school's system.")
    student_id: str = strawberry.field(description="The student's key in the school's system.")
    starts_on: date | None = strawberry.field(
        name="from", default=None, description="The first day; today if not said."
    )
    ends_on: date | None = strawberry.field(name="to", default=None, description="The last day, if one is set.")
    reason: BlockReason = strawberry.field(description="Why, for staff alone.")


@strawberry.input(description="What to close, where and for how long.")
class AreaSwitchInput:
    school_id: ID | None = strawberry.field(default=None, description="The id of a school; every school if not said.")
    areas: list[Area] = strawberry.field(description="The areas to close, one at the least.")
    reason: SwitchReason = strawberry.field(description="Why; families read it.")
    closes_at: datetime | None = strawberry.field(default=None, description="From when on; now if not said.")
    reopens_at: datetime | None = strawberry.field(default=None, description="Until when, if that is set.")


@strawberry.input(description="What to put on file of a student's coming of age.")
class EligibilityInput:
    student_id: str = strawberry.field(description="The student's key in the school's system.")
    guardian_id: str | None = strawberry.field(
        default=None, description="The guardian's key in the school's system; every guardian if not said."
    )
    kind: EligibilityKind = strawberry.field(description="What is on file.")
    starts_on: date | None = strawberry.field(
        name="from", default=None, description="The first day; today if not said."
    )
    ends_on: date | None = strawberry.field(name="to", default=None, description="The last day, if one is set.")


@strawberry.type(description="The guardian is kept from the student.")
class AccessBlockSuccess:
    blocks: list[AccessBlock] = strawberry.field(description="One for each key by which the person is known.")


@strawberry.type(description="The areas are closed, or will be.")
class AreaSwitchSuccess:
    switches: list[AreaSwitch] = strawberry.field(description="One for each area.")


@strawberry.type(description="It is on file.")
class EligibilitySuccess:
    eligibility: Eligibility = strawberry.field(description="What is on file.")


@strawberry.type(description="The order was taken back.")
class LiftSuccess:
    id: ID = strawberry.field(description="The order's id.")


AccessBlockResult = Annotated[
    AccessBlockSuccess | Problems,
    strawberry.union("AccessBlockResult", description="The blocks, or why nothing was ordered."),
]
AreaSwitchResult = Annotated[
    AreaSwitchSuccess | Problems,
    strawberry.union("AreaSwitchResult", description="The switches, or why nothing was ordered."),
]
EligibilityResult = Annotated[
    EligibilitySuccess | Problems,
    strawberry.union("EligibilityResult", description="What is on file, or why nothing was."),
]
LiftResult = Annotated[
    LiftSuccess | Problems, strawberry.union("LiftResult", description="What was taken back, or why nothing was.")
]
OrderId = Annotated[ID, strawberry.argument(description="The id of the order.")]


@strawberry.type(description="The orders about who may see what.")
class AccessOrderMutations:
    @strawberry.mutation(
        description="Keep a guardian from a student, as a court or the school has it: the student vanishes for them, "
        "no reason is told, and their streams end. For OFFICE and ADMIN."
    )
    async def set_access_block(
        self,
        info: Info[Context, None],
        input: Annotated[AccessBlockInput, strawberry.argument(description="Whom, from whom, and why.")],
    ) -> AccessBlockResult:
        days = input.starts_on, input.ends_on
        done = await orders.set_access_block(info.context, input.guardian_id, input.student_id, days, input.reason)
        if isinstance(done, Refused):
            return Problems.of(done)
        return AccessBlockSuccess(blocks=[AccessBlock.of(block) for block in done])

    @strawberry.mutation(description="Let a guardian see a student again, as the SIS has it. For OFFICE and ADMIN.")
    async def lift_access_block(self, info: Info[Context, None], id: OrderId) -> LiftResult:
        return _lifted(await orders.lift_access_block(info.context, id))

    @strawberry.mutation(
        description="Close areas of every record at a school for a time; of a student of several schools, where the "
        "first of them does. For OFFICE and ADMIN."
    )
    async def set_area_switch(
        self,
        info: Info[Context, None],
        input: Annotated[AreaSwitchInput, strawberry.argument(description="What, where, and for how long.")],
    ) -> AreaSwitchResult:
        instants = input.closes_at, input.reopens_at
        done = await orders.set_area_switch(info.context, input.school_id, input.areas, instants, input.reason)
        if isinstance(done, Refused):
            return Problems.of(done)
        return AreaSwitchSuccess(switches=[AreaSwitch.of(switch) for switch in done])

    @strawberry.mutation(description="Open an area again at once, or never close it. For OFFICE and ADMIN.")
    async def lift_area_switch(self, info: Info[Context, None], id: OrderId) -> LiftResult:
        return _lifted(await orders.lift_area_switch(info.context, id))

    @strawberry.mutation(
        description="Put on file that a student of age consents, is a dependent, or refuses. For OFFICE and ADMIN."
    )
    async def record_eligibility(
        self,
        info: Info[Context, None],
        input: Annotated[EligibilityInput, strawberry.argument(description="Of whom, what, and for how long.")],
    ) -> EligibilityResult:
        days = input.starts_on, input.ends_on
        done = await orders.record_eligibility(info.context, input.student_id, input.guardian_id, days, input.kind)
        if isinstance(done, Refused):
            return Problems.of(done)
        return EligibilitySuccess(eligibility=Eligibility.of(done))

    @strawberry.mutation(description="Take what is on file of a student of age off it. For OFFICE and ADMIN.")
    async def withdraw_eligibility(self, info: Info[Context, None], id: OrderId) -> LiftResult:
        return _lifted(await orders.withdraw_eligibility(info.context, id))


def _lifted(done: orders.Lifted | Refused) -> LiftSuccess | Problems:
    return Problems.of(done) if isinstance(done, Refused) else LiftSuccess(id=ID(done.id))
