"""A schema made to misbehave, always the same way: what goes wrong is decided by ids alone."""

import asyncio
import datetime
from collections.abc import AsyncIterator, Iterator
from enum import Enum
from typing import Annotated, Any, Union

import strawberry
from strawberry import ID, Info, Private
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission

from loaders.contract import Kind
from loaders.statement import Computed, Shape
from schema.connections import Connection
from tests.execution.batching import Away, Context, Paged, Refused, Told, batched

#: One in so many values is bad.
RARITY = 20


def mixed(*parts: Any) -> int:
    """A number that looks like chance and is not (FNV-1a)."""
    made = 2166136261
    for letter in repr(parts):
        made = ((made ^ ord(letter)) * 16777619) & 0xFFFFFFFF
    return made ^ (made >> 13)


def bad(*parts: Any) -> bool:
    """Whether this is one of those that misbehave."""
    return mixed(*parts) % RARITY == 0


@strawberry.enum
class Color(Enum):
    RED = "red"
    GREEN = "green"
    BLUE = "blue"


@strawberry.input
class Inner:
    on: bool = True
    ids: list[ID | None] | None = None


@strawberry.input
class Options:
    n: int = 3
    tags: list[str] | None = None
    color: Color = Color.RED
    inner: Inner | None = None


class Sometimes(BasePermission):
    message = "not this one"

    def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        """Two of three."""
        return mixed(getattr(source, "id", 0), "permission") % 3 != 0


class SometimesLater(BasePermission):
    message = "not this one either"

    async def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        """Three of four."""
        await asyncio.sleep(0)
        return mixed(getattr(source, "id", 0), "later permission") % 4 != 0


