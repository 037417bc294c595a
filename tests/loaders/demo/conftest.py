"""Made districts of two sizes on several days, each made once."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.loaders.demo.districts import MADE, Made, made_at


@pytest.fixture(scope="session", params=MADE, ids=lambda made: f"{made[0]}-{made[1]}")
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    students, today = request.param
    district = made_at(tmp_path_factory.mktemp("demo") / "demo.db", students, today)
    with closing(sqlite3.connect(district.path)) as connection:
        yield Made(district, connection)
