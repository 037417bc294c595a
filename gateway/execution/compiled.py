"""The compiled engine: operations planned once, fetched in waves, built by generated code; else graphql-core."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
from graphql import GraphQLError

from gateway.execution.documents import Prepared
from gateway.execution.engine import Engine
from gateway.execution.operations import Answer, Later, late
from gateway.execution.pages import MakeCursor
from gateway.execution.plan import Plan
from gateway.execution.planner import Unplanned, conditions_of, plan_operation
from gateway.execution.run import Run
from gateway.execution.sharing import shareable
from gateway.execution.told import Telling, ToldMemory
from gateway.execution.waves import Fetch
from loaders.database.deadlines import Deadlines

#: How many plans stand beside a document: one for each operation and setting of its skip and include variables.
VARIANTS = 16
#: For how many runs at the most a plan is not tried at once, where it was found to need a wait again and again.
RESTING = 128
CONDITIONS = "conditions"

log = structlog.get_logger("homeroom.execution")


class Hurry(Protocol):
    """Reading without a wait: between `begin`, where that says so, and `end` everything is read at once or refused."""

    def begin(self, context: Any) -> bool:
        """Whether a whole operation can be read without a wait now."""
        ...

    def end(self, context: Any) -> None:
        """End what was begun."""
        ...

    def later(self, context: Any) -> bool:
        """Whether it is worth while to begin in the loop's next turn."""
        ...

    async def soon(self, context: Any) -> None:
        """Return when it may be worth while to begin."""
        ...


