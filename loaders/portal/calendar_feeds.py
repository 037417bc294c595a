"""Calendar feeds: secret addresses under which a student's schedule is read, by the SHA-256 of their secrets."""

from dataclasses import dataclass
from datetime import datetime

from loaders.portal.transaction import Reading, Row, Transaction


@dataclass(frozen=True, slots=True)
class CalendarFeed:
    """A feed, and of its account what each reading of it must know.

    `fetched_at` and `fetched_from` are those of the reading that was noted last.
    """

    id: int
    account_id: int
    student_id: str
    created_at: datetime
    fetched_at: datetime | None
    fetched_from: str | None
    username: str
    guardian_id: str | None
    disabled_at: datetime | None


_SELECT = """
select calendar_feed.id, calendar_feed.account_id, calendar_feed.student_id, calendar_feed.created_at,
    calendar_feed.fetched_at, calendar_feed.fetched_from, account.username, account.guardian_id, account.disabled_at
from calendar_feed join account on account.id = calendar_feed.account_id
"""


async def add_feed(
    transaction: Transaction, account_id: int, student_id: str, secret_hash: str, now: datetime
) -> CalendarFeed:
    """Adds a feed."""
    feed_id = await transaction.insert(
        "insert into calendar_feed (account_id, student_id, secret_hash, created_at) "
        "values (:account_id, :student_id, :secret_hash, :now_at) returning id",
        {"account_id": account_id, "student_id": student_id, "secret_hash": secret_hash, "now_at": now},
    )
    found = await transaction.rows(f"{_SELECT} where calendar_feed.id = :id", {"id": feed_id})
    return _feed(found[0])


async def feed_of_secret(store: Reading, secret_hash: str) -> CalendarFeed | None:
    """The feed of a secret; None where there is none, or no more."""
    found = await store.rows(f"{_SELECT} where calendar_feed.secret_hash = :hash", {"hash": secret_hash})
    return _feed(found[0]) if found else None


async def feeds_of_account(store: Reading, account_id: int) -> list[CalendarFeed]:
    """The feeds of an account, the newest first."""
    found = await store.rows(
        f"{_SELECT} where calendar_feed.account_id = :account_id order by calendar_feed.id desc",
        {"account_id": account_id},
    )
    return [_feed(row) for row in found]


async def remove_feed(transaction: Transaction, feed_id: int, account_id: int) -> bool:
    """Deletes a feed of this account's; False where there is none of that id."""
    changed = await transaction.execute(
        "delete from calendar_feed where id = :id and account_id = :account_id",
        {"id": feed_id, "account_id": account_id},
    )
    return changed == 1


async def note_fetch(transaction: Transaction, feed: CalendarFeed, fetched_from: str, now: datetime) -> bool:
    """Notes that a feed was read, and from which network; False where it is gone, or somebody has noted it since."""
    changed = await transaction.execute(
        "update calendar_feed set fetched_at = :now_at, fetched_from = :fetched_from "
        "where id = :id and (fetched_at is null or fetched_at = :seen_at)",
        {"id": feed.id, "now_at": now, "fetched_from": fetched_from, "seen_at": feed.fetched_at},
    )
    return changed == 1


def _feed(row: Row) -> CalendarFeed:
    return CalendarFeed(
        id=row["id"],
        account_id=row["account_id"],
        student_id=row["student_id"],
        created_at=row["created_at"],
        fetched_at=row["fetched_at"],
        fetched_from=row["fetched_from"],
        username=row["username"],
        guardian_id=row["guardian_id"],
        disabled_at=row["disabled_at"],
    )
