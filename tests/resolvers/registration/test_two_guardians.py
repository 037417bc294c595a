"""Two guardians start, save, sign and withdraw in any order while windows open and close: a model tells the same."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from loaders.ids import node_id
from loaders.portal import registrations as rows
from loaders.portal.registrations import RegistrationState as State
from loaders.registration.form import Form, Window
from loaders.registration.reading import parse_form
from resolvers.context import Context
from resolvers.portal.problems import ProblemCode as Code
from resolvers.portal.problems import Refused
from resolvers.registration.reading import Seen, own_registrations
from resolvers.registration.starting import StartRegistration, start_registration
from resolvers.registration.submitting import withdraw_registration
from tests.portal import House, empty_place, open_house
from tests.registration import YEAR, Family, family_in, guardian, name_of, of, open_forms, save, sign
from tests.world import TODAY, World, open_world

SMALL = """
school_year = 2028
languages = ["en"]
title = { en = "Form" }
statement = { en = "I sign." }
[[sections]]
id = "home"
shared = true
title = { en = "Home" }
fields = [{ id = "said", kind = "TEXT", required = true, label = { en = "Said" } }]
[[sections]]
id = "health"
title = { en = "Health" }
fields = [{ id = "said", kind = "TEXT", required = true, label = { en = "Said" } }]
"""
OPEN = (Window(None, TODAY, TODAY + timedelta(days=9)),)
SHUT = (Window(None, date(2027, 8, 1), date(2027, 8, 9)),)
MOTHER, FATHER = "mother", "father"
WHO = st.sampled_from([MOTHER, FATHER])
VALUES = st.text("abc", max_size=3)
TABLES = ("upload", "note", "step", "signature", "section")


@dataclass
class Model:
    """A registration as it must be: its sections by name and household, each with version and value."""

    id: int
    starter: str
    state: State = State.DRAFT
    signer: str | None = None
    sections: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)

    def place(self, who: str, section: str) -> tuple[str, str]:
        return (section, who if section == "home" else "")

    def told(self, who: str) -> dict[str, str]:
        """What a guardian sees of the answers."""
        found = {name: self.sections.get(self.place(who, name)) for name in ("home", "health")}
        return {name: each[1] for name, each in found.items() if each is not None}


@dataclass
class Place:
    """A district, a store, and the family in it."""

    run: Callable[[Coroutine[Any, Any, Any]], Any]
    world: World
    house: House
    family: Family
    form: Form

    def context(self, who: str) -> Context:
        context: Context = self.run(guardian(self.house, self.world.source, self.key(who)))
        return context

    def key(self, who: str) -> int:
        return self.family.mother if who == MOTHER else self.family.father

    async def sweep(self) -> None:
        async with self.house.writer.transaction() as transaction:
            for table in TABLES:
                await transaction.execute(f"delete from registration_{table}")
            await transaction.execute("delete from registration")


class Guardians(RuleBasedStateMachine):
    """What the two do, each by what they last read, and what must come of it."""

    place: Place

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Model] = []
        self.read: dict[str, tuple[Model, Seen]] = {}
        self.window(True)

    @initialize()
    def begin(self) -> None:
        """Both have before them what could be signed."""
        for who in (MOTHER, FATHER):
            self.start(who)
            self.write(who, "home", "a")
        self.write(FATHER, "health", "b")
        self.look(MOTHER)

    def teardown(self) -> None:
        self.place.run(self.place.sweep())

    @rule(opened=st.sampled_from([True, True, True, False]))
    def window(self, opened: bool) -> None:
        self.opened = opened
        open_forms(self.place.world.source, replace(self.place.form, windows=OPEN if opened else SHUT))

    @rule(who=WHO)
    def start(self, who: str) -> None:
        now = self.all[-1] if self.all and self.all[-1].state is not State.WITHDRAWN else None
        order = StartRegistration(YEAR, node_id("Student", self.place.family.student))
        done = self.place.run(start_registration(self.place.context(who), order))
        if not self.opened and (now is None or now.state is State.DRAFT):
            assert codes(done) == [Code.REGISTRATION_CLOSED]
            return
        assert isinstance(done, Seen)
        if now is None:
            now = Model(done.registration.id, who)
            self.all.append(now)
        assert done.registration.id == now.id
        before = [each.sections["home", who] for each in self.all[:-1] if ("home", who) in each.sections]
        if now.state is State.DRAFT and ("home", who) not in now.sections and before:
            now.sections["home", who] = (1, before[-1][1])
        self.read[who] = (now, done)

    @rule(who=WHO)
    def look(self, who: str) -> None:
        found = self.place.run(own_registrations(self.place.context(who), YEAR))
        assert [(each.registration.id, each.registration.state) for each in found] == [
            (each.id, each.state) for each in reversed(self.all)
        ]
        if found:
            self.read[who] = (self.all[-1], found[0])

    @rule(who=WHO, section=st.sampled_from(["home", "health"]), value=VALUES)
    def write(self, who: str, section: str, value: str) -> None:
        if who not in self.read:
            return
        model, seen = self.read[who]
        context = self.place.context(who)
        done = self.place.run(save(context, seen, section, {"said": [value]}))
        read_at = next(each.version for each in seen.sections if each.section.id == section)
        version = model.sections.get(model.place(who, section), (0, ""))[0]
        wrong = self.closed(model)
        if wrong is not None:
            assert codes(done) == [wrong]
        elif read_at != version:
            assert codes(done) == [Code.VERSION_CHANGED]
        else:
            assert isinstance(done, Seen)
            model.sections[model.place(who, section)] = (version + 1, value)
            self.read[who] = (model, done)

    @rule(who=WHO)
    def submit(self, who: str) -> None:
        if who not in self.read:
            return
        model, seen = self.read[who]
        done = self.place.run(sign(self.place.context(who), seen, name_of(self.place.world, self.place.key(who))))
        shown = {name: entries[0]["said"][0] for name, entries in seen.answers.items()}
        wrong = self.closed(model)
        if wrong is not None:
            assert codes(done) == [wrong]
        elif shown != model.told(who):
            assert codes(done) == [Code.VERSION_CHANGED]
        elif len([value for value in shown.values() if value]) < 2:
            assert set(codes(done)) == {Code.REGISTRATION_INCOMPLETE}
        else:
            assert isinstance(done, Seen)
            model.state, model.signer = State.SUBMITTED, who
            self.read[who] = (model, done)

    @rule(who=WHO, value=VALUES)
    def write_across(self, who: str, value: str) -> None:
        """The other has saved what this one has not seen yet."""
        self.write_unseen(who, value)
        self.write(who, "health", value)

    @rule(who=WHO, value=VALUES)
    def submit_across(self, who: str, value: str) -> None:
        """So it is for a signature."""
        self.write_unseen(who, value)
        self.submit(who)

    def write_unseen(self, who: str, value: str) -> None:
        other = FATHER if who == MOTHER else MOTHER
        self.look(other)
        self.write(other, "health", value)

    @rule(who=WHO)
    def withdraw(self, who: str) -> None:
        if who not in self.read:
            return
        model, seen = self.read[who]
        done = self.place.run(withdraw_registration(self.place.context(who), of(seen)))
        if model.state is State.WITHDRAWN:
            assert codes(done) == [Code.STATE_WRONG]
        elif who not in (model.starter, model.signer):
            assert codes(done) == [Code.NOT_YOURS]
        else:
            assert isinstance(done, Seen)
            model.state = State.WITHDRAWN

    @rule()
    def send_back(self) -> None:
        """The office asks for a change: then no window keeps the family from it."""
        if self.all and self.all[-1].state is State.SUBMITTED:
            self.place.run(self._send_back(self.all[-1].id))
            self.all[-1].state = State.NEEDS_CHANGES

    async def _send_back(self, number: int) -> None:
        house = self.place.house
        found = await rows.registration_by_id(house.writer, number)
        assert found is not None
        async with house.writer.transaction() as transaction:
            assert await rows.move(transaction, found, State.NEEDS_CHANGES, house.clock.now())

    def closed(self, model: Model) -> Code | None:
        if model.state not in (State.DRAFT, State.NEEDS_CHANGES):
            return Code.STATE_WRONG
        return None if self.opened or model.state is State.NEEDS_CHANGES else Code.REGISTRATION_CLOSED

    @invariant()
    def each_sees_what_was_saved_and_nothing_of_the_other_household(self) -> None:
        for who in (MOTHER, FATHER):
            found = self.place.run(own_registrations(self.place.context(who), YEAR))
            told = [{name: entries[0]["said"][0] for name, entries in each.answers.items()} for each in found]
            assert told == [each.told(who) for each in reversed(self.all)]
            assert [each.registration.state for each in found] == [each.state for each in reversed(self.all)]


def codes(done: Any) -> list[Code]:
    assert isinstance(done, Refused), done
    return [problem.code for problem in done.problems]


@pytest.fixture
def place(tmp_path: Path) -> Any:
    """A district of sixty students and an empty store, on a loop of their own."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()

        async def opened() -> Place:
            world = await open_world(tmp_path / "district.db", 60)
            stack.push_async_callback(world.recorded.reads.close)
            url = await stack.enter_async_context(empty_place("sqlite", tmp_path))
            house = await stack.enter_async_context(open_house(url))
            return Place(runner.run, world, house, family_in(world), parse_form("form.toml", SMALL))

        yield runner.run(opened())
        runner.run(stack.aclose())


def test_whatever_two_guardians_do_in_whatever_order_nothing_is_lost_and_nothing_half_done(place: Place) -> None:
    machine = type("Bound", (Guardians,), {"place": place})
    bounds = settings(phases=(Phase.generate,), max_examples=10, stateful_step_count=20, deadline=None, database=None,
                      suppress_health_check=[*HealthCheck])  # fmt: skip
    run_state_machine_as_test(machine, settings=bounds)
