"""Preference images: which are shown to an account, in their order, and the tags that tell liked from disliked."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from loaders.portal.transaction import Reading, Transaction


@dataclass(frozen=True, slots=True)
class PreferenceSet:
    """The images that are shown, in the order that they are always shown in, and the tags of those that were chosen."""

    salt: str = field(repr=False)
    shown: tuple[str, ...]
    tags: frozenset[str] = field(repr=False)


async def preference_set(store: Reading, account_id: int) -> PreferenceSet | None:
    """The account's preference images."""
    found = await store.rows(
        "select salt, shown from preference_set where account_id = :account_id", {"account_id": account_id}
    )
    if not found:
        return None
    tags = await store.rows(
        "select tag from preference_tag where account_id = :account_id order by tag", {"account_id": account_id}
    )
    return PreferenceSet(found[0]["salt"], tuple(json.loads(found[0]["shown"])), frozenset(row["tag"] for row in tags))


async def has_preferences(store: Reading, account_id: int) -> bool:
    """Whether the account has preference images."""
    found = await store.rows("select 1 as one from preference_set where account_id = :id", {"id": account_id})
    return bool(found)


async def put_preference_set(
    transaction: Transaction, account_id: int, salt: str, shown: Iterable[str], tags: Iterable[str], now: datetime
) -> None:
    """Puts these images in the place of the ones before."""
    for table in ("preference_tag", "preference_set"):
        await transaction.execute(f"delete from {table} where account_id = :account_id", {"account_id": account_id})
    await transaction.execute(
        "insert into preference_set (account_id, salt, shown, set_at) values (:account_id, :salt, :shown, :now_at)",
        {"account_id": account_id, "salt": salt, "shown": json.dumps(list(shown)), "now_at": now},
    )
    # In the tags' own order, which says nothing: the order of choosing would tell liked from disliked.
    for tag in sorted(tags):
        await transaction.execute(
            "insert into preference_tag (account_id, tag) values (:account_id, :tag)",
            {"account_id": account_id, "tag": tag},
        )
