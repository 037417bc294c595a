"""Accounts as those see them who look after them: names and states, never what opens them."""

from dataclasses import dataclass
from datetime import datetime

from loaders.portal.roles import StaffRole, roles_of, roles_text
from loaders.portal.transaction import Reading, Row, Transaction


@dataclass(frozen=True, slots=True)
class AccountState:
    """An account's name and state; `finished` says whether its security set-up was ever done."""

    id: int
    username: str
    is_staff: bool
    roles: frozenset[StaffRole]
    created_at: datetime
    disabled_at: datetime | None
    finished: bool


_SELECT = "select id, username, guardian_id, staff_role, created_at, disabled_at, setup_done_at from account"


async def state_by_username(store: Reading, username_key: str) -> AccountState | None:
    """The account of a normalised user name."""
    found = await store.rows(f"{_SELECT} where username_key = :username_key", {"username_key": username_key})
    return _state(found[0]) if found else None


async def states_beginning_with(store: Reading, username_key: str, limit: int) -> list[AccountState]:
    """The accounts whose normalised user name begins so, in their order."""
    found = await store.rows(
        f"{_SELECT} where substr(username_key, 1, :length) = :beginning order by username_key limit :n",
        {"beginning": username_key, "length": len(username_key), "n": limit},
    )
    return [_state(row) for row in found]


async def disable(transaction: Transaction, account_id: int, now: datetime) -> bool:
    """Disables an account; False where it is already."""
    changed = await transaction.execute(
        "update account set disabled_at = :now_at where id = :id and disabled_at is null",
        {"id": account_id, "now_at": now},
    )
    return changed == 1


async def enable(transaction: Transaction, account_id: int) -> bool:
    """Lets the holder of a disabled account log in again; False where it is not disabled."""
    changed = await transaction.execute(
        "update account set disabled_at = null where id = :id and disabled_at is not null", {"id": account_id}
    )
    return changed == 1


async def set_roles(transaction: Transaction, state: AccountState, roles: frozenset[StaffRole]) -> bool:
    """Gives a member of staff other roles; False where they have changed since they were read."""
    changed = await transaction.execute(
        "update account set staff_role = :roles where id = :id and staff_role = :seen",
        {"id": state.id, "roles": roles_text(roles), "seen": roles_text(state.roles)},
    )
    return changed == 1


def _state(row: Row) -> AccountState:
    return AccountState(
        id=row["id"],
        username=row["username"],
        is_staff=row["guardian_id"] is None,
        roles=roles_of(row["staff_role"]),
        created_at=row["created_at"],
        disabled_at=row["disabled_at"],
        finished=row["setup_done_at"] is not None,
    )
