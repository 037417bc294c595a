"""A district that takes registrations, and a portal store on either engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.portal import House, empty_place, open_house
from tests.registration import Family, family_in, open_forms
from tests.world import World, open_world


@pytest_asyncio.fixture(scope="package")
async def district(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of sixty students."""
    made = await open_world(Path(tmp_path_factory.mktemp("registration")) / "district.db", 60)
    yield made
    await made.recorded.reads.close()


@pytest.fixture
def world(district: World) -> World:
    """The district with the demo's form."""
    open_forms(district.source)
    return district


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    """A portal on either engine."""
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        yield house


@pytest.fixture
def family(world: World) -> Family:
    """A student with two guardians, and a sibling."""
    return family_in(world)
