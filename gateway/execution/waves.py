"""Fetching: an operation read breadth-first, in waves; one call per batch resolver and wave, one trip per wave."""

from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from functools import cached_property
from inspect import isawaitable
from typing import Any

import strawberry
from graphql.execution.values import VariableValues

from gateway.execution.arguments import arguments_of, frozen
from gateway.execution.batches import BatchSpec
from gateway.execution.build import Frame
from gateway.execution.calls import Call, Use, valued
from gateway.execution.kids import LeafKid, ObjectsKid, RowsKid
from gateway.execution.landing import gathered, landed
from gateway.execution.leaves import Failed
from gateway.execution.pages import MakeCursor, PageKid
from gateway.execution.plan import Lane, Plan, Relation
from gateway.execution.resolving import Resolvers
from gateway.execution.told import KeptKid, Telling

Kid = RowsKid | LeafKid | ObjectsKid | PageKid
Todo = Sequence[tuple[Frame, Sequence[Relation]]]
Fetch = Callable[[Any, Sequence[Any], Sequence[Any]], Awaitable[list[Any]]]


class Waves:
    """The reading of one execution; nothing is raised that belongs to one place of the answer."""

    def __init__(
        self,
        schema: strawberry.Schema,
        plan: Plan,
        context: Any,
        variables: VariableValues | None,
        root: Any,
        cursor: MakeCursor,
        fetch: Fetch,
        telling: Telling | None = None,
    ) -> None:
        self.schema = schema
        self.context = context
        self.variables = variables
        self.cursor = cursor
        self.fetch = fetch
        self.telling = telling
        self.plan = plan
        self.root = root
        self.reads: dict[Any, list[Call]] = {}
        self.repeatable = True

    @cached_property
    def resolvers(self) -> Resolvers:
        """The ordinary resolvers, made when one is met."""
        return Resolvers(self.schema, self.plan, self.context, self.variables, self.root)

    async def read(self, frame: Frame, relations: Sequence[Relation]) -> None:
        """Read these fields of a frame, and everything below them."""
        self.reads.clear()
        todo: list[tuple[Frame, Sequence[Relation]]] = [(frame, relations)]
        while todo:
            frames = await self._wave(todo)
            todo = []
            for each in frames:
                if each.source and each.selection.relations:
                    todo.append((each, each.selection.relations))

    async def _wave(self, todo: Todo) -> list[Frame]:
        """Ask every relation of these frames at once; the frames of the next wave."""
        calls: dict[Any, Call] = {}
        ordinary: list[tuple[Frame, Relation]] = []
        for frame, relations in todo:
            for relation in relations:
                if relation.batch is None:
                    ordinary.append((frame, relation))
                else:
                    self._use(calls, frame, relation, relation.batch)
        statements: list[Any] = []
        wanted: list[Any] = []
        results: Sequence[Any]
        # One after the other: hardly any of them waits, and tasks would cost more.
        for place, call in calls.items():
            known = self.reads.get(place, ()) if self.reads else ()
            if self.telling is None or not call.within():
                await call.ask(self.context, known, statements, wanted)
            else:
                await self._heard(self.telling, call, known, statements, wanted)
        if ordinary:
            # An attribute of what a batch resolver gave is as repeatable as that.
            self.repeatable &= all(relation.lane is Lane.ATTRIBUTE for _, relation in ordinary)
            results = await self._resolved(ordinary, statements, wanted)
        elif statements:
            try:
                results = await self.fetch(self.context, statements, wanted)
            except Exception as failure:
                results = [failure] * len(statements)
        else:
            results = ()
        found: list[Frame] = []
        for frame, relation in ordinary:
            found += frame.kids[relation.key].frames()
        for place, call in calls.items():
            counts = call.answered(results)
            reads = self._reads(place, call) if call.uses[0].relation.again else (call,) if call.keys else ()
            for use in call.uses:
                relation = use.relation
                kid: Kid | None = call.answer(use, reads) if relation.page is None else self._page(call, use, counts)
                if kid is None:
                    info = None if relation.leaf else self.resolvers.info(relation)
                    kid = await landed(self.schema, relation, valued(use, reads), info)
                use.frame.kids[relation.key] = kid if self.telling is None else self._kept(use, kid, reads)
                found += (kid.frame,) if kid.__class__ is RowsKid else kid.frames()
        return found

    async def _heard(
        self, telling: Telling, call: Call, known: Sequence[Call], statements: list[Any], wanted: list[Any]
    ) -> None:
        """Ask, and hear whether what is asked may be told again."""
        noted = telling.memory.listen(self.context)
        try:
            await call.ask(self.context, known, statements, wanted)
        finally:  # the notes come back also where the operation ends here
            if telling.memory.heard(self.context, noted):
                telling.spoiled = True

    def _kept(self, use: Use, kid: Kid, reads: Sequence[Call]) -> Any:
        """The kid, which keeps its values where they may be told again."""
        telling = self.telling
        if telling is None or not use.relation.within:
            return kid
        if not all(read.whole() for read in reads):
            telling.spoiled = True
        told = use.relation.told
        return kid if told is None else KeptKid(kid, telling, told, use.keys)

    def _use(self, calls: dict[Any, Call], frame: Frame, relation: Relation, spec: BatchSpec) -> None:
        args = relation.arguments
        try:
            if args is None:
                args = arguments_of(self.schema, relation, self.variables)
            keys: Sequence[Any] = [()] * len(frame) if spec.key is None else frame.values(spec.key)
        except Exception as error:
            failed = [Failed(error)] * len(frame)
            frame.kids[relation.key] = ObjectsKid(relation, failed, [])
            return
        if self.telling is not None and (given := self.telling.find(relation, keys)) is not None:
            frame.kids[relation.key] = given
            return
        place = relation.place if relation.place is not None else (spec, frozen(args))
        use = Use(frame, relation, keys)
        call = calls.get(place)
        if call is None:
            calls[place] = Call(spec, args, use)
        else:
            call.uses.append(use)

    async def _fetched(self, statements: list[Any], wanted: list[Any]) -> Sequence[Any]:
        """The answers of a wave's statements, read in one trip; a trip that fails answers each with its failure."""
        try:
            return await self.fetch(self.context, statements, wanted)
        except Exception as failure:
            return [failure] * len(statements)

    async def _resolved(
        self, ordinary: Sequence[tuple[Frame, Relation]], statements: list[Any], wanted: list[Any]
    ) -> Sequence[Any]:
        """Call the wave's ordinary resolvers and land their values; the waiting ones wait beside its statements."""
        columns = [self.resolvers.values(frame, relation) for frame, relation in ordinary]
        places = [(column, n) for column in columns for n, value in enumerate(column) if isawaitable(value)]
        results: Sequence[Any] = []
        waiting = [column[n] for column, n in places]
        if statements and waiting:
            *made, results = await gathered([*waiting, self._fetched(statements, wanted)])
        else:
            made = await gathered(waiting) if waiting else []
            results = await self._fetched(statements, wanted) if statements else []
        for (column, n), value in zip(places, made, strict=True):
            column[n] = value
        for (frame, relation), column in zip(ordinary, columns, strict=True):
            if relation.many and relation.leaf:
                await _drain(column)
            info = None if relation.leaf else self.resolvers.info(relation)
            frame.kids[relation.key] = await landed(self.schema, relation, column, info)
        return results

    def _reads(self, place: Any, call: Call) -> Sequence[Call]:
        """What a call's places may take: what it came to, and what was read in earlier waves of the same load."""
        known = self.reads.setdefault(place, [])
        if call.keys:
            known.append(call)
        return known

    def _page(self, call: Call, use: Use, counts: Any) -> Kid:
        """The connection of one place."""
        try:
            return call.page(use, counts, self.cursor)
        except Exception as error:  # a value that cannot be read
            return ObjectsKid(use.relation, [Failed(error)] * len(use.keys), [])


async def _drain(column: list[Any]) -> None:
    """Asynchronous iterables among lists of leaves, made lists."""
    for n, value in enumerate(column):
        if isinstance(value, AsyncIterable):
            try:
                column[n] = [each async for each in value]
            except Exception as error:
                column[n] = Failed(error)
