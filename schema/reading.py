"""The reading of a wave: its statements in one trip, none that an earlier one has answered, and alike ones as one."""

from collections.abc import Sequence

from loaders.joined import Joined
from loaders.rights import SCOPE_GIVES
from loaders.rows import Rows
from loaders.statement import Statement
from resolvers.access import take_scope, unread_scope
from resolvers.context import Context

Asked = Statement | Joined
Wanted = Sequence[str] | None

_BY_SCOPE = frozenset(given.entity for given in SCOPE_GIVES)


async def read(context: Context, statements: Sequence[Asked], wanted: Sequence[Wanted]) -> list[Rows | Exception]:
    """The answers to a wave's statements in one trip; where it fails, each is answered apart, or by its own failure.

    The viewer's scope comes along with the first of them, since hardly an operation does without; what it answers
    waits for it, and is asked in a second trip only if it has no answer.
    """
    answers: dict[int, Rows | Exception] = {}
    scope = unread_scope(context)
    waiting: list[int] = []
    asked: list[int] = []
    known, relations = context.known, context.source.relations
    for n, statement in enumerate(statements):
        if statement.__class__ is Statement and statement.template.entity is not None and statement.keys:
            if scope is not None and statement.template.entity in _BY_SCOPE:
                waiting.append(n)
                continue
            found = known.answer(relations, statement, wanted[n])
            if found is not None:
                answers[n] = found
                continue
        asked.append(n)
    if asked or scope is not None:
        answers.update(await _trip(context, scope, {n: (statements[n], wanted[n]) for n in asked}))
    late: dict[int, tuple[Asked, Wanted]] = {}
    for n in waiting:
        statement = statements[n]
        found = known.answer(relations, statement, wanted[n]) if statement.__class__ is Statement else None
        if found is not None:
            answers[n] = found
        else:
            late[n] = (statement, wanted[n])
    if late:
        answers.update(await _trip(context, None, late))
    return [answers[n] for n in range(len(statements))]


async def _trip(
    context: Context, scope: Statement | None, asked: dict[int, tuple[Asked, Wanted]]
) -> dict[int, Rows | Exception]:
    """The answers of one trip by their places, the scope taken along the way; each apart where the trip fails."""
    groups = _groups(asked)
    sent = [_together([asked[n] for n in places]) for places in groups]
    statements: list[Asked] = [statement for statement, _ in sent]
    columns: list[Wanted] = [names for _, names in sent]
    if scope is not None:
        statements.append(scope)
        columns.append(None)
    try:
        rows = await context.source.fetch(statements, columns, mark=context.mark)
    except Exception as failure:  # whatever it is, it need not be every statement's
        if len(asked) == 1 and scope is None:
            return dict.fromkeys(asked, failure)
        return {n: await _read_one(context, *one) for n, one in asked.items()}
    if scope is not None:
        of_scope = rows.pop()
        if context.scope is None:
            take_scope(context, of_scope)
    found: dict[int, Rows | Exception] = {}
    for places, statement, answer in zip(groups, statements, rows, strict=False):
        if statement.__class__ is Statement:
            context.known.keep(statement, answer)
        for n in places:
            own = asked[n][0]
            found[n] = answer if len(places) == 1 or isinstance(own, Joined) else _of_keys(answer, own)
    return found


def _groups(asked: dict[int, tuple[Asked, Wanted]]) -> list[list[int]]:
    """The places of the statements that can be sent as one: of the same template, asked by keys alone."""
    groups: dict[object, list[int]] = {}
    for n, (statement, _) in asked.items():
        alike = isinstance(statement, Statement) and statement.keys and statement.limit is None
        template = statement.template if isinstance(statement, Statement) and alike else None
        place: object = n if template is None or template.by is None or template.key == () else template
        groups.setdefault(place, []).append(n)
    return list(groups.values())


def _together(alike: Sequence[tuple[Asked, Wanted]]) -> tuple[Asked, Wanted]:
    """One statement for the keys and columns of all of these, with what its rows are to tell along."""
    statement, wanted = alike[0]
    if not isinstance(statement, Statement):
        return statement, wanted
    if len(alike) > 1:
        keys = list(dict.fromkeys([key for each, _ in alike for key in each.keys]))
        statement = statement.template.of(keys)
        names = [each for _, each in alike]
        wanted = None if None in names else list(dict.fromkeys([name for each in names for name in each or ()]))
    if wanted is not None:
        more = [name for given in statement.template.gives if given.key in wanted for name in given.along]
        wanted = [*wanted, *more] if more else wanted
    return statement, wanted


def _of_keys(rows: Rows, statement: Statement) -> Rows:
    """Of the rows of several statements those of one."""
    own = set(statement.keys)
    raw = [row for key, row in zip(rows.keys, rows.raw, strict=True) if key in own]
    return Rows(rows.layout, raw, rows.as_of, rows.stale)


async def _read_one(context: Context, statement: Asked, wanted: Wanted) -> Rows | Exception:
    try:
        (rows,) = await context.source.fetch([statement], [wanted], mark=context.mark)
    except Exception as failure:
        return failure
    return rows
