"""PostgreSQL through `databases` and asyncpg."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import asyncpg
import psycopg
from databases import Database

from loaders.database.address import Address
from loaders.database.holder import Holder
from loaders.database.link import CONNECT_SECONDS, REMEDY, Bound, Failure, Link, Raw, Table
from loaders.database.pipeline import Pipeline
from loaders.dialect import Dialect
from loaders.errors import ConstraintBroken, RelationIncomplete, SourceDown, StatementTimeout

PIPELINED_SECONDS = 0.25
_SETTLE_SECONDS = 1.0
_OURS = ("21", "25", "42", "0A")
_LOST = ("08", "57P", "53300")
_REFUSED = ("28", "3D")
_STOPPED = ("57014", "55P03")

# PostgreSQL plans a statement anew for its keys as long as it finds that cheaper, and hardly counts the planning, which
# is half the cost of a small one. The setting came with PostgreSQL 12.
_PLANNED_ONCE = """
select set_config(name, 'force_generic_plan', false) from pg_settings where name = 'plan_cache_mode'
"""

_POWERS = """
select distinct power from (
    select case when r.rolsuper then 'it is a superuser'
                when r.rolcreaterole then 'it may create roles'
                when r.rolname in ('pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program')
                then 'it has ' || r.rolname end as power
    from pg_roles r where pg_has_role(current_user, r.oid, 'member')
    union all
    select 'it may create tables in database ' || current_database() from pg_roles r
    where pg_has_role(current_user, r.oid, 'member') and has_database_privilege(r.oid, current_database(), 'create')
    union all
    select 'it may create tables in schema ' || n.nspname from pg_namespace n, pg_roles r
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and pg_has_role(current_user, r.oid, 'member') and has_schema_privilege(r.oid, n.oid, 'create')
    union all
    select 'it may write to tables of schema ' || n.nspname
    from pg_class c join pg_namespace n on n.oid = c.relnamespace, pg_roles r
    where c.relkind in ('r', 'p', 'v', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and pg_has_role(current_user, r.oid, 'member')
      and (has_table_privilege(r.oid, c.oid, 'insert, update, delete, truncate')
           or has_any_column_privilege(r.oid, c.oid, 'insert, update'))
) as powers where power is not null order by power
"""


class Postgresql:
    """A PostgreSQL database; readers' sessions are read-only and every statement has a deadline on the server too."""

    dialect = Dialect.POSTGRESQL

    def __init__(self, address: Address, size: int, seconds: float, *, read_only: bool) -> None:
        self.label = address.label
        self._address = address
        self._seconds = seconds
        self._read_only = read_only
        options = {"ssl": address.url.options["sslmode"]} if "sslmode" in address.url.options else {}
        self._database = Database(
            address.url,
            min_size=0,
            max_size=size,
            max_inactive_connection_lifetime=0,
            statement_cache_size=512,
            **options,
        )

    async def connect(self) -> "PostgresqlLink":
        """A new connection whose session is set up; asyncpg's error, OSError or TimeoutError where there is none."""
        await self._database.connect()
        holder = await Holder.open(self._database, CONNECT_SECONDS)
        link = PostgresqlLink(holder)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await link.raw.execute(self._session(self._seconds))
                # As text, a real number is what somebody wrote, 0.1; read as binary it is 0.10000000149011612.
                await link.raw.set_type_codec("float4", schema="pg_catalog", encoder=repr, decoder=float, format="text")
        except BaseException:
            await link.close()
            raise
        return link

    async def pipeline(self) -> Pipeline:
        """A connection on which many calls queue; psycopg's error, OSError or TimeoutError where there is none."""
        url = self._address.url
        options = {"sslmode": url.options["sslmode"]} if "sslmode" in url.options else {}
        # A statement that others wait behind may take a fraction of what one may that has its own connection.
        seconds = min(PIPELINED_SECONDS, self._seconds / 4)
        async with asyncio.timeout(CONNECT_SECONDS):
            connection = await psycopg.AsyncConnection.connect(
                host=url.hostname,
                port=url.port,
                user=url.username,
                password=url.password,
                dbname=url.database,
                client_encoding="utf-8",
                autocommit=True,
                **options,
            )
            try:
                await connection.execute(self._session(seconds))
                await connection.execute(_PLANNED_ONCE)
            except BaseException:
                await connection.close()
                raise
        return Pipeline(connection, 2 * seconds)

    def _session(self, seconds: float) -> str:
        return (
            f"set application_name = 'homeroom'; set statement_timeout = {int(seconds * 1000)}; "
            "set lock_timeout = 2000; set idle_in_transaction_session_timeout = 10000; "
            "set datestyle = iso; set jit = off; "
            f"set default_transaction_read_only = {'on' if self._read_only else 'off'}"
        )

    def explain(self, error: Exception) -> Failure:
        """What an error of asyncpg means, by its SQLSTATE."""
        state = str(getattr(error, "sqlstate", None) or "")
        short = str(error).partition("\n")[0]
        if state in _STOPPED:
            return Failure(StatementTimeout(f"{self.label}: a statement ran too long and was stopped."), lost=False)
        # Without a SQLSTATE the client itself refused: parameters that do not fit, unless the line is gone.
        gone = isinstance(error, OSError | EOFError | asyncpg.InternalClientError) or "connection" in short
        if state.startswith("23"):
            return Failure(ConstraintBroken(f"{self.label}: {short}."), lost=False)
        if state.startswith("22") or (not state and not gone):
            # Its text would repeat the value, which may be somebody's.
            return Failure(
                RelationIncomplete(f"{self.label}: a value does not fit ({type(error).__name__})."), lost=False
            )
        if state.startswith(_OURS):
            return Failure(RelationIncomplete(f"{self.label}: {short}."), lost=False)
        if state.startswith(_REFUSED):
            reason = "does not exist" if state.startswith("3D") else "refuses the user or the password of its URL"
            return Failure(SourceDown(f"{self.label} {reason}."), lost=True)
        if state and not state.startswith(_LOST):
            return Failure(SourceDown(f"{self.label} cannot answer: {short}."), lost=False)
        return Failure(SourceDown(f"{self.label} does not answer. {REMEDY}"), lost=True)

    async def writable(self, link: Link) -> str | None:
        """What the user may write to, itself or through a role it is a member of; None where it may only read."""
        table = await link.table("select current_user", ())
        powers = [row[0] for row in (await link.table(_POWERS, ())).rows]
        if not powers:
            return None
        return (
            f"the user {table.rows[0][0]} could write ({'; '.join(powers[:4])}). Give the gateway one that cannot: "
            "create role homeroom login; grant usage on schema public to homeroom; "
            "grant select on all tables in schema public to homeroom."
        )

    async def close(self) -> None:
        """Closes the pool, after its connections are given back."""
        await self._database.disconnect()


class PostgresqlLink:
    """One session of a PostgreSQL server."""

    def __init__(self, holder: Holder) -> None:
        self.raw = holder.raw
        self._holder = holder

    async def fetch(self, statements: Sequence[Bound]) -> list[list[Raw]]:
        """The rows of each statement, prepared once a session by asyncpg."""
        return [await self.raw.fetch(sql, *values) for sql, values in statements]

    async def table(self, sql: str, values: Sequence[Any]) -> Table:
        """The rows of one statement with their names."""
        prepared = await self.raw.prepare(sql)
        names = tuple(item.name for item in prepared.get_attributes())
        return Table(names, await prepared.fetch(*values))

    async def columns(self, select: str, values: Sequence[Any]) -> tuple[str, ...]:
        """The names of the columns of a SELECT, which is prepared and not run."""
        return tuple(item.name for item in (await self.raw.prepare(select)).get_attributes())

    async def execute(self, sql: str, values: Sequence[Any]) -> int:
        """Runs one statement; the number of rows it touched."""
        count = (await self.raw.execute(sql, *values)).rpartition(" ")[2]
        return int(count) if count.isdecimal() else 0

    def in_transaction(self) -> bool:
        """Whether a transaction is open, failed ones included."""
        return bool(self.raw.is_in_transaction())

    def usable(self) -> bool:
        """Whether the server has not hung up."""
        try:
            return not self.raw.is_closed()
        except asyncpg.InterfaceError:
            return False  # the pool took it back when the server ended it

    async def settle(self) -> bool:
        """Waits until the server has taken the cancellation that asyncpg sent it."""
        # asyncpg sends nothing before the cancellation is through; a late one hits this statement, not a caller's.
        try:
            async with asyncio.timeout(_SETTLE_SECONDS):
                with suppress(asyncpg.QueryCanceledError):
                    await self.raw.execute("select 1")
                await self.raw.execute("rollback" if self.raw.is_in_transaction() else "select 1")
        except Exception:
            return False
        return True

    async def close(self) -> None:
        """Hangs up."""
        with suppress(Exception):
            self.raw.terminate()
        await self._holder.close()
