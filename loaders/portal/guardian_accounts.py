"""The accounts of guardians that can log in: who can be told something at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from loaders.portal.transaction import Reading, Row


@dataclass(frozen=True, slots=True)
class GuardianAccount:
    """An account of a guardian's, by the SIS's key as text; `language` is the one it has chosen here, if any."""

    id: int
    guardian_id: str
    username: str
    language: str | None
    recovery_email: str | None
    created_at: datetime


_SELECT = """
select account.id, account.guardian_id, account.username, account.language, account.created_at,
    recovery_email.email as recovery_email
from account left join recovery_email on recovery_email.account_id = account.id
    and recovery_email.confirmed_at is not null and recovery_email.ended_at is null
where account.disabled_at is null and account.guardian_id is not null
"""


async def accounts_of_guardians(store: Reading, guardians: Sequence[str]) -> list[GuardianAccount]:
    """The accounts of these guardians, in the order of their ids."""
    return await _among(store, "guardian_id", guardians)


async def guardian_accounts(store: Reading, accounts: Sequence[int]) -> list[GuardianAccount]:
    """Of these accounts those that are guardians', in the order of their ids."""
    return await _among(store, "id", accounts)


async def _among(store: Reading, column: str, values: Sequence[object]) -> list[GuardianAccount]:
    names = {f"value_{number}": value for number, value in enumerate(values)}
    if not names:
        return []
    among = ", ".join(f":{name}" for name in names)
    found = await store.rows(f"{_SELECT} and account.{column} in ({among}) order by account.id", names)
    return [_account(row) for row in found]


def _account(row: Row) -> GuardianAccount:
    return GuardianAccount(
        id=row["id"],
        guardian_id=row["guardian_id"],
        username=row["username"],
        language=row["language"],
        recovery_email=row["recovery_email"],
        created_at=row["created_at"],
    )
