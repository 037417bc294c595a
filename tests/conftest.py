"""Fixtures for every test: servers that are there or the test is not run, a clock, and an environment of its own."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import settings

from tests.services import (
    NEEDS,
    REDIS,
    Clock,
    Databases,
    mariadb_databases,
    need_browser,
    need_dumps,
    need_mariadb,
    need_node,
    need_postgresql,
    need_redis,
    postgresql_databases,
)
from tests.stores import let_go

# A developer's own settings must not reach the tests, nor a proxy the addresses they talk to.
for _name in [name for name in os.environ if name.startswith("HOMEROOM_") and not name.startswith("HOMEROOM_TEST_")]:
    del os.environ[_name]
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"

# The same examples in every run, however busy the machine is.
settings.register_profile("homeroom", derandomize=True, deadline=None)
settings.load_profile("homeroom")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A marked test needs what its mark names: it skips without, and fails on CI."""
    for name, need in NEEDS.items():
        if item.get_closest_marker(name) is not None:
            need()


def pytest_sessionfinish() -> None:
    """The store that this process kept for its tests goes."""
    let_go()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at noon in New York on 23 November 2026."""
    return Clock()


@pytest_asyncio.fixture
async def postgresql_database() -> AsyncIterator[Databases]:
    """Makes throw-away PostgreSQL databases: `url = await postgresql_database()`."""
    need_postgresql()
    databases = postgresql_databases()
    yield databases
    await databases.drop_all()


@pytest_asyncio.fixture
async def mariadb_database() -> AsyncIterator[Databases]:
    """Makes throw-away MariaDB databases: `url = await mariadb_database()`."""
    need_mariadb()
    databases = mariadb_databases()
    yield databases
    await databases.drop_all()


@pytest.fixture
def redis_url() -> str:
    """The URL of a Redis that answers."""
    need_redis()
    return REDIS


@pytest.fixture
def chromium() -> str:
    """The path of Chromium."""
    return need_browser()


@pytest.fixture
def node() -> str:
    """The path of Node.js."""
    return need_node()


@pytest.fixture
def dumps() -> Path:
    """The folder of the dumps."""
    return need_dumps()
