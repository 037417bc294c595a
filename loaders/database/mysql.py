"""MariaDB and MySQL through `databases` and asyncmy, which is compiled and better kept than aiomysql."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from asyncmy import errors
from asyncmy.cursors import Cursor
from databases import Database

from loaders.database.address import Address
from loaders.database.holder import Holder
from loaders.database.link import CONNECT_SECONDS, REMEDY, Bound, Failure, Link, Raw, Table
from loaders.dialect import Dialect
from loaders.errors import RelationIncomplete, SourceDown, StatementTimeout

_STOPPED = {1205, 1317, 1969, 3024}
_LOST = {1040, 1053, 1077, 1079, 1080, 1152, 1153, 1156, 1158, 1159, 1160, 1161, 1184, 1203, 1226, 1927, 4031}
_REFUSED = {1044, 1045, 1049, 1129, 1130, 1251, 1698}
_VALUES = {1264, 1292, 1366, 1406, 1690}
_FULL = {1021, 1037, 1038, 1041, 1114, 1213}

_READING = {"SELECT", "USAGE", "SHOW VIEW", "SHOW DATABASES", "PROCESS"}
_GRANT = re.compile(r"GRANT (?P<privileges>.+?) ON (?P<object>\S+|`.+`\.\S+) TO ", re.DOTALL)
_NAME = r"`(?:[^`]|``)*`(?:@`(?:[^`]|``)*`)?"
_ROLE = re.compile(rf"GRANT (?P<roles>{_NAME}(?:, ?{_NAME})*) TO (?P<to>.*)")


class Mysql:
    """A MariaDB or MySQL database; readers' transactions are read-only and every statement has a deadline there too."""

    dialect = Dialect.MYSQL

    def __init__(self, address: Address, size: int, seconds: float, *, read_only: bool) -> None:
        self.label = address.label
        self._seconds = seconds
        self._read_only = read_only
        url = address.url.replace(scheme="mysql+asyncmy")
        self._database = Database(
            url, min_size=0, max_size=size, pool_recycle=-1, charset="utf8mb4", connect_timeout=CONNECT_SECONDS
        )

    async def connect(self) -> "MysqlLink":
        """A new connection whose session is set up; asyncmy's error or OSError where there is none."""
        await self._database.connect()
        link = MysqlLink(await Holder.open(self._database, CONNECT_SECONDS), self._seconds)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                if "MariaDB" in link.raw.get_server_info():
                    deadline = f"max_statement_time = {self._seconds:g}"
                else:
                    deadline = f"max_execution_time = {int(self._seconds * 1000)}"
                session: list[Bound] = [(f"set session {deadline}", ())]
                if self._read_only:
                    session.append(("set session transaction read only", ()))
                await link.fetch(session)
        except BaseException:
            await link.close()
            raise
        return link

    def explain(self, error: Exception) -> Failure:
        """What an error of asyncmy means, by its number."""
        code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        short = str(error.args[1] if code and len(error.args) > 1 else error)
        if code in _STOPPED:
            return Failure(StatementTimeout(f"{self.label}: a statement ran too long and was stopped."), lost=False)
        if code in _REFUSED:
            reason = "does not exist" if code == 1049 else "refuses the user or the password of its URL"
            return Failure(SourceDown(f"{self.label} {reason}."), lost=True)
        if code in _FULL:
            return Failure(SourceDown(f"{self.label} cannot answer: {short}."), lost=False)
        # Without a number asyncmy itself refused: parameters that do not fit, unless the line is gone.
        gone = isinstance(error, OSError | EOFError | errors.MySQLError)
        if code not in _LOST and (1000 <= code < 2000 or 3000 <= code < 5000 or (not code and not gone)):
            if not code or code in _VALUES:
                # Its text would repeat the value, which may be somebody's.
                short = f"a value does not fit ({type(error).__name__})"
            return Failure(RelationIncomplete(f"{self.label}: {short}."), lost=False)
        return Failure(SourceDown(f"{self.label} does not answer. {REMEDY}"), lost=True)

    async def writable(self, link: Link) -> str | None:
        """What the user may do beyond reading, itself or by a role it was granted; None where it may only read."""
        user, enabled = (await link.table("select current_user(), current_role()", ())).rows[0]
        found, roles = await _grants(link)
        try:
            for role in roles:
                # A role's rights are shown only to those who have it enabled.
                await link.fetch([(f"set role {role.replace('%', '%%')}", ())])
                found += (await _grants(link))[0]
        finally:
            await link.fetch([(f"set role {_quoted(enabled)}", ())])
        if not found:
            return None
        return (
            f"the user {user} could write ({', '.join(dict.fromkeys(found))}). Give the gateway one that cannot: "
            "create user homeroom identified by '...'; grant select on the_database.* to homeroom."
        )

    async def close(self) -> None:
        """Closes the pool, after its connections are given back."""
        await self._database.disconnect()


