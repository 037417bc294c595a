"""Recovery addresses: set, confirmed, replaced or taken back; of an account, one holds at the most."""

from loaders.portal.transaction import Reading


async def recovery_address(store: Reading, account_id: int) -> str | None:
    """The address that the account's holder has confirmed and that holds now."""
    found = await store.rows(
        "select email from recovery_email where account_id = :account_id and confirmed_at is not null "
        "and ended_at is null",
        {"account_id": account_id},
    )
    return found[0]["email"] if found else None
