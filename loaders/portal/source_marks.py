"""How far a source's changes were read, by the name of what tells them."""

from loaders.portal.transaction import Reading, Transaction


async def mark_of(store: Reading, name: str) -> str | None:
    """The mark from which on is to be read; None where nothing was read."""
    found = await store.rows("select mark from source_mark where name = :name", {"name": name})
    return found[0]["mark"] if found else None


async def keep_mark(transaction: Transaction, name: str, mark: str) -> None:
    """Keeps a mark in the place of the last."""
    await transaction.execute(
        "insert into source_mark (name, mark) values (:name, :mark) on conflict (name) do update set mark = :mark",
        {"name": name, "mark": mark},
    )
