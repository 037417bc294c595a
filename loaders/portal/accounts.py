"""Accounts: who may log in, and as which guardian of the SIS or which member of staff."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from loaders.portal.many import among
from loaders.portal.roles import StaffRole, roles_of, roles_text
from loaders.portal.transaction import Reading, Row, Transaction


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be: either a guardian's, by the SIS's key as text, or a member of staff's, by their roles."""

    username: str
    username_key: str
    password_hash: str
    guardian_id: str | None
    roles: frozenset[StaffRole]
    created_at: datetime
    name: str | None = None
    email: str | None = None
    setup_done_at: datetime | None = None
    teacher_id: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it is; whoever is disabled cannot log in, and no session of theirs is one.

    `name`, `email` and `language` are a member of staff's; a guardian's stand in the SIS. `teacher_id` is the SIS's key
    of the teacher that a member of staff is. `setup_done_at` is when the
    security set-up was finished, `second_factor` whether a second factor is confirmed.
    """

    id: int
    username: str
    password_hash: str
    guardian_id: str | None
    roles: frozenset[StaffRole]
    disabled_at: datetime | None
    name: str | None
    email: str | None
    language: str | None
    setup_done_at: datetime | None = None
    setup_deferrals: int = 0
    second_factor: bool = False
    teacher_id: str | None = None


_SELECT = """
select id, username, password_hash, guardian_id, staff_role, disabled_at, name, email, language, setup_done_at,
    setup_deferrals, teacher_id, (select count(*) from second_factor
        where second_factor.account_id = account.id and second_factor.confirmed_at is not null) as second_factors
from account
"""


async def account_by_username(store: Reading, username_key: str) -> Account | None:
    """The account of a normalised username."""
    found = await store.rows(f"{_SELECT} where username_key = :username_key", {"username_key": username_key})
    return _account(found[0]) if found else None


async def account_by_id(store: Reading, account_id: int) -> Account | None:
    """The account of an id."""
    found = await store.rows(f"{_SELECT} where id = :id", {"id": account_id})
    return _account(found[0]) if found else None


async def guardians_after(store: Reading, after: str, limit: int) -> list[str]:
    """The guardians who have an account that can log in, behind one of them, in the order of their keys as text."""
    found = await store.rows(
        "select distinct guardian_id from account where guardian_id > :after and disabled_at is null "
        "order by guardian_id limit :n",
        {"after": after, "n": limit},
    )
    return [row["guardian_id"] for row in found]


async def guardians_among(store: Reading, guardians: Sequence[str]) -> set[str]:
    """Of these guardians those who have an account that can log in."""
    among_them, bound = among("guardian_id", guardians)
    found = await store.rows(
        f"select distinct guardian_id from account where {among_them} and disabled_at is null", bound
    )
    return {row["guardian_id"] for row in found}


async def add_account(transaction: Transaction, account: NewAccount) -> int:
    """Adds an account and says its id; ConstraintBroken where its username is taken."""
    return await transaction.insert(
        "insert into account "
        "(username, username_key, password_hash, guardian_id, staff_role, created_at, name, email, setup_done_at, "
        "teacher_id) "
        "values (:username, :username_key, :password_hash, :guardian_id, :staff_role, :created_at, :name, :email, "
        ":setup_done_at, :teacher_id) "
        "returning id",
        {
            "username": account.username,
            "username_key": account.username_key,
            "password_hash": account.password_hash,
            "guardian_id": account.guardian_id,
            "staff_role": roles_text(account.roles) or None,
            "created_at": account.created_at,
            "name": account.name,
            "email": account.email,
            "setup_done_at": account.setup_done_at,
            "teacher_id": account.teacher_id,
        },
    )


async def set_teacher(transaction: Transaction, account_id: int, teacher_id: str | None) -> None:
    """Says which teacher of the SIS a member of staff is."""
    await transaction.execute(
        "update account set teacher_id = :teacher_id where id = :id", {"id": account_id, "teacher_id": teacher_id}
    )


async def is_still(transaction: Transaction, account: Account) -> bool:
    """Whether the account can log in with the very password that was verified; locks it until the transaction ends."""
    changed = await transaction.execute(
        "update account set password_hash = password_hash "
        "where id = :id and password_hash = :password_hash and disabled_at is null",
        {"id": account.id, "password_hash": account.password_hash},
    )
    return changed == 1


async def set_password_hash(transaction: Transaction, account_id: int, password_hash: str) -> None:
    """Keeps the same password under a new hash."""
    await transaction.execute(
        "update account set password_hash = :password_hash where id = :id",
        {"id": account_id, "password_hash": password_hash},
    )


async def change_password_hash(transaction: Transaction, account_id: int, password_hash: str, now: datetime) -> None:
    """Puts another password in the place of the one before."""
    await transaction.execute(
        "update account set password_hash = :password_hash, password_changed_at = :now_at where id = :id",
        {"id": account_id, "password_hash": password_hash, "now_at": now},
    )


async def finish_setup(transaction: Transaction, account_id: int, now: datetime) -> bool:
    """The account's security set-up is finished; False where it was already."""
    changed = await transaction.execute(
        "update account set setup_done_at = :now_at where id = :id and setup_done_at is null",
        {"id": account_id, "now_at": now},
    )
    return changed == 1


async def defer_setup(transaction: Transaction, account_id: int, most: int) -> bool:
    """Puts the account's security set-up off once more; False where it is finished, or was put off as often already."""
    changed = await transaction.execute(
        "update account set setup_deferrals = setup_deferrals + 1 "
        "where id = :id and setup_done_at is null and setup_deferrals < :most",
        {"id": account_id, "most": most},
    )
    return changed == 1


def _account(row: Row) -> Account:
    return Account(
        id=row["id"],
        username=row["username"],
        password_hash=row["password_hash"],
        guardian_id=row["guardian_id"],
        roles=roles_of(row["staff_role"]),
        disabled_at=row["disabled_at"],
        name=row["name"],
        email=row["email"],
        language=row["language"],
        setup_done_at=row["setup_done_at"],
        setup_deferrals=row["setup_deferrals"],
        second_factor=row["second_factors"] > 0,
        teacher_id=row["teacher_id"],
    )
