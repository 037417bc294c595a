"""A hub over a district and a portal store of its own, and what it tells of grades in short."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from gateway.sealing import KeyedSealer, sealer_of
from loaders.database import Writer
from loaders.source import Source
from loaders.statement import Key
from resolvers.changes import ChangeEvent, ChangeKind
from resolvers.live import Live
from resolvers.portal.sealing import Sealer
from resolvers.streams import ChangeStream
from resolvers.watching import LEASE
from tests.stores import settle


class GradeChange(NamedTuple):
    """What an event says of a grade."""

    student_key: Any
    grade_key: Any
    kind: ChangeKind
    previous_percent: Decimal | None
    previous_letter: str | None


def grade_change(event: ChangeEvent) -> GradeChange:
    """The event in short."""
    (grade,) = event.thing
    return GradeChange(event.student_key, grade, event.kind, event.previous_percent, event.previous_letter)


@cache
def sealer() -> KeyedSealer:
    """What seals in these tests."""
    return sealer_of(b"a key of the hub's tests alone...")


async def empty_store(path: Path) -> str:
    """The URL of a migrated store without anything in it, made at that path."""
    url = f"sqlite:///{path}"
    await settle(url)
    return url


@asynccontextmanager
async def open_store(path: Path) -> AsyncIterator[Writer]:
    """A store without anything in it, made at that path."""
    writer = await Writer.open(await empty_store(path))
    yield writer
    await writer.close()


def hub(
    source: Source, store: Writer, seals: Sealer | None = None, interval: float = 0.01, lease: timedelta = LEASE
) -> Live:
    """A hub that watches the source by that store."""
    return Live(source, store, seals or sealer(), interval, lease=lease)


async def grades(live: Live, guardian: Key, student: Key | None = None, after: str | None = None) -> ChangeStream:
    """A subscription to grades."""
    return await live.subscribe(guardian, ("grade",), student, after)
