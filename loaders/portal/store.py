"""The portal store's tables: brought up to date by `migrate`, checked before they are used by `check_migrated`."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, create_engine, event, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from loaders.database.address import Address, read_address
from loaders.dialect import Dialect
from loaders.errors import AddressInvalid, SourceDown, StoreOutdated

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "portal_revision"

# Any number will do, as long as every process takes the same one.
_LOCK = 7_203_114_259
_LOCK_SECONDS = 60

# Classes of SQLSTATE: no connection, wrong user or password, no such database, no room, shutting down, locked.
_AWAY = ("08", "28", "3D", "53", "57P", "55P03")


async def migrate(url: str, progress: Callable[[str], None] | None = None, *, until: str = "head") -> list[str]:
    """Brings the portal store at `url` up to date and says which revisions it applied, oldest first.

    All of them happen in one transaction behind one lock: killed at any point the store is as it was or as it shall
    be, and of two processes the second finds nothing left to do. `progress` is told each revision as it is applied;
    `until` names an earlier one to stop at.
    StoreOutdated where the store belongs to a newer version, SourceDown where its database does not answer.
    """
    address = store_address(url)
    if address.dialect is Dialect.SQLITE:
        _make_private(address.path)
    applied: list[str] = []

    def note(step: Any, **_: object) -> None:
        applied.append(step.up_revision_id)
        if progress is not None:
            progress(step.up_revision_id)

    def upgrade(connection: Connection) -> None:
        _refuse_newer(connection)
        config = _config()
        config.attributes.update(connection=connection, version_table=VERSION_TABLE, applied=note)
        command.upgrade(config, until)

    await _in_transaction(address, upgrade, writing=True)
    return applied


async def check_migrated(url: str) -> None:
    """Returns where the store at `url` has the tables of this version; StoreOutdated where it has not."""
    address = store_address(url)
    remedy = "run `homeroom migrate`"
    if address.dialect is Dialect.SQLITE and not address.path.is_file():
        raise StoreOutdated(f"{address.label} is not there yet: {remedy}.")

    def check(connection: Connection) -> None:
        _refuse_newer(connection)
        if _revision(connection) != _head():
            raise StoreOutdated(f"{address.label} lacks tables or columns of this version: {remedy}.")

    await _in_transaction(address, check, writing=False)


def store_address(url: str) -> Address:
    """Where the portal store is; AddressInvalid for an engine that it cannot live on."""
    address = read_address(url)
    if address.dialect not in (Dialect.SQLITE, Dialect.POSTGRESQL):
        raise AddressInvalid(f"{address.label} cannot hold the portal store: give it SQLite or PostgreSQL.")
    return address


async def _in_transaction(address: Address, work: Callable[[Connection], None], *, writing: bool) -> None:
    """Does the work on one connection in one transaction; what keeps the database away becomes SourceDown."""
    run = _on_postgresql if address.dialect is Dialect.POSTGRESQL else _on_sqlite
    try:
        await run(address, work, writing=writing)
    except (OSError, OperationalError, InterfaceError) as error:
        raise SourceDown(f"{address.label} cannot be used now ({_cause(error)}).") from error
    except DBAPIError as error:
        if error.connection_invalidated or str(getattr(error.orig, "sqlstate", "")).startswith(_AWAY):
            raise SourceDown(f"{address.label} cannot be used now ({_cause(error)}).") from error
        raise


async def _on_postgresql(address: Address, work: Callable[[Connection], None], *, writing: bool) -> None:
    url = address.url
    target = URL.create("postgresql+asyncpg", url.username, url.password, port=url.port, database=url.database)
    secured = {"ssl": url.options["sslmode"]} if "sslmode" in url.options else {}
    engine = create_async_engine(target, poolclass=NullPool, connect_args={"host": url.hostname, **secured})
    try:
        async with engine.begin() as connection:
            if writing:
                await connection.execute(text(f"set local lock_timeout = '{_LOCK_SECONDS}s'"))
                await connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            await connection.run_sync(work)
    finally:
        await engine.dispose()


async def _on_sqlite(address: Address, work: Callable[[Connection], None], *, writing: bool) -> None:
    engine = create_engine(
        URL.create("sqlite", database=str(address.path)), poolclass=NullPool, connect_args={"timeout": _LOCK_SECONDS}
    )
    # The driver would begin by itself, and late: after the first change of the schema.
    event.listen(engine, "connect", _leave_transactions_to_us)
    event.listen(engine, "begin", _begin_immediate if writing else _begin)

    def run() -> None:
        with engine.begin() as connection:
            work(connection)

    await asyncio.to_thread(run)


def _cause(error: Exception) -> str:
    """The driver's own class of error: its words may hold a path or a host."""
    driver = getattr(error, "orig", None) or error
    return type(driver.__cause__ or driver).__name__


def _make_private(path: Path) -> None:
    """Makes the file where there is none: it holds accounts, so nobody but the gateway's user reads it."""
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _leave_transactions_to_us(connection: Any, _: object) -> None:
    connection.isolation_level = None


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("begin immediate")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("begin")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()


def _refuse_newer(connection: Connection) -> None:
    """A revision that this version has no file for can only come from a later one."""
    current = _revision(connection)
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current is not None and current not in known:
        raise StoreOutdated("The portal store was migrated by a newer version of Homeroom: run that version.")
