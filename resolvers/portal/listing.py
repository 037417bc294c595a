"""Pages of what the portal store holds: cut by a place in their order, and cursors that name such a place."""

import json
from base64 import urlsafe_b64decode
from binascii import Error
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from resolvers.errors import BadUserInput
from resolvers.paging import cursor

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A page: what stands on it, the cursor of each, and whether more stands before or behind it.

    `end` is where to read on, where that is not the last cursor.
    """

    found: tuple[T, ...]
    cursors: tuple[str, ...]
    has_next: bool
    has_previous: bool
    end: str | None = None


def listing(found: Sequence[tuple[Sequence[Any], T]], first: int, *, earlier: bool) -> Listing[T]:
    """The page of rows, each with its place, of which one more than the page holds was asked for."""
    kept = found[:first]
    return Listing(
        found=tuple(each for _, each in kept),
        cursors=tuple(cursor(place) for place, _ in kept),
        has_next=len(found) > first,
        has_previous=earlier,
    )


def place_in(after: str | None, *readers: Callable[[str], Any]) -> tuple[Any, ...] | None:
    """The place that a cursor names, None without one; BadUserInput where it is no cursor of this connection."""
    if after is None:
        return None
    try:
        texts = json.loads(urlsafe_b64decode(after + "=" * (-len(after) % 4)))
        if not isinstance(texts, list) or len(texts) != len(readers):
            raise ValueError
        return tuple(read(text) for read, text in zip(readers, texts, strict=True))
    except (Error, ValueError, TypeError, OverflowError, RecursionError):
        raise BadUserInput(
            "`after` is not a cursor of this connection: give back a cursor exactly as it came."
        ) from None


def instant(text: str) -> datetime:
    """An aware instant; ValueError for anything else."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError
    return found


def day(text: str) -> date:
    """A day; ValueError for anything else."""
    return date.fromisoformat(text)


def number(text: str) -> int:
    """A number as the store counts; ValueError for anything else."""
    found = int(text)
    if not 0 <= found < 2**63:
        raise ValueError
    return found
