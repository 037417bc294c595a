"""What a contract is written in: kinds of column, columns and relations, and short words for the usual columns."""

from dataclasses import dataclass
from enum import Enum, StrEnum


class Kind(StrEnum):
    """How a column's value is read; each engine's own representation ends at the row parser."""

    KEY = "key"
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    INSTANT = "instant"
    ENUM = "enum"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a relation.

    `required` columns must be in the SELECT, the others may be missing from it altogether (and read as null).
    A column that is not `nullable` never holds null. `of` names the entity whose key a KEY column holds.
    """

    name: str
    kind: Kind
    required: bool = False
    nullable: bool = True
    of: str | None = None
    values: type[Enum] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation: its columns, the columns that identify a row, and those by which the gateway asks in batches."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    asked_by: tuple[str, ...]

    def column(self, name: str) -> Column:
        """The column of that name; KeyError where the relation has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name}.{name}")


def key(name: str, of: str) -> Column:
    """A key that every row has: of the entity `of`."""
    return Column(name, Kind.KEY, required=True, nullable=False, of=of)


def reference(name: str, of: str, note: str = "") -> Column:
    """A key of another entity that a row, or a source, may lack."""
    return Column(name, Kind.KEY, of=of, note=note)


def must(name: str, kind: Kind, note: str = "") -> Column:
    """A column that every source has and that is never null."""
    return Column(name, kind, required=True, nullable=False, note=note)


def may(name: str, kind: Kind, note: str = "") -> Column:
    """A column that a source may lack or leave null."""
    return Column(name, kind, note=note)


def one_of(name: str, values: type[Enum], note: str = "") -> Column:
    """An enumeration that every row has."""
    return Column(name, Kind.ENUM, required=True, nullable=False, values=values, note=note)


def flag(name: str, note: str = "") -> Column:
    """A boolean that a source may lack; null is no."""
    return Column(name, Kind.BOOLEAN, note=note)
