"""Levels: what a batch field is, and what it comes to for all keys of a level, whichever executor asks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loaders.errors import SourceDown
from loaders.joined import Joined
from loaders.rows import Rows
from loaders.statement import Statement
from resolvers.access import Area, Scope, closed_in, scope_of
from resolvers.context import Batch, Context
from resolvers.paging import Gathered, Paged, count_of, page_of

#: Where a field's metadata holds its declaration, what it costs, and the columns of an embedded object.
METADATA = "homeroom.batch"
SIZE = "homeroom.size"
EMBEDDED = "homeroom.embedded"

Resolver = Callable[..., Any]


class Asked:
    """A level before anything of it was read: a statement to run, values in the keys' order, or nothing.

    Or it is read already, and its `rows` are there. `shut` keys are withheld. A connection comes with its `page`.
    """

    __slots__ = ("earlier", "keys", "page", "rows", "shut", "statement", "values")

    def __init__(
        self,
        keys: Sequence[Any],
        shut: frozenset[Any] = frozenset(),
        statement: Statement | Joined | None = None,
        page: Paged | Gathered | None = None,
        values: Sequence[Any] | None = None,
        earlier: bool = False,
        rows: Rows | None = None,
    ) -> None:
        self.keys = keys
        self.shut = shut
        self.statement = statement
        self.page = page
        self.values = values
        self.earlier = earlier
        self.rows = rows

    @property
    def count(self) -> Statement | None:
        """The statement that counts the whole of a connection; None where the level is none, or was gathered."""
        return count_of(self.page.whole) if isinstance(self.page, Paged) else None

    async def counted(self) -> Mapping[Any, int]:
        """How many each key of a connection that was gathered has in all."""
        return await self.page.totals() if isinstance(self.page, Gathered) else {}


_NONE: frozenset[Any] = frozenset()


@dataclass(frozen=True, eq=False)
class BatchField:
    """How a field is resolved for a whole level.

    `key` names the attribute of the parent that holds its key, None at the root, where the one key is (). A key
    of several parts has the student first, so that `area` can be asked for it.
    `shared` says that all who stand alike before the student are told the same: what they are told of an event may then
    be read once for all of them. `of_student` says that the key is a student's.
    """

    resolve: Resolver
    key: str | None
    area: Area | None
    paged: bool
    shared: bool = False
    of_student: bool = False

    async def ask(
        self, context: Context, keys: list[Any], wanted: Sequence[str] | None, args: Mapping[str, Any]
    ) -> Asked:
        """What a level comes to before anything of it was read, its guard asked."""
        shut = _NONE if self.area is None else await self.shut(context, keys)
        asked = [key for key in keys if key not in shut] if shut else keys
        earlier = False
        if self.paged:
            given = dict(args)
            page = page_of(given.pop("first", None), given.pop("after", None))
            earlier = page.after is not None
            args = {"page": page, **given}
        if not asked:
            return Asked(keys, shut)
        answer = self.resolve(asked, Batch(context, wanted), **args)
        if answer.__class__ is Statement:
            return Asked(asked, shut, answer)
        if hasattr(answer, "__await__"):
            answer = await answer
        if isinstance(answer, Paged):
            return Asked(asked, shut, answer.rows, answer, earlier=earlier)
        if isinstance(answer, Gathered):
            return Asked(asked, shut, page=answer, earlier=earlier, rows=answer.rows)
        if isinstance(answer, Rows):
            return Asked(asked, shut, rows=answer)
        if isinstance(answer, Statement | Joined):
            return Asked(asked, shut, answer)
        if answer is None:
            # A page of what the source does not have is withheld: an empty one would say that there is none.
            return Asked(keys, frozenset(keys)) if self.paged and self.area is not None else Asked(asked, shut)
        return Asked([*asked, *shut], shut, values=[*answer, *(None for _ in shut)])

    def withheld(self, failure: Exception) -> bool:
        """Whether a failed read closes the area and is no error."""
        return self.area is not None and isinstance(failure, SourceDown)

    async def shut(self, context: Context, keys: Sequence[Any]) -> frozenset[Any]:
        """The keys whose area is closed."""
        if self.area is None:
            return _NONE
        scope = context.scope
        if scope.__class__ is not Scope:
            scope = await scope_of(context)
        students = self.students(keys)
        reasons = closed_in(context, scope, self.area, students)
        if not reasons:
            return _NONE
        return frozenset(key for key, student in zip(keys, students, strict=True) if student in reasons)

    def students(self, keys: Sequence[Any]) -> list[Any]:
        """The student of each key."""
        if keys and keys[0].__class__ is not tuple:  # all are of one kind
            return list(keys)
        return [key[0] for key in keys]
