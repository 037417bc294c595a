"""Fields that are batches: declared once, as a function of the keys of a whole level.

A batch resolver takes keys and a Batch and returns a statement, a page of one, values in the keys' order, or a
coroutine of any of these; None says that there is nothing for any key. The declaration stands in the field's
metadata, where an executor of levels finds it; for graphql-core it makes the same function into a DataLoader.
"""

import inspect
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Annotated, Any

import strawberry

from resolvers.access import Area
from schema.levels import EMBEDDED, METADATA, SIZE, BatchField, Resolver
from schema.loading import load


def batched(
    key: str | None = "key",
    *,
    area: Area | None = None,
    name: str | None = None,
    size: int = 10,
    shared: bool = False,
    of_student: bool = False,
) -> Callable[[Resolver], Any]:
    """Declare a field by its batch resolver; the function's signature and docstring are the field's in the schema.

    `size` is how many items a list has as a rule, which is what it costs. Declare it `shared` where it leads from what
    is of one student to nothing of another, and whoever has a right to the student is told the same; and `of_student`
    where the key is a student's and nothing else's: what is told of it is then kept for all who have that right.
    """
    return lambda resolve: _field(BatchField(resolve, key, area, False, shared, of_student), name, size)


def connected(
    key: str = "key",
    *,
    area: Area | None = None,
    name: str | None = None,
    shared: bool = False,
    of_student: bool = False,
) -> Callable[[Resolver], Any]:
    """Declare a connection by a batch resolver that takes a `page` and returns a page of a statement."""
    return lambda resolve: _field(BatchField(resolve, key, area, True, shared, of_student), name, 1)


def embedded(columns: Mapping[str, str], *, description: str) -> Callable[[type], Any]:
    """Declare a field whose object is made of columns of its parent's own row: attribute -> column."""

    def declare(cls: type) -> Any:
        def resolver(self: Any) -> Any:
            made: Any = object.__new__(cls)
            made.__dict__.update({name: getattr(self, column) for name, column in columns.items()})
            return made

        resolver.__annotations__ = {"return": cls}
        return strawberry.field(resolver=resolver, description=description, metadata={EMBEDDED: dict(columns)})

    return declare


First = Annotated[
    int | None, strawberry.argument(description="How many at most: 20 where it is not said, 100 at the most.")
]
After = Annotated[
    str | None, strawberry.argument(description="Only what stands behind this cursor of the same connection.")
]


def _field(spec: BatchField, name: str | None, size: int) -> Any:
    signature = inspect.signature(spec.resolve)
    key_of = attrgetter(spec.key) if spec.key is not None else None
    keyword = inspect.Parameter.KEYWORD_ONLY
    plain = inspect.Parameter.POSITIONAL_OR_KEYWORD
    arguments = [p.replace(kind=keyword) for p in list(signature.parameters.values())[2:] if p.name != "page"]
    if spec.paged:
        arguments = [
            inspect.Parameter("first", keyword, annotation=First, default=None),
            inspect.Parameter("after", keyword, annotation=After, default=None),
            *arguments,
        ]

    async def resolver(self: Any, info: strawberry.Info, **args: Any) -> Any:
        parent_key = () if key_of is None else key_of(self)
        if parent_key is None:
            return None
        return await load(info.context, spec, info._field, parent_key, args)

    resolver.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[
            inspect.Parameter("self", plain),
            inspect.Parameter("info", plain, annotation=strawberry.Info),
            *arguments,
        ]
    )
    resolver.__annotations__ = {
        "info": strawberry.Info,
        **{p.name: p.annotation for p in arguments},
        "return": signature.return_annotation,
    }
    resolver.__name__ = spec.resolve.__name__
    resolver.__qualname__ = spec.resolve.__qualname__
    resolver.__module__ = spec.resolve.__module__
    resolver.__doc__ = spec.resolve.__doc__
    return strawberry.field(
        resolver=resolver,
        name=name,
        description=inspect.getdoc(spec.resolve),
        metadata={METADATA: spec, SIZE: size},
    )