class Upper(FieldExtension):
    def resolve(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
        """The field's text in capitals."""
        made = next_(source, info, **kwargs)
        return made.upper() if isinstance(made, str) else made


@strawberry.interface
class Node:
    id: ID
    label: str | None

    @strawberry.field
    def shout(self, times: int = 1) -> str:
        if bad(self.id, "shout"):
            raise ValueError(f"shout {self.id}")
        return (self.label or "?") * times

    @strawberry.field
    def again(self) -> Annotated["Node", strawberry.lazy(__name__)] | None:
        return None if bad(self.id, "again") else self


@strawberry.type
class Leaf(Node):
    num: int
    big: int | None
    ratio: float | None
    flag: bool
    color: Color
    colors: list[Color] | None
    day: datetime.date
    grid: list[list[int]]
    maybe: list[int | None] | None
    text: str | None

    @strawberry.field
    async def later(self, options: Options | None = None) -> str | None:
        await asyncio.sleep(0)
        if bad(self.id, "later"):
            raise RuntimeError(f"later {self.id}")
        return f"{self.id}:{options}"

    @strawberry.field(permission_classes=[Sometimes])
    def secret(self) -> str | None:
        return "secret"

    @strawberry.field(permission_classes=[SometimesLater])
    async def slow_secret(self, n: int = 1) -> str:
        return "later" * n

    @strawberry.field(extensions=[Upper()])
    def upper(self, options: Options | None = None) -> str:
        return f"up{self.id}{options.tags if options else ''}"

    @strawberry.field
    def colour_of(self, color: Color = Color.BLUE, colors: list[Color] | None = None) -> Color | None:
        if bad(self.id, "colour"):
            return "purple"
        return colors[-1] if colors else color

    @strawberry.field
    def told(self, info: Info[Context, Any], n: int | None = strawberry.UNSET) -> str:
        told = (info.field_name, info.python_name, info.return_type, n is strawberry.UNSET, len(info.selected_fields))
        return f"{told} {sorted(info.variable_values)} {info.operation.operation.value} {info.path.key}"

    @strawberry.field
    def failure(self) -> str | None:
        return ValueError("given, not raised") if bad(self.id, "failure") else "fine"


def leaf(n: int) -> Leaf:
    """The leaf of a number."""
    num: Any = "x" if bad(n, "num") else None if bad(n, "null") else n
    color: Any = None if bad(n, "color") else "green" if bad(n, "c2") else Color.GREEN
    return Leaf(
        id=ID(str(n)),
        label=None if mixed(n, 1) % 5 == 0 else f'l{n}é"',
        num=num,
        big=2**31 if bad(n, "big") else -(2**31) if n % 2 else None,
        ratio=float("nan") if bad(n, "nan") else float("inf") if bad(n, "inf") else n / 3,
        flag=None if bad(n, "flag") else n % 2 == 0,
        color=color,
        colors=[Color.RED, None if bad(n, "colors") else Color.BLUE] if mixed(n, 3) % 3 else None,
        day="never" if bad(n, "day") else datetime.date(2026, 1, 1 + n % 28),
        grid=[[1, n], [None if bad(n, "grid") else 2]],
        maybe=[1, None, "z" if bad(n, "maybe") else 4],
        text={} if bad(n, "text") else 7 if bad(n, "seven") else "plain",
    )


SHAPE = Shape(
    {
        "id": Computed("", Kind.TEXT),
        "name": Computed("", Kind.TEXT),
        "on": Computed("", Kind.BOOLEAN),
        "day": Computed("", Kind.DATE),
        "color": Computed("", Kind.ENUM, Color),
        "score": Computed("", Kind.INTEGER),
        "ref": Computed("", Kind.TEXT),
    }
)


def row(n: int, key: Any) -> dict[str, Any]:
    """A number's row, for a key."""
    return {
        "_key": key,
        "id": n,
        "name": None if bad(n, "name") else f"r{n}",
        "on": n % 2,
        "day": f"2026-02-{1 + n % 28:02d}" if n % 5 else None,
        "color": None if bad(n, "row color") else ("red", "green", "blue")[n % 3],
        "score": 2**40 if bad(n, "score") else n if n % 4 else None,
        "ref": (n * 7) % 60 if n % 6 else None,
    }


def rows(pairs: list[tuple[Any, int]], **more: Any) -> Told:
    """A statement of rows by key."""
    return Told(Row, SHAPE, [row(n, key) for key, n in pairs], **more)


@strawberry.type
class Row:
    id: ID
    name: str
    on: bool
    day: datetime.date | None
    color: Color
    score: int | None
    ref: Private[int | None]

    @batched("ref")
    def leaf(keys: Any, context: Context) -> Leaf | None:
        return [ValueError(f"leaf {k}") if bad(k, "bl") else None if bad(k, "bn") else leaf(k) for k in keys]

    @batched("id", many=True)
    def peers(keys: Any, context: Context, first: int = 2) -> list["Row"]:
        return rows([(k, mixed(k, "p", j) % 60) for k in keys for j in range(max(0, min(first, 3))) if mixed(k, j) % 3])

    @batched("ref")
    def best(keys: Any, context: Context) -> "Row | None":
        # Several rows for a key: the first one is the field's.
        return rows([(k, (k + j) % 60) for j in range(2) for k in keys if mixed(k, "best", j) % 4])

    @batched("id")
    async def must(keys: Any, context: Context) -> "Row":
        await asyncio.sleep(0)
        return rows([(k, (k + 1) % 60) for k in keys if not bad(k, "must")])

    @batched("id")
    def known(keys: Any, context: Context) -> "Row | None":
        return rows([(k, (k + 2) % 60) for k in keys if mixed(k, "known") % 4], absent=Refused("unknown"))

    @batched("id", guard=lambda key: mixed(key, "guard") % 5 == 0)
    def guarded(keys: Any, context: Context) -> "Row | None":
        fails = Away("away") if "away" in context.broken else Refused("broken") if "guarded" in context.broken else None
        return rows([(k, (k + 3) % 60) for k in keys], fails=fails)

    @batched("id", many=True, guard=lambda key: mixed(key, "hidden") % 5 == 0)
    def hidden(keys: Any, context: Context) -> list["Row"]:
        return rows([(k, (k + j) % 60) for k in keys for j in range(2)], fails=Away("a") if context.broken else None)

    @batched("id")
    async def total(keys: Any, context: Context, scale: float = 1.0) -> float:
        return [None if bad(k, "t") else RuntimeError("total") if bad(k, "t2") else k * scale for k in keys]

    @batched("id", many=True)
    def boom(keys: Any, context: Context) -> list[Leaf] | None:
        if "boom" in context.broken:
            raise Refused("boom")
        return [[leaf(k + j) for j in range(mixed(k) % 3)] for k in keys]

    @batched("id")
    def done(keys: Any, context: Context) -> int:
        """How far the mutations are."""
        return [context.count for _ in keys]

    @batched("id", many=True)
    def short(keys: Any, context: Context) -> list[int] | None:
        return None if "boom" in context.broken else [[k, None] if bad(k, "short") else [k] for k in keys]

    @batched("id", many=True)
    def others(keys: Any, context: Context) -> list[Annotated["Any_", strawberry.lazy(__name__)] | None]:
        return [[thing(k + j) if (k + j) % 7 else None for j in range(mixed(k, "any") % 3)] for k in keys]

    @batched("id", paged=True)
    def page(keys: Any, context: Context, first: int = 2) -> Connection["Row"]:
        if first < 0:
            raise Refused("first")
        told = rows([(k, mixed(k, "page", j) % 60) for k in keys for j in range(mixed(k, "pages") % 5)])
        return Paged(told, first)

    @batched("id", paged=True, guard=lambda key: mixed(key, "shelf") % 4 == 0)
    def shelf(keys: Any, context: Context, first: int = 2) -> Connection["Row"] | None:
        fails = Away("away") if "away" in context.broken else Refused("shelf") if "guarded" in context.broken else None
        return Paged(rows([(k, (k * 5 + j) % 60) for k in keys for j in range(3)], fails=fails), max(first, 0))

    @strawberry.field
    def full(self) -> str:
        return f"{self.name}/{self.on}/{self.day}/{self.color}/{self.ref}"

    @strawberry.field
    async def twin(self, parent: strawberry.Parent[Any], info: Info[Context, Any]) -> "Row":
        await asyncio.sleep(0)
        if bad(self.id, "twin"):
            raise Refused(f"twin {parent.id}")
        return parent


@strawberry.type
class Box(Node):
    inner: Leaf | None
    leaves: list[Leaf]
    holes: list[Leaf | None] | None
    row_id: Private[int]

    @batched("row_id")
    def row(keys: Any, context: Context) -> Row:
        return rows([(k, k) for k in keys if not bad(k, "box row")])

    @batched("row_id", permission_classes=[Sometimes])
    def kept(keys: Any, context: Context) -> Row | None:
        return rows([(k, k) for k in keys])

    @strawberry.field
    def node(self) -> Node:
        return thing(int(self.id) * 3 + 1)

    @strawberry.field
    async def nodes(self, first: int = 3) -> list[Node]:
        if bad(self.id, "nodes"):
            return None
        return [thing(int(self.id) + j) for j in range(first % 5)]

    @strawberry.field
    def anything(self) -> list[Annotated["Any_", strawberry.lazy(__name__)] | None] | None:
        if bad(self.id, "anything"):
            raise ValueError("anything")
        return [None if bad(self.id, j, "a") else thing(j * 5 + int(self.id)) for j in range(3)]

    @strawberry.field
    async def matrix(self) -> list[list[Leaf]]:
        return [[leaf(1), leaf(2)], [], [leaf(int(self.id))]]

    @strawberry.field
    async def strict(self) -> Leaf:
        if bad(self.id, "strict"):
            raise KeyError("strict")
        return leaf(int(self.id) % 50)

    @strawberry.field
    def wrong(self) -> list[int] | None:
        return 5 if bad(self.id, "wrong") else "ab" if bad(self.id, "text") else [1, 2]

    @strawberry.field
    def stream(self) -> list[int | None]:
        def made() -> Iterator[Any]:
            yield 1
            yield "x" if bad(self.id, "stream") else 2
            if bad(self.id, "stops"):
                raise ValueError("stops")

        return made()

    @strawberry.field
    def waits(self) -> list[Leaf | None]:
        async def one(n: int) -> Leaf:
            await asyncio.sleep(0)
            if bad(n, self.id, "waits"):
                raise ValueError(f"waits {n}")
            return leaf(n)

        return [one(1), leaf(2), one(3)]

    @strawberry.field
    def numbers(self) -> list[int | None]:
        async def one(n: int) -> Any:
            await asyncio.sleep(0)
            return "x" if bad(n, self.id, "numbers") else n

        return [one(1), 2, one(3)]

    @strawberry.field
    def imposter(self) -> Leaf | None:
        return Tiny(v=1) if int(self.id) % 5 == 2 else leaf(int(self.id))

    @strawberry.field
    def stranger(self) -> Annotated["Any_", strawberry.lazy(__name__)] | None:
        return object() if bad(self.id, "stranger") else Row(**row_values(1)) if bad(self.id, "row") else thing(3)


@strawberry.type
class Tiny:
    v: int | None

    @strawberry.field
    def me(self) -> "Tiny":
        return self

    @strawberry.field
    def lost(self) -> str | None:
        return self.nowhere


@strawberry.type
class Picky:
    """Says itself what is one."""

    w: int

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        return isinstance(value, cls) and value.w % 7 != 3


Any_ = Annotated[Union[Leaf, Box, Tiny, Picky], strawberry.union("Anything")]  # noqa: UP007


def row_values(n: int) -> dict[str, Any]:
    """A row's values, without its key."""
    return {name: value for name, value in row(n, n).items() if name != "_key"}


def thing(n: int) -> Any:
    """Something of a number: a leaf or a box."""
    n %= 60
    if n % 3 == 0:
        return leaf(n)
    return Box(
        id=ID(str(n)),
        label=f"b{n}",
        inner=leaf(n) if n % 4 else None,
        leaves=None if bad(n, "leaves") else [leaf(j) for j in range(n % 3)],
        holes=[leaf(n), None] if n % 2 else None,
        row_id=n,
    )


def box(n: int) -> Box:
    """The box of a number."""
    made: Box = thing(n if n % 3 else n + 1)
    return made


@strawberry.type
class Query:
    @strawberry.field
    def box(self, id: int = 7) -> Box | None:
        return box(id)

    @strawberry.field
    async def boxes(self, ids: list[int] | None = None) -> list[Box]:
        return [box(n) for n in ids or (1, 2, 4, 5, 7)]

    @strawberry.field
    def node(self, id: ID) -> Node | None:
        made: Node = thing(sum(map(ord, id)))
        return made

    @strawberry.field
    def anything(self, ids: list[int] | None = None) -> list[Any_]:
        return [Tiny(v=n) if n % 5 == 0 else Picky(w=n) if n % 4 == 3 else thing(n) for n in ids or range(1, 12)]

    @batched(None, many=True)
    def rows(keys: Any, context: Context, first: int = 4) -> list[Row]:
        return rows([(k, j * 3 % 60) for k in keys for j in range(max(0, min(first, 8)))])

    @batched(None, many=True)
    def few(keys: Any, context: Context, options: Options | None = None) -> list[Row] | None:
        n = options.n if options else 2
        return rows([(k, (j * 11 + n) % 60) for k in keys for j in range(n % 5)])

    @strawberry.field
    def hello(self, name: str = "x", options: Options | None = None) -> str:
        return f"{name}{options}"


@strawberry.type
class Counter:
    at: int
    context: Private[Context]

    @strawberry.field
    def now(self) -> int:
        """The count when the field is asked, which is before the next root field."""
        return self.context.count

    @strawberry.field
    async def later(self) -> int:
        await asyncio.sleep(0)
        self.context.done.append(("later", self.at))
        return self.context.count

    @batched("at", many=True)
    def rows(keys: Any, context: Context) -> list[Row]:
        context.done.append(("rows", list(keys), context.count))
        return rows([(k, (k + context.count) % 60) for k in keys])

    @batched("at")
    def mark(keys: Any, context: Context) -> int:
        """The count when it is read."""
        return [context.count for _ in keys]

    @strawberry.field
    def itself(self) -> "Counter":
        return self

    @batched("at")
    def fixed(keys: Any, context: Context) -> Row:
        """Always the same row."""
        return rows([(k, 5) for k in keys])


@strawberry.type
class Tally:
    """One for the whole operation, so that each mutation changes what the last one gave."""

    total: int = 0


@strawberry.type
class Mutation:
    @strawberry.mutation
    def tally(self, info: Info[Context, Any], by: int = 1) -> Tally:
        kept: Tally = info.context.kept.setdefault("tally", Tally())
        kept.total += by
        return kept

    @strawberry.mutation
    async def bump(self, info: Info[Context, Any], by: int = 1) -> Counter | None:
        await asyncio.sleep(0)
        context = info.context
        context.loads.clear()
        context.count += by
        context.done.append(("bump", by))
        if bad(by, "bump"):
            raise Refused(f"bump {by}")
        return Counter(at=by, context=context)

    @strawberry.mutation
    def must(self, info: Info[Context, Any], by: int = 1) -> Counter:
        info.context.loads.clear()
        info.context.count += by
        info.context.done.append(("must", by))
        if mixed(by, "must") % 5 == 0:
            raise Refused(f"must {by}")
        return Counter(at=by, context=info.context)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def boxes(self, first: int = 3) -> AsyncIterator[Box]:
        for n in range(max(0, min(first, 4))):
            yield box(n * 7 + 1)

    @strawberry.subscription
    async def counted(self) -> AsyncIterator[int]:
        yield 1
        yield "x"
        yield 3


schema = strawberry.Schema(Query, Mutation, Subscription, types=[Leaf, Box, Tiny, Row, Picky])
