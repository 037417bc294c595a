"""Many rows by one statement: a trip to the store takes longer than a row."""

from collections.abc import Sequence

from loaders.portal.transaction import Transaction

#: How many values one statement binds at the most: SQLite and PostgreSQL take some 32,000.
BOUND = 4_000


async def insert_all(
    transaction: Transaction, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], ending: str = ""
) -> None:
    """Inserts the rows, in their order; `ending` says what becomes of one that is there already."""
    size = max(1, BOUND // len(columns))
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        values = ", ".join(f"({', '.join(f':{column}_{n}' for column in columns)})" for n in range(len(part)))
        bound = {
            f"{column}_{n}": value for n, row in enumerate(part) for column, value in zip(columns, row, strict=True)
        }
        await transaction.execute(f"insert into {table} ({', '.join(columns)}) values {values} {ending}", bound)


def among(column: str, values: Sequence[str], part: int = 0) -> tuple[str, dict[str, object]]:
    """The condition that a column holds one of these, and what it binds; `part` tells several in a statement apart."""
    names = [f"{column}_{part}_{number}" for number in range(len(values))]
    condition = f"{column} in ({', '.join(f':{name}' for name in names)})" if names else "1 = 0"
    return condition, dict(zip(names, values, strict=True))
