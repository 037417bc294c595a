"""The schools whose registrations a member of staff works on: none, unless an ADMIN or an operator has named them."""

from collections.abc import Collection
from dataclasses import dataclass

from loaders.portal.transaction import Reading, Transaction

_EVERY = ""


@dataclass(frozen=True, slots=True)
class Schools:
    """Some schools by the SIS's keys as text, or every one."""

    keys: frozenset[str] = frozenset()
    every: bool = False

    def __contains__(self, school_id: object) -> bool:
        return self.every or school_id in self.keys

    def __bool__(self) -> bool:
        return self.every or bool(self.keys)


async def schools_of_staff(store: Reading, account_id: int) -> Schools:
    """The schools of a member of staff."""
    found = await store.rows(
        "select school_id from staff_school where account_id = :account_id order by school_id",
        {"account_id": account_id},
    )
    keys = {row["school_id"] for row in found}
    return Schools(frozenset(keys - {_EVERY}), _EVERY in keys)


async def put_schools_of_staff(
    transaction: Transaction, account_id: int, keys: Collection[str], *, every: bool
) -> None:
    """Gives a member of staff these schools, or every one, in the place of those before."""
    await transaction.execute("delete from staff_school where account_id = :account_id", {"account_id": account_id})
    for key in [_EVERY] if every else sorted(set(keys) - {_EVERY}):
        await transaction.execute(
            "insert into staff_school (account_id, school_id) values (:account_id, :school_id)",
            {"account_id": account_id, "school_id": key},
        )
