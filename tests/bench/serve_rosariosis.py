"""Serve RosarioSIS to every parent it has, over HTTP, and count what they were given.

`python -m tests.bench.serve_rosariosis [postgresql|mysql]`, with the dumps beside the checkout.
"""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2

from gateway.operators import create_accounts, migrate_store
from loaders.database import Readers
from loaders.dialect import Dialect
from resolvers.portal.accounts import CreateAccount
from tests.journeys.running import LOG_IN, homeroom
from tests.journeys.test_rosariosis import PASSWORD, drop_reader, reader
from tests.loaders.dumps import loaded

DUMPS = {Dialect.POSTGRESQL: "rosariosis_pg.sql.gz", Dialect.MYSQL: "rosariosis_mysql.sql.gz"}
PARENTS = "select staff_id from staff where profile = 'parent' and syear = 2021 order by staff_id"
RECORD = """{ me { students { sourcedId
  terms { id } grades { id } courses { id assignments(first: 100) { totalCount nodes { score { state } } } }
  attendance(first: 100) { totalCount nodes { id } } } } }"""


async def main(dialect: Dialect) -> None:
    """Load the dump, make the accounts, serve, and ask as every parent."""
    folder = Path(tempfile.mkdtemp(prefix="homeroom-"))
    async with loaded(DUMPS[dialect], dialect) as database:
        settings = {"HOMEROOM_SIS_URL": await reader(database, dialect), "HOMEROOM_SIS_ADAPTER": "rosariosis"}
        try:
            url = f"sqlite:///{folder}/portal.db"
            await migrate_store(url, lambda _: None)
            readers = await Readers.open(database.url, size=1, allow_writable=True)
            parents = [str(row[0]) for row in (await readers.fetch([(PARENTS, [])]))[0]]
            await readers.close()
            orders = [CreateAccount(f"parent.{key}", PASSWORD, guardian_id=key, finished=True) for key in parents]
            await create_accounts(url, None, orders)
            async with homeroom("serve", folder=folder, settings={**settings, "HOMEROOM_PORTAL_URL": url}) as gateway:
                await ask(gateway.url, parents)
        finally:
            await drop_reader(database, dialect)


async def ask(url: str, parents: list[str]) -> None:
    """Log in and read the whole record as every parent, eight at a time."""
    found: Counter[str] = Counter()
    students: set[str] = set()
    queue = list(parents)
    milliseconds: list[float] = []

    async def family(client: httpx2.AsyncClient) -> None:
        while queue:
            key = queue.pop()
            given = {"username": f"parent.{key}", "password": PASSWORD, "client": "MOBILE"}
            logged_in = await _post(client, url, LOG_IN, {"given": given}, {})
            token = logged_in["data"]["logIn"]["session"]["accessToken"]
            started = time.perf_counter()
            answer = await _post(client, url, RECORD, {}, {"authorization": f"Bearer {token}"})
            milliseconds.append((time.perf_counter() - started) * 1000)
            found["parents"] += 1
            for student in answer["data"]["me"]["students"]:
                students.add(student["sourcedId"])
                found["grades"] += len(student["grades"])
                found["courses"] += len(student["courses"])
                found["attendance"] += student["attendance"]["totalCount"]
                for course in student["courses"]:
                    found["assignments"] += course["assignments"]["totalCount"]
                    found["scores"] += sum(n["score"]["state"] == "SCORED" for n in course["assignments"]["nodes"])

    started = time.perf_counter()
    async with httpx2.AsyncClient(timeout=30) as client:
        await asyncio.gather(*(family(client) for _ in range(8)))
    seconds = time.perf_counter() - started
    print(f"parents {found['parents']}, students {len(students)}, in {seconds:.0f} s with log-ins")
    print(*(f"{name} {found[name]}" for name in ("courses", "grades", "assignments", "scores", "attendance")), sep=", ")
    milliseconds.sort()
    print(f"the whole record of a family: median {milliseconds[len(milliseconds) // 2]:.0f} ms, eight at a time")


async def _post(client: httpx2.AsyncClient, url: str, query: str, variables: Any, headers: dict[str, str]) -> Any:
    answer = await client.post(url, json={"query": query, "variables": variables}, headers=headers)
    found = answer.json()
    if "errors" in found:
        raise SystemExit(found["errors"])
    return found


if __name__ == "__main__":
    asyncio.run(main(Dialect(sys.argv[1]) if len(sys.argv) > 1 else Dialect.POSTGRESQL))
