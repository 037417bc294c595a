"""A made district to ask: its source with every statement on record, and who is in it."""

import sqlite3
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from strawberry.types import ExecutionResult

from gateway.execution.compiled import CompiledEngine
from gateway.execution.documents import GraphQLRequest
from loaders.adapter import load_adapter
from loaders.database import Readers
from loaders.demo import Case, make_district
from loaders.dialect import Dialect
from loaders.portal.roles import StaffRole
from loaders.relations import Relations
from loaders.source import Bound, Source
from loaders.statement import Key
from resolvers.context import Caller, Context, Viewer
from resolvers.paging import cursor
from schema.api import schema
from schema.reading import read

TODAY = date(2026, 11, 23)
ENGINE = CompiledEngine(schema, fetch=read, cursor=cursor)


@dataclass
class Recorded:
    """A database whose statements are written down as they go by."""

    reads: Readers
    statements: list[Bound] = field(default_factory=list)
    dialect: Dialect = Dialect.SQLITE

    def at_once(self, statements: Sequence[Bound]) -> None:
        """Nothing: whatever is read is to be written down."""

    def hold(self) -> bool:
        """Never: the same."""
        return False

    def spent(self) -> bool:
        """Never: the same."""
        return False

    def release(self) -> None:
        """Nothing was held."""

    async def soon(self) -> None:
        """Nothing comes of it."""

    def version(self) -> Hashable | None:
        """The database's own word."""
        return self.reads.version()

    async def fetch(self, statements: Sequence[Bound], *, heavy: bool = False) -> list[list[Sequence[Any]]]:
        """The answers, with the statements written down."""
        self.statements.extend(statements)
        return await self.reads.fetch(statements, heavy=heavy)


@dataclass
class World:
    """A district with its source; ask it as anybody."""

    path: Path
    source: Source
    recorded: Recorded
    cases: Mapping[str, Case]
    twin: bool = True
    plain: Source | None = None

    def context(self, guardian: Key | None = None, staff: StaffRole | None = None) -> Context:
        """A fresh context of an operation, signed out where nobody is named."""
        viewer, roles = None, frozenset({staff} if staff else ())
        if guardian is not None or staff is not None:
            viewer = Viewer(1, 1, "somebody", guardian, roles, datetime.max.replace(tzinfo=UTC))
        return Context(self.source, viewer, Caller(), portal=None, live=None, district_name="Maple Falls")

    def at_once(self, guardian: Key | None = None) -> Context:
        """The same on the database itself, of which nothing is written down and much is read without a wait."""
        if self.plain is None:
            self.plain = Source(self.source.relations, self.recorded.reads, self.source._now, shared_rows=0)
        context = self.context(guardian)
        context.source = self.plain
        return context

    async def ask(
        self,
        document: str,
        *,
        guardian: Key | None = None,
        staff: StaffRole | None = None,
        **variables: Any,
    ) -> ExecutionResult:
        """The answer to a document as a guardian, a member of staff or nobody gets it; both executors must agree."""
        answer = await schema.execute(document, variable_values=variables, context_value=self.context(guardian, staff))
        assert isinstance(answer, ExecutionResult)
        if self.twin and answer.errors is None:
            sent = len(self.recorded.statements)
            assert orjson.dumps(await self.serve(document, guardian, staff, **variables)) == orjson.dumps(answer.data)
            del self.recorded.statements[sent:]
        return answer

    async def serve(
        self, document: str, guardian: Key | None = None, staff: StaffRole | None = None, **variables: Any
    ) -> dict[str, Any]:
        """The data of an answer as the gateway serves it; it must be without errors."""
        prepared = ENGINE.prepare(GraphQLRequest(document, variables=variables))
        assert not prepared.errors, prepared.errors
        served = await ENGINE.execute(prepared, self.context(guardian, staff))
        assert not served.errors, served.errors
        data: dict[str, Any] = served.data
        return data

    async def data(self, document: str, *, guardian: Key | None = None, **variables: Any) -> Any:
        """The data of an answer that must be without errors."""
        answer = await self.ask(document, guardian=guardian, **variables)
        assert answer.errors is None, answer.errors
        return answer.data

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database holds, asked behind the gateway's back."""
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(sql, values).fetchall()

    def change(self, sql: str, *values: Any) -> None:
        """Change the database as another process would."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(sql, values)

    def guardian(self, case: str) -> int:
        """The guardian of an awkward case."""
        found = self.cases[case].guardian_id
        assert found is not None
        return found

    def student(self, case: str) -> int:
        """The student of an awkward case."""
        found = self.cases[case].student_id
        assert found is not None
        return found


def noon(day: date) -> datetime:
    """Noon of that day where the district is."""
    return datetime.combine(day, time(12), ZoneInfo("America/New_York")).astimezone(UTC)


async def open_world(path: Path, students: int, now: Callable[[], datetime] | None = None) -> World:
    """A district of that many students, made at `path`, at noon of a Monday in November."""
    cases = _put(path, students)
    readers = await Readers.open(f"sqlite:///{path}")
    recorded = Recorded(readers)
    source = Source(Relations(load_adapter("home"), Dialect.SQLITE), recorded, now or (lambda: noon(TODAY)))
    return World(path, source, recorded, cases)


def _put(path: Path, students: int) -> Mapping[str, Case]:
    store, cases = _made(students)
    path.write_bytes(store)
    return cases


@cache
def _made(students: int) -> tuple[bytes, Mapping[str, Case]]:
    """The store of a district of that many students and its awkward cases, made once in a process."""
    with TemporaryDirectory(prefix="homeroom-district-") as folder:
        district = make_district(Path(folder) / "district.db", students=students, seed=1, today=TODAY)
        return district.path.read_bytes(), district.cases
