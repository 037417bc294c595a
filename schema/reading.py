"""The reading of a wave: its statements in one trip, none that an earlier one has answered, and alike ones as one."""

from collections.abc import Sequence
from typing import Any

from loaders.joined import Joined
from loaders.rights import SCOPE_GIVES
from loaders.rows import Rows
from loaders.statement import Statement
from resolvers.access import take_scope, unread_scope
from resolvers.context import Context

Asked = Statement | Joined
Wanted = Sequence[str] | None

_BY_SCOPE = frozenset(given.entity for given in SCOPE_GIVES)


class Hurry:
    """The reading of a whole operation at once, of one state of the source, where that needs no wait."""

    def begin(self, context: Context) -> bool:
        """Begin to read without a wait, until `end`; False where the source cannot be read so now."""
        if not context.source.reads.hold():
            return False
        context.hurried = True
        return True

    def end(self, context: Context) -> None:
        """End what was begun."""
        context.hurried = False
        context.source.reads.release()

    def later(self, context: Context) -> bool:
        """Whether it is worth while to begin in the loop's next turn."""
        return context.source.reads.spent()

    async def soon(self, context: Context) -> None:
        """Return when it may be worth while to begin."""
        await context.source.reads.soon()


async def read(context: Context, statements: Sequence[Asked], wanted: Sequence[Wanted]) -> list[Rows | Exception]:
    """The answers to a wave's statements in one trip; where it fails, each is answered apart, or by its own failure.

    The viewer's scope comes along with the first of them, since hardly an operation does without; what it answers
    waits for it, and is asked in a second trip only if it has no answer.
    """
    answers: list[Any] = [None] * len(statements)
    scope = unread_scope(context)
    waiting: list[int] = []
    asked: list[int] = []
    known, relations = context.known, context.source.relations
    for n, statement in enumerate(statements):
        if statement.__class__ is Statement and statement.template.entity is not None and statement.keys:
            if scope is not None and statement.template.entity in _BY_SCOPE:
                waiting.append(n)
                continue
            answers[n] = found = known.answer(relations, statement, wanted[n])
            if found is not None:
                continue
        asked.append(n)
    if asked or scope is not None:
        await _trip(context, scope, statements, wanted, asked, answers)
    late: list[int] = []
    for n in waiting:
        waited = statements[n]
        answers[n] = known.answer(relations, waited, wanted[n]) if isinstance(waited, Statement) else None
        if answers[n] is None:
            late.append(n)
    if late:
        await _trip(context, None, statements, wanted, late, answers)
    return answers


async def _trip(
    context: Context,
    scope: Statement | None,
    statements: Sequence[Asked],
    wanted: Sequence[Wanted],
    asked: Sequence[int],
    answers: list[Any],
) -> None:
    """Fill in the answers of these statements by one trip, the scope taken along; each apart where the trip fails."""
    groups = [[n] for n in asked] if len(asked) < 2 else _groups(statements, asked)
    sent: list[Asked] = []
    columns: list[Wanted] = []
    for places in groups:
        statement, names = _together(statements, wanted, places)
        sent.append(statement)
        columns.append(names)
    if scope is not None:
        sent.append(scope)
        columns.append(None)
    source = context.source
    try:
        rows = await source.fetch(sent, columns, mark=context.mark if source.shared.most else None)
    except Exception as failure:  # whatever it is, it need not be every statement's
        for n in asked:
            alone = len(asked) == 1 and scope is None
            answers[n] = failure if alone else await _read_one(context, statements[n], wanted[n])
        return
    if scope is not None:
        of_scope = rows.pop()
        if context.scope is None:
            take_scope(context, of_scope)
    for places, statement, answer in zip(groups, sent, rows, strict=False):
        if statement.__class__ is Statement:
            context.known.keep(statement, answer)
        if len(places) == 1:
            answers[places[0]] = answer
            continue
        for n in places:
            own = statements[n]
            answers[n] = _of_keys(answer, own) if isinstance(own, Statement) else answer


def _groups(statements: Sequence[Asked], asked: Sequence[int]) -> list[list[int]]:
    """The places of the statements that can be sent as one: of the same template, asked by keys alone."""
    groups: dict[object, list[int]] = {}
    for n in asked:
        statement = statements[n]
        alike = isinstance(statement, Statement) and statement.keys and statement.limit is None
        template = statement.template if isinstance(statement, Statement) and alike else None
        place: object = n if template is None or template.by is None or template.key == () else template
        groups.setdefault(place, []).append(n)
    return list(groups.values())


def _together(statements: Sequence[Asked], wanted: Sequence[Wanted], places: Sequence[int]) -> tuple[Asked, Wanted]:
    """One statement for the keys and columns of all of these, with what its rows are to tell along."""
    statement, names = statements[places[0]], wanted[places[0]]
    if not isinstance(statement, Statement):
        return statement, names
    if len(places) > 1:
        alike = [statements[n] for n in places]
        keys = list(dict.fromkeys([key for each in alike for key in each.keys]))
        statement = statement.template.of(keys)
        each_wants = [wanted[n] for n in places]
        names = None
        if None not in each_wants:
            names = list(dict.fromkeys([name for each in each_wants for name in each or ()]))
    if names is not None and statement.template.gives:
        more = [name for given in statement.template.gives if given.key in names for name in given.along]
        names = [*names, *more] if more else names
    return statement, names


def _of_keys(rows: Rows, statement: Statement) -> Rows:
    """Of the rows of several statements those of one."""
    own = set(statement.keys)
    raw = [row for key, row in zip(rows.keys, rows.raw, strict=True) if key in own]
    return Rows(rows.layout, raw, rows.as_of, rows.stale)


async def _read_one(context: Context, statement: Asked, wanted: Wanted) -> Rows | Exception:
    try:
        source = context.source
        (rows,) = await source.fetch([statement], [wanted], mark=context.mark if source.shared.most else None)
    except Exception as failure:
        return failure
    return rows
