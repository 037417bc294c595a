"""Pages: keyset connections over statements, cut per parent in the database."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import orjson

from loaders.adapter import Adapter
from loaders.contract import Column, Kind
from loaders.joined import Joined
from loaders.rows import Rows
from loaders.statement import Statement, behind, counted
from resolvers.context import Context
from resolvers.errors import BadUserInput

DEFAULT_FIRST = 20
MOST = 100


class Paged(NamedTuple):
    """A statement of which each parent gets one page, its first rows; `whole` is the statement before the cursor."""

    statement: Statement | Joined
    first: int
    whole: Statement

    @property
    def rows(self) -> Statement | Joined:
        """The statement of the page itself, with one row more than asked, which tells whether there is a next page."""
        return self.statement.cut(self.first + 1)

    @property
    def cursor_columns(self) -> list[str]:
        """The columns whose values make a row's cursor."""
        return [term.name for term in self.statement.order if term.name is not None]


class Gathered(NamedTuple):
    """A page that the resolver has read itself: its rows, one more of each parent than it holds where more are behind.

    `totals` says how many each parent has in all, over every page, and is asked only where that is wanted.
    """

    rows: Rows
    first: int
    cursor_columns: list[str]
    totals: Callable[[], Awaitable[Mapping[Any, int]]]


class Page(NamedTuple):
    """What a client asked of a connection; `after` is a cursor of that connection."""

    first: int = DEFAULT_FIRST
    after: str | None = None


def page_of(first: int | None, after: str | None) -> Page:
    """The page a client asks for; BadUserInput where it is larger than a page may be."""
    size = DEFAULT_FIRST if first is None else first
    if not 0 <= size <= MOST:
        raise BadUserInput(f"`first` is {size}: ask for 0 to {MOST} and page on with `after`.")
    return Page(size, after)


def paged(context: Context, statement: Statement, page: Page) -> Paged:
    """The page of a statement; BadUserInput where `after` is no cursor of it."""
    if page.after is None:
        return Paged(statement, page.first, statement)
    return Paged(behind(statement, _read_cursor(context.source.adapter, statement, page.after)), page.first, statement)


def count_of(statement: Statement) -> Statement:
    """How many rows each parent has in all, over every page."""
    return counted(statement)


def cursor(values: Sequence[Any]) -> str:
    """The opaque cursor of a row, from the values of its order's columns."""
    texts = [value.isoformat() if isinstance(value, date) else str(value) for value in values]
    return urlsafe_b64encode(orjson.dumps(texts)).decode().rstrip("=")


def _read_cursor(adapter: Adapter, statement: Statement, text: str) -> list[Any]:
    refusal = BadUserInput("`after` is not a cursor of this connection: give back a cursor exactly as it came.")
    try:
        texts = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (Error, ValueError, RecursionError):
        raise refusal from None
    names = [term.name for term in statement.order if term.name is not None]
    if not isinstance(texts, list) or len(texts) != len(names) or not all(isinstance(t, str) for t in texts):
        raise refusal
    values = [_read_value(adapter, statement, name, part) for name, part in zip(names, texts, strict=True)]
    if any(value is None for value in values):
        raise refusal
    return values


def _read_value(adapter: Adapter, statement: Statement, name: str, text: str) -> Any:
    declared = statement.shape.declared(name)
    try:
        match declared.kind:
            case Kind.DATE:
                return date.fromisoformat(text)
            case Kind.INSTANT:
                instant = datetime.fromisoformat(text)
                # No school was there before, and no engine compares what is near the end of the calendar in every zone.
                near = instant.tzinfo is not None and 1900 <= instant.year < 2200
                return instant.astimezone(UTC) if near else None
            case Kind.KEY if isinstance(declared, Column) and declared.of is not None:
                return adapter.parse_key(declared.of, text)
    except (ValueError, OverflowError):
        return None
    return text if len(text) <= 255 and "\x00" not in text else None
