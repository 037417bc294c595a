"""How the holder of an account is reached and called: by the recovery address, else by what the school has."""

from dataclasses import dataclass

from loaders import people
from loaders.errors import SourceDown
from loaders.portal.accounts import Account
from loaders.portal.recovery_email import recovery_address
from loaders.rights import rights_of_guardians
from loaders.statement import Key
from resolvers.context import Context
from resolvers.portal.service import Portal
from resolvers.portal.wording import language_of


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody's address (None: there is none), language, and the name they are greeted by."""

    address: str | None
    language: str
    name: str


async def contact_of(context: Context, account: Account) -> Contact:
    """How the account's holder is reached; where the SIS is away, by what the portal knows, in English."""
    portal: Portal = context.portal
    recovery = await recovery_address(portal.writer, account.id)
    if account.guardian_id is None:
        return Contact(recovery or account.email, language_of(account.language), account.name or account.username)
    held = await _held(context, _key(context, account.guardian_id))
    return Contact(
        recovery or held.get("email"),
        language_of(account.language or held.get("preferred_language")),
        held.get("given_name") or account.username,
    )


async def names_around(context: Context, account: Account) -> list[str]:
    """What people around the account are called: its user name, its holder, and the holder's students.

    Where the SIS is away, only what the portal knows: a password is not refused for a school's outage.
    """
    if account.guardian_id is None:
        return [account.username, account.name or ""]
    return [account.username, *await names_of_guardian(context, account.guardian_id)]


async def contact_of_guardian(context: Context, guardian_id: str) -> Contact:
    """How a guardian without an account is reached; by no address, and no name, where the SIS is away."""
    held = await _held(context, _key(context, guardian_id))
    return Contact(held.get("email"), language_of(held.get("preferred_language")), held.get("given_name") or "")


async def names_of_guardian(context: Context, guardian_id: str) -> list[str]:
    """What a guardian and their students are called; nothing where the SIS is away."""
    key = _key(context, guardian_id)
    held = await _held(context, key)
    return [held.get("given_name") or "", held.get("family_name") or "", *await _students(context, key)]


def _key(context: Context, guardian_id: str) -> Key | None:
    return context.source.adapter.parse_key("guardian", guardian_id)


async def _held(context: Context, key: Key | None) -> dict[str, str | None]:
    """What the SIS holds of a guardian; nothing where it is away, or knows nobody of that key."""
    columns = ("given_name", "family_name", "email", "preferred_language")
    if key is None:
        return {}
    try:
        (rows,) = await context.source.fetch([people.guardians([key])], [list(columns)])
    except SourceDown:
        return {}
    return {name: rows.rows[0][rows.columns.index(name)] for name in columns} if rows.rows else {}


async def _students(context: Context, key: Key | None) -> list[str]:
    if key is None:
        return []
    try:
        (rights,) = await context.source.fetch([rights_of_guardians([key])])
        at = rights.columns.index("student_key")
        columns = ["given_name", "family_name"]
        (rows,) = await context.source.fetch([people.students([row[at] for row in rights.rows])], [columns])
    except SourceDown:
        return []
    given, family = (rows.columns.index(name) for name in columns)
    return [name for row in rows.rows for name in (row[given], row[family]) if name]
