"""Fetching: an operation read breadth-first, in waves; one call per batch resolver and wave, one trip per wave."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

import strawberry
from graphql import GraphQLResolveInfo, is_abstract_type
from graphql.execution.values import VariableValues

from gateway.execution.batches import Asked, BatchSpec
from gateway.execution.build import Frame, RowsKid, ValuesKid
from gateway.execution.leaves import Anomaly, serializer
from gateway.execution.pages import PageKid
from gateway.execution.plan import Plan, Relation
from gateway.execution.planner import arguments_of


@dataclass(eq=False, slots=True)
class _Use:
    """One place of a wave where a batch field is asked: its frame, and its keys."""

    frame: Frame
    relation: Relation
    keys: list[Any]


@dataclass(eq=False, slots=True)
class _Call:
    """One call of a batch resolver for a wave, whatever places ask it."""

    spec: BatchSpec
    args: Mapping[str, Any]
    uses: list[_Use]

    def keys(self) -> list[Any]:
        """All keys of the wave, each once, none of them None."""
        found = dict.fromkeys(key for use in self.uses for key in use.keys)
        found.pop(None, None)
        return list(found)

    def wanted(self) -> list[str] | None:
        """The columns that any of the places needs; None where one needs whole objects."""
        if len(self.uses) == 1:
            relation = self.uses[0].relation
            return None if relation.whole else relation.wanted
        if any(use.relation.whole for use in self.uses):
            return None
        return list(dict.fromkeys(name for use in self.uses for name in use.relation.wanted or ()))


class Run:
    """One execution of a plan; raises Anomaly wherever the answer would hold an error."""

    def __init__(
        self,
        schema: strawberry.Schema,
        plan: Plan,
        context: Any,
        variables: VariableValues | None,
        root: Any,
        cursor: Callable[[Sequence[Any]], str],
        fetch: Callable[[Any, list[Any], list[Any]], Any],
    ) -> None:
        self.schema = schema
        self.plan = plan
        self.context = context
        self.variables = variables
        self.root = root
        self.cursor = cursor
        self.fetch = fetch

    async def answer(self) -> dict[str, Any]:
        """The data of the answer."""
        root = Frame(self.plan.root, [self.root], None)
        todo = [root]
        while todo:
            todo = await self._wave(todo)
        return root.build()[0]

    async def _wave(self, frames: list[Frame]) -> list[Frame]:
        """Ask every relation of these frames at once; the frames of the next wave."""
        calls: dict[Any, _Call] = {}
        found: list[Frame] = []
        plain: list[tuple[Frame, Relation]] = []
        for frame in frames:
            if not frame.source:
                continue
            for relation in frame.selection.relations:
                if relation.batch is None:
                    plain.append((frame, relation))
                else:
                    self._use(calls, frame, relation, relation.batch)
        asked = await self._asked(list(calls.values()))
        for frame, relation in plain:
            found += await self._plain(frame, relation)
        found += await self._read(list(calls.values()), asked)
        return found

    def _arguments(self, relation: Relation) -> Mapping[str, Any]:
        if relation.arguments is not None:
            return relation.arguments
        return arguments_of(self.schema, relation, self.variables)

    def _use(self, calls: dict[Any, _Call], frame: Frame, relation: Relation, spec: BatchSpec) -> None:
        keys = [()] * len(frame.source) if spec.key is None else frame.values(spec.key)
        args = self._arguments(relation)
        place = (spec, repr(args) if args else None)
        call = calls.get(place)
        if call is None:
            call = calls[place] = _Call(spec, args, [])
        call.uses.append(_Use(frame, relation, keys))

    async def _asked(self, calls: list[_Call]) -> list[Asked | None]:
        """What each call comes to, one after the other: hardly any of them waits, and tasks would cost more."""
        return [await self._ask(call) for call in calls]

    async def _ask(self, call: _Call) -> Asked | None:
        """What one call comes to; None where every place has a null for a key."""
        keys = call.keys()
        if not keys:
            return None
        return await call.spec.ask(self.context, keys, call.wanted(), call.args)

    async def _read(self, calls: list[_Call], asked: list[Asked | None]) -> list[Frame]:
        """Read the statements of all calls in one trip, and land the rows where they were asked."""
        statements: list[Any] = []
        wanted: list[list[str] | None] = []
        places: list[tuple[_Call, Asked | None, int | None, int | None]] = []
        for call, answer in zip(calls, asked, strict=True):
            at = count_at = None
            if answer is None:
                places.append((call, None, None, None))
                continue
            if answer.statement is not None and (not call.spec.paged or self._rows_wanted(call)):
                at = len(statements)
                statements.append(answer.statement)
                names = call.wanted()
                if names is not None and answer.page is not None and self._cursors_wanted(call):
                    names = [*names, *answer.page.cursor_columns]
                wanted.append(names)
            if answer.page is not None and any(self._counted(use.relation) for use in call.uses):
                count_at = len(statements)
                statements.append(answer.count)
                wanted.append(None)
            places.append((call, answer, at, count_at))
        rows = await self.fetch(self.context, statements, wanted) if statements else []
        found: list[Frame] = []
        for call, answer, at, count_at in places:
            found += self._land(
                call, answer, None if at is None else rows[at], None if count_at is None else rows[count_at]
            )
        return found

    @staticmethod
    def _counted(relation: Relation) -> bool:
        return relation.page is not None and any(part == "totalCount" for _, part, _ in relation.page.parts)

    @staticmethod
    def _cursors_wanted(call: _Call) -> bool:
        return any(use.relation.page is not None and use.relation.page.cursors for use in call.uses)

    @staticmethod
    def _rows_wanted(call: _Call) -> bool:
        return any(
            part in ("nodes", "edges", "pageInfo")
            for use in call.uses
            if use.relation.page is not None
            for _, part, _ in use.relation.page.parts
        )

    def _land(self, call: _Call, answer: Asked | None, rows: Any, counts: Any) -> list[Frame]:
        failed = next((each for each in (rows, counts) if isinstance(each, Exception)), None)
        shut: frozenset[Any] = answer.shut if answer is not None else frozenset()
        if failed is not None:
            if not call.spec.withheld(failed):
                raise Anomaly
            shut, rows, counts = frozenset(call.keys()), None, None
        found: list[Frame] = []
        for use in call.uses:
            kid = self._kid(call, use, answer, rows, shut)
            if isinstance(kid, PageKid):
                if counts is not None:
                    totals = counts.columns.index("total")
                    kid.counts = {key: made[0][totals] for key, made in counts.by_key().items()}
                found += kid.frames()
            elif isinstance(kid, RowsKid):
                found.append(kid.frame)
            else:
                found += kid.frames.values()
            use.frame.kids[use.relation.key] = kid
        return found

    def _kid(
        self, call: _Call, use: _Use, answer: Asked | None, rows: Any, shut: frozenset[Any]
    ) -> PageKid | RowsKid | ValuesKid:
        if call.spec.paged:
            columns, found, key = (rows.columns, rows.rows, rows.key) if rows is not None else ((), [], (0,))
            page, earlier = (answer.page, answer.earlier) if answer is not None else (None, False)
            return PageKid(use.relation, use.keys, found, columns, key, page, self.cursor, shut, earlier)
        if rows is not None:
            return RowsKid(use.relation, use.keys, Frame(use.relation.child, rows.rows, rows.columns), rows.key, shut)
        if answer is not None and answer.values is not None:
            by_key = dict(zip(answer.keys, answer.values, strict=True))
            return self._valued(use.relation, [by_key.get(key) for key in use.keys])
        empty: Any = [] if use.relation.many else None
        return self._valued(use.relation, [None if key is None or key in shut else empty for key in use.keys])

    def _valued(self, relation: Relation, values: list[Any]) -> ValuesKid:
        if relation.leaf:
            return ValuesKid(relation, values, serializer(relation.type))
        kid = ValuesKid(relation, values, None)
        kid.refs = [self._ref(kid, relation, value) for value in values]
        return kid

    def _ref(self, kid: ValuesKid, relation: Relation, value: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, Exception):
            raise Anomaly
        if isinstance(value, list | tuple):
            return [self._ref(kid, relation, each) for each in value]
        name = self._type_name(relation, value)
        frame = kid.frames.get(name)
        if frame is None:
            frame = kid.frames[name] = Frame(relation.children[name], [], None)
        frame.source.append(value)  # type: ignore[attr-defined]
        return name, len(frame.source) - 1

    def _type_name(self, relation: Relation, value: Any) -> str:
        if len(relation.children) == 1 and not is_abstract_type(relation.definition.type):
            return next(iter(relation.children))
        definition = getattr(type(value), "__strawberry_definition__", None)
        name: str = getattr(definition, "name", "")
        if name not in relation.children:
            raise Anomaly
        return name

    async def _plain(self, frame: Frame, relation: Relation) -> list[Frame]:
        """An ordinary resolver, called for each object of the level; the waiting ones wait together."""
        resolve = relation.definition.resolve
        if resolve is None:
            raise Anomaly
        args = self._arguments(relation)
        info = self._info(relation)
        try:
            values = [resolve(each, info, **args) for each in frame.objects()]
            waiting = [n for n, value in enumerate(values) if isawaitable(value)]
            for n, value in zip(waiting, await asyncio.gather(*(values[n] for n in waiting)), strict=True):
                values[n] = value
        except Exception:
            raise Anomaly from None
        kid = self._valued(relation, values)
        frame.kids[relation.key] = kid
        return list(kid.frames.values())

    def _info(self, relation: Relation) -> GraphQLResolveInfo[Any]:
        """What an ordinary resolver is told of its place; all but the path, which a level has none of."""
        told: Any = GraphQLResolveInfo
        info: GraphQLResolveInfo[Any] = told(
            relation.name,
            relation.nodes,
            relation.definition.type,
            relation.parent,
            None,
            self.schema._schema,
            self.plan.fragments,
            self.root,
            self.plan.operation,
            self.variables,
            self.context,
            isawaitable,
            None,
            None,
        )
        return info
