"""Activation keys: made, written in groups, read forgivingly, and known to the store by their hash alone.

130 random bits in Crockford's base32, which has no I, L, O and U, so that what people mistake for one another can be
read as what was meant.
"""

import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from loaders.portal.activation_keys import NewKey, replace_key
from loaders.portal.audit import Entry, record
from loaders.portal.transaction import Transaction
from resolvers.portal.service import Portal
from resolvers.portal.tokens import token_hash

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 26
LIFETIME = timedelta(days=30)
_GROUP = 5
_GROUPS = LENGTH // _GROUP
_MEANT = str.maketrans("OIL", "011")
# With any dashes and spaces; NFKC takes time that grows with what it is given.
_RAW_MAX = 200
# Soft hyphens and zero-width characters come along from mails; a minus is a dash to whoever types it.
_LEFT_OUT = ("Pd", "Zs", "Zl", "Zp", "Cc", "Cf")
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class Issued:
    """A key that was just made, as it is shown; it is nowhere else."""

    key: str = field(repr=False)
    guardian_id: str
    expires_at: datetime


def new_key() -> str:
    """A key of 130 random bits, in its canonical form."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def shown(key: str) -> str:
    """A canonical key in groups of five, the last with the rest: `XXXXX-XXXXX-XXXXX-XXXXX-XXXXXX`."""
    cuts = [*range(0, _GROUPS * _GROUP, _GROUP), LENGTH]
    return "-".join(key[start:end] for start, end in pairwise(cuts))


def read_key(text: str) -> str | None:
    """The canonical key that somebody typed, whatever its case, spaces and dashes, with O for 0 and I or L for 1.

    None where it cannot be one.
    """
    typed = read_letters(text)
    return typed if typed is not None and len(typed) == LENGTH else None


def read_letters(text: str) -> str | None:
    """What was typed in Crockford's base32, read as it was meant; None where a character of it is none of that."""
    if len(text) > _RAW_MAX or any("\ud800" <= character <= "\udfff" for character in text):
        return None
    typed = "".join(
        character
        for character in unicodedata.normalize("NFKC", text).upper()
        if character != _MINUS and unicodedata.category(character) not in _LEFT_OUT
    ).translate(_MEANT)
    return typed if all(character in ALPHABET for character in typed) else None


def key_hash(text: str) -> str:
    """The hash under which the store would know the key that was typed; of what is none, the same work for nothing."""
    return token_hash(read_key(text) or f"none {text[:_RAW_MAX]}")


async def issue(
    portal: Portal,
    transaction: Transaction,
    guardian_id: str,
    *,
    issued_by: int,
    address: str,
    request_id: int | None = None,
) -> Issued:
    """Issues a key for a guardian in the place of the one before, with its row on the trail, where no key stands."""
    now = portal.instant()
    canonical = new_key()
    expires_at = now + LIFETIME
    await replace_key(transaction, NewKey(token_hash(canonical), guardian_id, request_id, issued_by, now, expires_at))
    await record(
        transaction,
        Entry(
            now,
            f"account:{issued_by}",
            "ACTIVATION_KEY_ISSUED",
            f"guardian:{guardian_id}",
            address=address,
            detail={"portal_request": request_id},
        ),
    )
    return Issued(shown(canonical), guardian_id, expires_at)
