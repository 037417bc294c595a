"""The last looks at the source: of each owner of a subject a digest to compare by, and sealed what stood there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loaders.portal.many import among, insert_all
from loaders.portal.transaction import Reading, Transaction

_COLUMNS = ("subject", "owner_id", "digest", "standing_sealed")


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of one owner: the digest of the text, and the standing, sealed."""

    digest: bytes
    standing_sealed: bytes


async def digests_after(store: Reading, subject: str, after: str, limit: int) -> dict[str, bytes]:
    """The digests of the owners behind one, in the order of their keys as text: a page of all that are watched."""
    found = await store.rows(
        "select owner_id, digest from last_look where subject = :subject and owner_id > :after "
        "order by owner_id limit :n",
        {"subject": subject, "after": after, "n": limit},
    )
    return {row["owner_id"]: row["digest"] for row in found}


async def digests_of(store: Reading, subject: str, owners: Sequence[str]) -> dict[str, bytes]:
    """The digests of those of these owners who are watched."""
    condition, params = among("owner_id", owners)
    found = await store.rows(
        f"select owner_id, digest from last_look where subject = :subject and {condition} order by owner_id",
        {"subject": subject, **params},
    )
    return {row["owner_id"]: row["digest"] for row in found}


async def looks_at(store: Reading, subject: str, owners: Sequence[str]) -> dict[str, Look]:
    """What was seen of these owners; nothing of those who are not watched."""
    condition, params = among("owner_id", owners)
    found = await store.rows(
        f"select owner_id, digest, standing_sealed from last_look where subject = :subject and {condition} "
        "order by owner_id",
        {"subject": subject, **params},
    )
    return {row["owner_id"]: Look(row["digest"], row["standing_sealed"]) for row in found}


async def begin_looks(transaction: Transaction, subject: str, looks: Mapping[str, Look]) -> None:
    """Begins to watch these owners; of one who is watched already nothing changes."""
    await insert_all(
        transaction, "last_look", _COLUMNS, _rows(subject, looks), "on conflict (subject, owner_id) do nothing"
    )


async def renew_looks(transaction: Transaction, subject: str, looks: Mapping[str, Look]) -> None:
    """Puts later looks in the place of the last."""
    await insert_all(
        transaction,
        "last_look",
        _COLUMNS,
        _rows(subject, looks),
        "on conflict (subject, owner_id) do update set "
        "digest = excluded.digest, standing_sealed = excluded.standing_sealed",
    )


async def forget_looks(transaction: Transaction, subject: str, owners: Sequence[str]) -> int:
    """Watches these owners no longer; how many were."""
    condition, params = among("owner_id", owners)
    return await transaction.execute(
        f"delete from last_look where subject = :subject and {condition}", {"subject": subject, **params}
    )


def _rows(subject: str, looks: Mapping[str, Look]) -> list[tuple[object, ...]]:
    return [(subject, owner, look.digest, look.standing_sealed) for owner, look in looks.items()]
