"""Leases: what one process does for all of a store, until it gives it up or has not been heard of for a while."""

from datetime import datetime

from loaders.portal.transaction import Transaction


async def hold(transaction: Transaction, name: str, holder: str, now: datetime, until: datetime) -> bool:
    """Takes or keeps a lease until that instant; False while another holds it."""
    await transaction.execute(
        "insert into lease (name, holder, expires_at) values (:name, :holder, :until_at) on conflict (name) do nothing",
        {"name": name, "holder": holder, "until_at": until},
    )
    changed = await transaction.execute(
        "update lease set holder = :holder, expires_at = :until_at "
        "where name = :name and (holder = :holder or expires_at <= :now_at)",
        {"name": name, "holder": holder, "until_at": until, "now_at": now},
    )
    return changed == 1


async def keep(transaction: Transaction, name: str, holder: str, until: datetime) -> bool:
    """Keeps a lease that nobody has taken meanwhile; False where somebody has, or it was given up.

    Its row is locked until the commit: what is written in the same transaction is written by the holder, or not at all.
    """
    changed = await transaction.execute(
        "update lease set expires_at = :until_at where name = :name and holder = :holder",
        {"name": name, "holder": holder, "until_at": until},
    )
    return changed == 1


async def give_up(transaction: Transaction, name: str, holder: str) -> None:
    """Lets go of a lease, so that another can take it at once."""
    await transaction.execute(
        "delete from lease where name = :name and holder = :holder", {"name": name, "holder": holder}
    )
