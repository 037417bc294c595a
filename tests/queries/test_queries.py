"""Each document makes the SQL that is written down for it, on SQLite and PostgreSQL, and gets the answer beside it."""

import os
from collections.abc import AsyncIterator, Hashable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from loaders.adapter import load_adapter
from loaders.database import Readers
from loaders.dialect import Dialect
from loaders.relations import Relations
from loaders.source import Bound, Source
from tests.documents import MESSAGES
from tests.queries.copied import copy_district
from tests.queries.documents import ASKED, CURSOR, IDS, variables_of
from tests.queries.told import told
from tests.services import need_postgresql, postgresql_databases
from tests.world import TODAY, World, noon, open_world

FOLDER = Path(__file__).parent
WRITE = os.environ.get("HOMEROOM_TEST_WRITE") == "1"
STUDENTS = 60


@dataclass
class Trips:
    """A database whose trips are written down as they go by."""

    reads: Readers
    dialect: Dialect
    made: list[list[Bound]] = field(default_factory=list)

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
        """The answers, with the trip written down."""
        self.made.append(list(statements))
        return await self.reads.fetch(statements, heavy=heavy)


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The made district, always the same one on the same day."""
    made = await open_world(Path(tmp_path_factory.mktemp("queries")) / "district.db", STUDENTS)
    await made.serve(MESSAGES, made.guardian("parent"))  # asks once when the next message is to be seen
    made.source.shared.most = 0
    yield made
    await made.recorded.reads.close()


@pytest_asyncio.fixture(scope="module")
async def on_postgresql(world: World) -> AsyncIterator[World]:
    """The same district on PostgreSQL."""
    need_postgresql()
    databases = postgresql_databases()
    try:
        url = await databases()
        await copy_district(world.path, url)
        readers = await Readers.open(url, size=1, allow_writable=True)
        relations = Relations(load_adapter("home"), Dialect.POSTGRESQL, zoned=True)
        yield replace(world, source=Source(relations, readers, lambda: noon(TODAY)))
        await readers.close()
    finally:
        await databases.drop_all()


async def served(world: World, reads: Readers, name: str) -> tuple[dict[str, Any], list[list[Bound]], Any]:
    """The variables of a document, the trips that were made for it, and its data as the gateway serves it."""
    asked = ASKED[name]
    guardian = world.guardian(asked.case)
    variables = variables_of(name, await world.serve(IDS, guardian), await world.serve(CURSOR, guardian))
    before, trips = world.source.reads, Trips(reads, world.source.relations.dialect)
    world.source.reads = trips
    try:
        data = await world.serve(asked.text, guardian, **variables)
    finally:
        world.source.reads = before
    return variables, trips.made, data


def compare(path: Path, text: str) -> None:
    """Fails where something else is written down; writes it where that is asked for."""
    if WRITE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert path.is_file(), f"{path.name} is not written down yet: HOMEROOM_TEST_WRITE=1 pytest tests/queries"
    assert text == path.read_text("utf-8"), "look at what changed: HOMEROOM_TEST_WRITE=1 pytest tests/queries; git diff"


@pytest.mark.parametrize("name", ASKED)
async def test_the_sql_of_a_document_and_its_answer_are_as_written_down(world: World, name: str) -> None:
    variables, trips, data = await served(world, world.recorded.reads, name)

    compare(FOLDER / "sqlite" / f"{name}.md", told(ASKED[name].text, variables, trips, data))


@pytest.mark.postgresql
@pytest.mark.parametrize("name", ASKED)
async def test_postgresql_gives_the_same_answer_by_the_sql_that_is_written_down(
    world: World, on_postgresql: World, name: str
) -> None:
    _, _, expected = await served(world, world.recorded.reads, name)
    reads = on_postgresql.source.reads
    assert isinstance(reads, Readers)
    variables, trips, data = await served(on_postgresql, reads, name)

    assert data == expected
    compare(FOLDER / "postgresql" / f"{name}.md", told(ASKED[name].text, variables, trips))


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_nothing_is_written_down_of_documents_that_are_gone(engine: str) -> None:
    assert {path.stem for path in (FOLDER / engine).iterdir()} == set(ASKED)
