"""The portal store's tables: made by two at once, made whole or not at all, and an audit trail that stays."""

import asyncio
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loaders.database import Writer
from loaders.errors import AddressInvalid, ConstraintBroken, LoaderError, SourceDown, StoreOutdated
from loaders.portal.accounts import account_by_username
from loaders.portal.audit import Entry, record
from loaders.portal.roles import StaffRole
from loaders.portal.store import check_migrated, migrate
from tests.stores import bare_place

ALL = [
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0015",
]
KILLED = """
import asyncio, os, sys
from loaders.portal import store

def die(revision):
    print(revision, flush=True)
    os.kill(os.getpid(), 9)

asyncio.run(store.migrate(sys.argv[1], die))
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    async with bare_place(request.param, tmp_path) as url:
        yield url


async def test_migrating_applies_each_revision_once_and_tells_of_it(url: str) -> None:
    told: list[str] = []
    assert await migrate(url, told.append) == ALL
    assert told == ALL
    assert await migrate(url, told.append) == []
    assert told == ALL
    await check_migrated(url)


async def test_what_the_first_revision_held_is_there_after_the_second(url: str) -> None:
    await migrate(url, until="0001")
    writer = await Writer.open(url)
    now = datetime(2026, 11, 23, tzinfo=UTC)
    async with writer.transaction() as transaction:
        for username, guardian, role in (("ana", "7", None), ("desk", None, "registrar"), ("odd", None, "janitor")):
            await transaction.execute(
                "insert into account (username, username_key, password_hash, guardian_id, staff_role, created_at) "
                "values (:username, :username, 'hash', :guardian, :role, :now_at)",
                {"username": username, "guardian": guardian, "role": role, "now_at": now},
            )
    await writer.close()
    with pytest.raises(StoreOutdated, match="homeroom migrate"):
        await check_migrated(url)
    assert await migrate(url) == ALL[1:]
    writer = await Writer.open(url)
    accounts = [await account_by_username(writer, name) for name in ("ana", "desk", "odd")]
    await writer.close()
    assert [(a.guardian_id, a.roles, a.password_hash) for a in accounts if a] == [
        ("7", frozenset(), "hash"),
        (None, frozenset({StaffRole.OFFICE}), "hash"),
        (None, frozenset(), "hash"),
    ]


ISSUE = (
    "insert into activation_key (key_hash, guardian_id, issued_at, expires_at) values (:hash, '7', :now_at, :now_at)"
)


async def test_a_guardian_has_one_live_key_at_the_most(url: str) -> None:
    await migrate(url)
    writer = await Writer.open(url)
    now = datetime(2026, 11, 23, tzinfo=UTC)
    async with writer.transaction() as transaction:
        await transaction.execute(ISSUE, {"hash": "a", "now_at": now})
    with pytest.raises(ConstraintBroken):
        async with writer.transaction() as transaction:
            await transaction.execute(ISSUE, {"hash": "b", "now_at": now})
    async with writer.transaction() as transaction:
        await transaction.execute("update activation_key set revoked_at = :now_at", {"now_at": now})
        await transaction.execute(ISSUE, {"hash": "b", "now_at": now})
    await writer.close()


async def test_a_store_that_was_not_migrated_is_refused(url: str) -> None:
    with pytest.raises(StoreOutdated, match="homeroom migrate"):
        await check_migrated(url)


async def test_of_those_who_migrate_at_once_one_does_it(url: str) -> None:
    results = await asyncio.gather(*(migrate(url) for _ in range(4)))
    assert sorted(results) == [[], [], [], ALL]
    await check_migrated(url)


async def test_killed_in_the_middle_nothing_has_happened_and_the_next_run_finishes(url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, url, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    async with asyncio.timeout(20):
        output, _ = await process.communicate()
    assert (process.returncode, output) == (-signal.SIGKILL, b"0001\n")
    with pytest.raises(StoreOutdated):
        await check_migrated(url)
    assert await migrate(url) == ALL


async def test_a_store_of_a_newer_version_is_left_alone(url: str) -> None:
    await migrate(url)
    writer = await Writer.open(url)
    async with writer.transaction() as transaction:
        await transaction.execute("update portal_revision set version_num = '9999'")
    await writer.close()
    for refused in (check_migrated(url), migrate(url)):
        with pytest.raises(StoreOutdated, match="newer version"):
            await refused


async def test_the_audit_trail_takes_rows_and_gives_none_back(url: str) -> None:
    await migrate(url)
    writer = await Writer.open(url)
    async with writer.transaction() as transaction:
        await record(transaction, Entry(datetime(2026, 11, 23, tzinfo=UTC), "operator", "TESTED", "nothing"))
    for change in ("update audit set actor = 'nobody'", "delete from audit"):
        with pytest.raises(LoaderError):
            async with writer.transaction() as transaction:
                await transaction.execute(change)
    rows = await writer.rows("select actor, action, happened_at, detail from audit")
    await writer.close()
    assert [tuple(row.values()) for row in rows] == [("operator", "TESTED", datetime(2026, 11, 23, tzinfo=UTC), "{}")]


@pytest.mark.parametrize(("guardian", "role"), [(None, None), ("g-1", "ADMIN")])
async def test_an_account_is_a_guardians_or_staffs(url: str, guardian: str | None, role: str | None) -> None:
    await migrate(url)
    writer = await Writer.open(url)
    with pytest.raises(ConstraintBroken):
        async with writer.transaction() as transaction:
            await transaction.execute(
                "insert into account (username, username_key, password_hash, guardian_id, staff_role, created_at) "
                "values ('ana', 'ana', '', :guardian, :role, :now_at)",
                {"guardian": guardian, "role": role, "now_at": datetime(2026, 11, 23, tzinfo=UTC)},
            )
    assert await writer.rows("select id from account") == []
    await writer.close()


@pytest.mark.postgresql
async def test_a_database_that_does_not_exist_is_said_to_be_away(tmp_path: Path) -> None:
    async with bare_place("postgresql", tmp_path) as url:
        with pytest.raises(SourceDown, match="InvalidCatalogName"):
            await migrate(f"{url}_other")


async def test_a_store_on_sqlite_is_its_owners_alone(tmp_path: Path) -> None:
    await migrate(f"sqlite:///{tmp_path}/portal.sqlite")
    assert stat.S_IMODE(os.stat(tmp_path / "portal.sqlite").st_mode) == 0o600


async def test_mariadb_is_refused_before_anything_is_asked_of_it() -> None:
    for refused in (migrate("mysql://root@127.0.0.1:1/hr"), check_migrated("mysql://root@127.0.0.1:1/hr")):
        with pytest.raises(AddressInvalid, match="SQLite or PostgreSQL"):
            await refused


@pytest.mark.parametrize("url", ["postgresql://root@127.0.0.1:1/hr", "sqlite:////nowhere/at/all.sqlite"])
async def test_a_database_that_is_away_is_said_to_be(url: str) -> None:
    with pytest.raises(SourceDown):
        await migrate(url)
