"""The last looks at the source: of each owner of a subject a digest to compare by, and sealed what stood there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loaders.portal.transaction import Reading, Transaction


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of one owner: the digest of the text, and the standing, sealed."""

    digest: str
    standing_sealed: str


async def digests_after(store: Reading, subject: str, after: str, limit: int) -> dict[str, str]:
    """The digests of the owners behind one, in the order of their keys as text: a page of all that are watched."""
    found = await store.rows(
        "select owner_id, digest from last_look where subject = :subject and owner_id > :after "
        "order by owner_id limit :n",
        {"subject": subject, "after": after, "n": limit},
    )
    return {row["owner_id"]: row["digest"] for row in found}


async def digests_of(store: Reading, subject: str, owners: Sequence[str]) -> dict[str, str]:
    """The digests of those of these owners who are watched."""
    names = {f"owner_{number}": owner for number, owner in enumerate(owners)}
    if not names:
        return {}
    among = ", ".join(f":{name}" for name in names)
    found = await store.rows(
        f"select owner_id, digest from last_look where subject = :subject and owner_id in ({among}) order by owner_id",
        {"subject": subject, **names},
    )
    return {row["owner_id"]: row["digest"] for row in found}


async def look_at(store: Reading, subject: str, owner: str) -> Look | None:
    """What was seen of one owner; None of one who is not watched."""
    found = await store.rows(
        "select digest, standing_sealed from last_look where subject = :subject and owner_id = :owner_id",
        {"subject": subject, "owner_id": owner},
    )
    return Look(found[0]["digest"], found[0]["standing_sealed"]) if found else None


async def begin_looks(transaction: Transaction, subject: str, looks: Mapping[str, Look]) -> None:
    """Begins to watch these owners; of one who is watched already nothing changes."""
    for owner, look in looks.items():
        await transaction.execute(
            "insert into last_look (subject, owner_id, digest, standing_sealed) "
            "values (:subject, :owner_id, :digest, :standing_sealed) on conflict (subject, owner_id) do nothing",
            {"subject": subject, "owner_id": owner, "digest": look.digest, "standing_sealed": look.standing_sealed},
        )


async def renew_look(transaction: Transaction, subject: str, owner: str, look: Look) -> None:
    """Puts a later look in the place of the last."""
    await transaction.execute(
        "update last_look set digest = :digest, standing_sealed = :standing_sealed "
        "where subject = :subject and owner_id = :owner_id",
        {"subject": subject, "owner_id": owner, "digest": look.digest, "standing_sealed": look.standing_sealed},
    )


async def forget_look(transaction: Transaction, subject: str, owner: str) -> None:
    """Watches an owner no longer."""
    await transaction.execute(
        "delete from last_look where subject = :subject and owner_id = :owner_id",
        {"subject": subject, "owner_id": owner},
    )


async def count_looks(store: Reading, subject: str) -> int:
    """How many owners are watched."""
    (row,) = await store.rows("select count(*) as n from last_look where subject = :subject", {"subject": subject})
    return int(row["n"])
