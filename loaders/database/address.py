"""Where a database is: one URL parsed into the engine, the name to call it by, and what the driver is told."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from databases import DatabaseURL

from loaders.dialect import Dialect
from loaders.errors import AddressInvalid

_EXPECTED = (
    "Write sqlite:///file, sqlite:////directory/file, postgresql://user:password@host/name or "
    "mysql://user:password@host/name; a unix socket is named by ?host=/directory or ?unix_socket=/file."
)
_DIALECTS = {
    "sqlite": Dialect.SQLITE,
    "postgresql": Dialect.POSTGRESQL,
    "postgres": Dialect.POSTGRESQL,
    "mysql": Dialect.MYSQL,
    "mariadb": Dialect.MYSQL,
}
_NAMES = {Dialect.SQLITE: "SQLite", Dialect.POSTGRESQL: "PostgreSQL", Dialect.MYSQL: "MariaDB"}


@dataclass(frozen=True, slots=True)
class Address:
    """A database by engine and URL; `label` names it to operators without credentials or directories."""

    dialect: Dialect
    url: DatabaseURL
    label: str

    @property
    def path(self) -> Path:
        """The file of a SQLite database."""
        return Path(self.url.database)


def read_address(url: str) -> Address:
    """The database that a URL names; AddressInvalid for a URL that names none."""
    try:
        found = DatabaseURL(url)
        dialect = _DIALECTS[found.dialect]
        name = found.database
        _ = found.port
    except (KeyError, ValueError):
        raise AddressInvalid(f"The database URL cannot be read. {_EXPECTED}") from None
    if not name or (dialect is Dialect.SQLITE and name == ":memory:"):
        raise AddressInvalid(f"The database URL names no database. {_EXPECTED}")
    shown = Path(name).name if dialect is Dialect.SQLITE else name
    return Address(dialect, found, f"The {_NAMES[dialect]} database {shown}")


def sqlite_file(path: Path, mode: str) -> str:
    """The name by which SQLite opens a file in that mode (ro, rw), whatever its path."""
    return f"file:{quote(str(path.absolute()))}?mode={mode}"


def sqlite_url(path: Path, mode: str) -> DatabaseURL:
    """The URL by which `databases` opens a SQLite file in that mode."""
    file, _, options = sqlite_file(path, mode).partition("?")
    return DatabaseURL(f"sqlite:///{quote(file)}?{options}")
