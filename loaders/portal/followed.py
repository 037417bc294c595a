"""Whom the subscribers of some process follow now, so that the process that watches looks at them first."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from loaders.portal.many import insert_all
from loaders.portal.transaction import Reading, Transaction


async def say_followed(transaction: Transaction, followed: Mapping[str, Sequence[str]], until: datetime) -> None:
    """Says until when these are followed, by their entity and their keys as text; says no longer what is over."""
    rows = [(entity, owner, until) for entity, owners in followed.items() for owner in owners]
    await insert_all(
        transaction,
        "followed",
        ("entity", "owner_id", "until_at"),
        rows,
        "on conflict (entity, owner_id) do update set until_at = excluded.until_at",
    )


async def followed_now(store: Reading, entity: str, now: datetime, most: int) -> list[str]:
    """The keys of those who are followed, so many at the most, those first of whom it was said last."""
    found = await store.rows(
        "select owner_id from followed where entity = :entity and until_at > :now_at "
        "order by until_at desc, owner_id limit :n",
        {"entity": entity, "now_at": now, "n": most},
    )
    return [row["owner_id"] for row in found]


async def forget_followed(transaction: Transaction, now: datetime) -> int:
    """Deletes those who are not followed any more; how many."""
    return await transaction.execute("delete from followed where until_at <= :now_at", {"now_at": now})