@dataclass(frozen=True)
class CompiledEngine(Engine):
    """Runs what it can plan, and hands the rest to graphql-core; `runs` counts which way operations went.

    "at once" were answered without a wait; of those that may wait "compiled" were built fast, "careful" ones carefully;
    "graphql-core" has what the plan does not know, introspection above all, and "extensions" what Strawberry ran with
    the schema's extensions; "failed" are faults of ours, "late" took longer than they may.

    `fetch` reads a wave's statements in one trip, `cursor` makes the cursor of a row: the engine itself knows
    neither databases nor schools. `told` keeps what is told alike to many; without it all is read for each. `hurry`
    says when a whole operation can be read without a wait; without it none is.
    """

    fetch: Fetch = field(kw_only=True)
    cursor: MakeCursor = field(kw_only=True)
    told: ToldMemory | None = field(kw_only=True, default=None)
    hurry: Hurry | None = field(kw_only=True, default=None)
    runs: Counter[str] = field(default_factory=Counter, init=False)
    budgets: Deadlines = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "budgets", Deadlines(self.limits.deadline))

    def at_once(self, prepared: Prepared, context: Any) -> Answer | Later | None:
        """The answer of a query that needs no wait, now or later; None where it has to be executed.

        Either way it is as if nothing had been tried.
        """
        hurry = self.hurry
        plan = None if hurry is None else self._plan(prepared)
        if hurry is None or plan is None or not plan.plain:
            return None
        if plan.resting:
            plan.resting -= 1
            return None
        if hurry.begin(context):
            return self._tried(hurry, plan, prepared, context)
        return Later.NEXT_TURN if hurry.later(context) else None

    def _tried(self, hurry: Hurry, plan: Plan, prepared: Prepared, context: Any) -> Answer | None:
        """The answer, if nothing on the way to it waits; else the try is given up, and not repeated too soon."""
        run = self._of(plan, prepared, context, None)
        going = run.answer()
        answer: Answer | None = None
        try:
            going.send(None)
        except StopIteration as ended:
            answer = ended.value
        except (asyncio.CancelledError, Exception):
            # Asked for what needs a wait, or at fault: either is told where it is run in full.
            answer = None
        else:
            with suppress(RuntimeError):  # something on the way does not want to end
                going.close()
        finally:
            hurry.end(context)
        if answer is None:
            plan.failed += 1
            plan.resting = min(2**plan.failed, RESTING)
        else:
            plan.failed = 0
            self.runs["at once"] += 1
        return answer

    async def execute(self, prepared: Prepared, context: Any) -> Answer:
        """The answer of a query or mutation."""
        plan = self._plan(prepared)
        if plan is None:
            self.runs["extensions" if self.extended else "graphql-core"] += 1
            return await super().execute(prepared, context)
        if self.hurry is not None and plan.plain and not plan.resting:
            await self.hurry.soon(context)
            answer = self.at_once(prepared, context)
            if isinstance(answer, Answer):
                return answer
        return await self._run(plan, prepared, context, None) or await super().execute(prepared, context)

    async def answer(self, prepared: Prepared, event: Any, context: Any) -> Answer:
        """The answer of a subscription to one event of its source, by the plan where there is one."""
        plan = self._plan(prepared)
        if plan is None:
            self.runs["extensions" if self.extended else "graphql-core"] += 1
            return await super().answer(prepared, event, context)
        return await self._run(plan, prepared, context, event) or await super().answer(prepared, event, context)

    def shareable(self, prepared: Prepared) -> bool:
        """Whether viewers with the same rights before an event are answered alike: where every field says so."""
        plan = self._plan(prepared)
        return plan is not None and shareable(plan)

    async def _run(self, plan: Plan, prepared: Prepared, context: Any, root: Any) -> Answer | None:
        """The answer by the plan; None after a fault of ours, where graphql-core may still answer."""
        run = self._of(plan, prepared, context, root)
        budget = self.budgets.begin()
        try:
            answer = await run.answer()
        except asyncio.CancelledError:
            if not self.budgets.end(budget):
                raise
            self.runs["late"] += 1
            return late()
        except Exception as failure:
            self.budgets.end(budget)
            return self._failed(plan, prepared, failure)
        self.budgets.end(budget)
        self.runs["careful" if run.careful else "compiled"] += 1
        return answer

    def _of(self, plan: Plan, prepared: Prepared, context: Any, root: Any) -> Run:
        telling = None
        if self.told is not None and prepared.place is not None and root is None and not plan.serial:
            telling = Telling(self.told, context, prepared.place[1][1])
        return Run(self.schema, plan, context, prepared.values, root, self.cursor, self.fetch, telling)

    def _failed(self, plan: Plan, prepared: Prepared, failure: Exception) -> Answer | None:
        """After a fault of ours: an error for a mutation, which must not be done again; else None."""
        # graphql-core may answer it without a word, and the fault would stay unseen.
        log.error("compiled execution failed", error=type(failure).__name__, document=prepared.hash)
        self.runs["failed"] += 1
        return Answer(errors=(GraphQLError(str(failure), original_error=failure),)) if plan.serial else None

    def _plan(self, prepared: Prepared) -> Plan | None:
        """The operation's plan for the present setting of its conditions, made at its first use."""
        if self.extended or prepared.document is None or prepared.operation is None:
            return None
        plans = prepared.beside
        names: tuple[str, ...] | None = plans.get(CONDITIONS)
        if names is None:
            names = plans[CONDITIONS] = conditions_of(prepared.document)
        booleans = {name: bool(prepared.variables.get(name)) for name in names}
        place = (prepared.name, *booleans.values())
        if place not in plans:
            # Whoever turns every condition of a document both ways is not worth a plan for each.
            if len(plans) > VARIANTS:
                return None
            plans[place] = self._made(prepared, booleans)
        plan: Plan | None = plans[place]
        return plan

    def _made(self, prepared: Prepared, booleans: Mapping[str, bool]) -> Plan | None:
        if prepared.document is None or prepared.operation is None:
            return None
        try:
            plan = plan_operation(self.schema, prepared.document, prepared.operation, booleans)
        except Unplanned:
            return None
        self.documents.charge(prepared, plan.bytes)
        return plan
