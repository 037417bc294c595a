"""Dead letters: mail and pushes that were given up, with the reason, until staff have them tried again."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from loaders.portal.transaction import Reading, Row, Transaction


class LetterKind(Enum):
    """What was given up."""

    MAIL = "MAIL"
    PUSH = "PUSH"


@dataclass(frozen=True, slots=True)
class NewDeadLetter:
    """A letter that is given up; without `content_sealed` it cannot be tried again."""

    kind: LetterKind
    letter_id: int
    account_id: int | None
    about: str
    reason: str
    tries: int
    posted_at: datetime
    died_at: datetime
    worthless_at: datetime | None
    content_sealed: str | None
    html_sealed: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A letter that was given up; `username` is its account's, None where it was for nobody with an account."""

    id: int
    kind: LetterKind
    letter_id: int
    account_id: int | None
    username: str | None
    about: str
    reason: str
    tries: int
    posted_at: datetime
    died_at: datetime
    worthless_at: datetime | None
    content_sealed: str | None
    html_sealed: str | None


_SELECT = """
select dead_letter.id, dead_letter.kind, dead_letter.letter_id, dead_letter.account_id, account.username,
    dead_letter.about, dead_letter.reason, dead_letter.tries, dead_letter.posted_at, dead_letter.died_at,
    dead_letter.worthless_at, dead_letter.content_sealed, dead_letter.html_sealed
from dead_letter left join account on account.id = dead_letter.account_id
"""
_KIND = "(:kind = '' or dead_letter.kind = :kind)"


async def add_dead_letter(transaction: Transaction, letter: NewDeadLetter) -> None:
    """Puts a letter among the dead ones; its second death takes the place of the first."""
    await transaction.execute(
        "delete from dead_letter where kind = :kind and letter_id = :letter_id",
        {"kind": letter.kind.value, "letter_id": letter.letter_id},
    )
    await transaction.execute(
        "insert into dead_letter (kind, letter_id, account_id, about, reason, tries, posted_at, died_at, worthless_at, "
        "content_sealed, html_sealed) values (:kind, :letter_id, :account_id, :about, :reason, :tries, :posted_at, "
        ":died_at, :worthless_at, :content_sealed, :html_sealed)",
        {
            "kind": letter.kind.value,
            "letter_id": letter.letter_id,
            "account_id": letter.account_id,
            "about": letter.about,
            "reason": letter.reason,
            "tries": letter.tries,
            "posted_at": letter.posted_at,
            "died_at": letter.died_at,
            "worthless_at": letter.worthless_at,
            "content_sealed": letter.content_sealed,
            "html_sealed": letter.html_sealed,
        },
    )


async def dead_letters(store: Reading, kind: LetterKind | None, before: int | None, limit: int) -> list[DeadLetter]:
    """The dead letters of a kind (None: of any), the latest first; those that died before the one of an id."""
    found = await store.rows(
        f"{_SELECT} where {_KIND} and dead_letter.id < :before_id order by dead_letter.id desc limit :n",
        {"kind": "" if kind is None else kind.value, "before_id": 2**62 if before is None else before, "n": limit},
    )
    return [_dead(row) for row in found]


async def count_dead_letters(store: Reading, kind: LetterKind | None) -> int:
    """How many dead letters of a kind (None: of any) there are."""
    found = await store.rows(
        f"select count(*) as n from dead_letter where {_KIND}", {"kind": "" if kind is None else kind.value}
    )
    return int(found[0]["n"])


async def dead_letter_by_id(store: Reading, letter_id: int) -> DeadLetter | None:
    """The dead letter of an id."""
    found = await store.rows(f"{_SELECT} where dead_letter.id = :id", {"id": letter_id})
    return _dead(found[0]) if found else None


async def remove_dead_letter(transaction: Transaction, letter_id: int) -> bool:
    """Takes a letter from among the dead ones; False where it is there no more."""
    return await transaction.execute("delete from dead_letter where id = :id", {"id": letter_id}) == 1


async def forget_dead_letters(transaction: Transaction, before: datetime) -> int:
    """Deletes the letters that died before that instant; how many."""
    return await transaction.execute("delete from dead_letter where died_at < :before_at", {"before_at": before})


def _dead(row: Row) -> DeadLetter:
    return DeadLetter(
        id=row["id"],
        kind=LetterKind(row["kind"]),
        letter_id=row["letter_id"],
        account_id=row["account_id"],
        username=row["username"],
        about=row["about"],
        reason=row["reason"],
        tries=row["tries"],
        posted_at=row["posted_at"],
        died_at=row["died_at"],
        worthless_at=row["worthless_at"],
        content_sealed=row["content_sealed"],
        html_sealed=row["html_sealed"],
    )
