"""The portal store's tables: brought up to date by `migrate`, checked before they are used by `check_migrated`."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, event, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from loaders.database.address import Address, read_address
from loaders.dialect import Dialect
from loaders.errors import AddressInvalid, SourceDown, StoreOutdated

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "portal_revision"

# Any number will do, as long as every process takes the same one.
_LOCK = 7_203_114_259
_LOCK_SECONDS = 60


async def migrate(url: str, progress: Callable[[str], None] | None = None) -> list[str]:
    """Brings the portal store at `url` up to date and says which revisions it applied, oldest first.

    All of them happen in one transaction behind one lock: killed at any point the store is as it was or as it shall
    be, and of two processes the second finds nothing left to do. `progress` is told each revision as it is applied.
    StoreOutdated where the store belongs to a newer version, SourceDown where its database does not answer.
    """
    address = store_address(url)
    applied: list[str] = []

    def note(step: Any, **_: object) -> None:
        applied.append(step.up_revision_id)
        if progress is not None:
            progress(step.up_revision_id)

    def upgrade(connection: Connection) -> None:
        _refuse_newer(connection)
        config = _config()
        config.attributes.update(connection=connection, version_table=VERSION_TABLE, applied=note)
        command.upgrade(config, "head")

    async with _connected(address, writing=True) as connection:
        if address.dialect is Dialect.POSTGRESQL:
            await connection.execute(text(f"set local lock_timeout = '{_LOCK_SECONDS}s'"))
            await connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        await connection.run_sync(upgrade)
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

    async with _connected(address, writing=False) as connection:
        await connection.run_sync(check)


def store_address(url: str) -> Address:
    """Where the portal store is; AddressInvalid for an engine that it cannot live on."""
    address = read_address(url)
    if address.dialect not in (Dialect.SQLITE, Dialect.POSTGRESQL):
        raise AddressInvalid(f"{address.label} cannot hold the portal store: give it SQLite or PostgreSQL.")
    return address


@asynccontextmanager
async def _connected(address: Address, *, writing: bool) -> AsyncIterator[AsyncConnection]:
    """One connection in one transaction; what keeps the database away becomes SourceDown."""
    engine = _engine(address, writing=writing)
    try:
        async with engine.begin() as connection:
            yield connection
    except (OSError, OperationalError, InterfaceError) as error:
        raise SourceDown(f"{address.label} cannot be used now: {type(error).__name__}.") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise SourceDown(f"{address.label} went away.") from error
        raise
    finally:
        await engine.dispose()


def _engine(address: Address, *, writing: bool) -> AsyncEngine:
    url = address.url
    if address.dialect is Dialect.POSTGRESQL:
        target = URL.create("postgresql+asyncpg", url.username, url.password, port=url.port, database=url.database)
        secured = {"ssl": url.options["sslmode"]} if "sslmode" in url.options else {}
        return create_async_engine(target, poolclass=NullPool, connect_args={"host": url.hostname, **secured})
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(address.path)),
        poolclass=NullPool,
        connect_args={"timeout": _LOCK_SECONDS},
    )
    # The driver would begin by itself, and late: after the first change of the schema.
    event.listen(engine.sync_engine, "connect", _leave_transactions_to_us)
    event.listen(engine.sync_engine, "begin", _begin_immediate if writing else _begin)
    return engine


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
