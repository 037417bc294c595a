"""Databases of our own on each server, made once for all who read them."""

from collections.abc import AsyncIterator

import pytest

from tests.loaders import servers
from tests.loaders.servers import Place


@pytest.fixture(scope="session")
async def postgresql() -> AsyncIterator[Place]:
    """A PostgreSQL database with a table of pupils."""
    async with servers.postgresql() as place:
        yield place


@pytest.fixture(scope="session")
async def mariadb() -> AsyncIterator[Place]:
    """A MariaDB database with the same table."""
    async with servers.mariadb() as place:
        yield place