async def _grants(link: Link) -> tuple[list[str], list[str]]:
    beyond: list[str] = []
    roles: list[str] = []
    for (line,) in (await link.table("show grants", ())).rows:
        privileges, given = read_grant(line)
        beyond += privileges
        roles += given
    return beyond, roles


def read_grant(line: str) -> tuple[list[str], list[str]]:
    """One line of SHOW GRANTS: what it allows beyond reading, and the roles it gives to a user."""
    if found := _GRANT.match(line):
        names = re.sub(r"\([^)]*\)", "", found["privileges"]).split(",")
        beyond = [name.strip() for name in names if name.strip() not in _READING]
        return beyond + ["GRANT OPTION"] * ("WITH GRANT OPTION" in line), []
    if found := _ROLE.match(line):
        # What a role is granted is shown with it; only the user's own have to be asked for.
        return [], re.findall(_NAME, found["roles"]) if "@" in found["to"] else []
    return [] if line.startswith("SET DEFAULT ROLE") else [line.partition(" TO ")[0]], []


def _quoted(enabled: str | None) -> str:
    if enabled is None or enabled.upper() == "NONE":
        return "none"
    return (enabled if "`" in enabled else f"`{enabled}`").replace("%", "%%")


class _Quiet(Cursor):
    """A cursor that asks nothing further after a statement that warned; SELECTs of other people's tables do warn."""

    async def _show_warnings(self, conn: Any) -> None:
        return None


class MysqlLink:
    """One session of a MariaDB server."""

    def __init__(self, holder: Holder, seconds: float) -> None:
        self.raw = holder.raw
        self._holder = holder
        self._seconds = seconds
        self._trip: asyncio.Future[Any] | None = None

    async def fetch(self, statements: Sequence[Bound]) -> list[list[Raw]]:
        """The rows of each statement."""
        return [table.rows for table in await self._tables(statements)]

    async def table(self, sql: str, values: Sequence[Any]) -> Table:
        """The rows of one statement with their names."""
        return (await self._tables([(sql, values)]))[0]

    async def columns(self, select: str, values: Sequence[Any]) -> tuple[str, ...]:
        """The names of the columns of a SELECT."""
        return (await self.table(f"select * from ({select}) as given limit 0", values)).names

    async def _tables(self, statements: Sequence[Bound]) -> list[Table]:
        # An answer that is half read cannot be told from the next one, so a call that is broken off still reads
        # its statement to the end; the server ends it at its deadline.
        stopped: list[bool] = []
        self._trip = trip = asyncio.ensure_future(self._read(statements, stopped))
        try:
            return await asyncio.shield(trip)
        except asyncio.CancelledError:
            stopped.append(True)
            raise

    async def _read(self, statements: Sequence[Bound], stopped: list[bool]) -> list[Table]:
        tables: list[Table] = []
        for sql, values in statements:
            if stopped:
                break
            async with self.raw.cursor(_Quiet) as cursor:
                await cursor.execute(sql, tuple(values))
                names = tuple(item[0] for item in cursor.description or ())
                tables.append(Table(names, list(await cursor.fetchall()) if names else []))
        return tables

    def usable(self) -> bool:
        """Whether the connection has not been closed here."""
        return bool(self.raw.connected)

    async def settle(self) -> bool:
        """Waits until the statement that runs has ended, which the server sees to."""
        if self._trip is not None:
            await asyncio.wait({self._trip}, timeout=self._seconds + 1.0)
            if not self._trip.done():
                return False
            if not self._trip.cancelled():
                self._trip.exception()
        try:
            async with asyncio.timeout(1.0):
                await self._read([("select 1", ())], [])
        except Exception:
            return False
        return True

    async def close(self) -> None:
        """Hangs up."""
        with suppress(Exception):
            self.raw.close()
        if self._trip is not None and not self._trip.done():
            self._trip.cancel()
            await asyncio.wait({self._trip})
        if self._trip is not None and self._trip.done() and not self._trip.cancelled():
            self._trip.exception()
        await self._holder.close()
