"""The outbox: mail that was ordered, beside the change that ordered it, and what became of each."""

from dataclasses import dataclass
from datetime import datetime

from loaders.portal.transaction import Reading, Row, Transaction


@dataclass(frozen=True, slots=True)
class NewMail:
    """A mail to be, to one address; its texts are sealed, for they may hold a link that opens something.

    `concerns` says whose records it tells of, and of which area: a JSON list of pairs; None of one that tells of none.
    """

    account_id: int | None
    template: str
    language: str
    to_address: str
    subject: str
    text_sealed: str
    html_sealed: str | None
    posted_at: datetime
    worthless_at: datetime | None
    concerns: str | None = None


@dataclass(frozen=True, slots=True)
class WaitingMail:
    """A mail that waits to be sent; `next_try_at` is when, and tells whether somebody else has taken it since."""

    id: int
    account_id: int | None
    template: str
    to_address: str
    subject: str
    text_sealed: str
    html_sealed: str | None
    posted_at: datetime
    worthless_at: datetime | None
    tries: int
    next_try_at: datetime
    concerns: str | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """How the outbox stands: how many mails wait, since when, and how many were given up."""

    waiting: int
    failed: int
    oldest_posted_at: datetime | None


async def add_mail(transaction: Transaction, mail: NewMail) -> int:
    """Puts a mail into the outbox and says its id."""
    return await transaction.insert(
        "insert into mail (state, account_id, template, language, to_address, subject, text_sealed, html_sealed, "
        "posted_at, worthless_at, next_try_at, concerns) values ('WAITING', :account_id, :template, :language, "
        ":to_address, :subject, :text_sealed, :html_sealed, :posted_at, :worthless_at, :posted_at, :concerns) "
        "returning id",
        {
            "account_id": mail.account_id,
            "template": mail.template,
            "language": mail.language,
            "to_address": mail.to_address,
            "subject": mail.subject,
            "text_sealed": mail.text_sealed,
            "html_sealed": mail.html_sealed,
            "posted_at": mail.posted_at,
            "worthless_at": mail.worthless_at,
            "concerns": mail.concerns,
        },
    )


async def due_mail(store: Reading, now: datetime, limit: int) -> list[WaitingMail]:
    """The mails whose time has come, the longest due first."""
    found = await store.rows(
        "select id, account_id, template, to_address, subject, text_sealed, html_sealed, posted_at, worthless_at, "
        "tries, next_try_at, concerns from mail where state = 'WAITING' and next_try_at <= :now_at "
        "order by next_try_at, id limit :n",
        {"now_at": now, "n": limit},
    )
    return [_waiting(row) for row in found]


async def next_due_at(store: Reading) -> datetime | None:
    """When the next mail that waits is to be tried; None where none waits."""
    found = await store.rows("select min(next_try_at) as due_at from mail where state = 'WAITING'", {})
    due: datetime | None = found[0]["due_at"]
    return due


async def take(transaction: Transaction, mail: WaitingMail, until: datetime) -> bool:
    """Takes a mail for one try, which is over at the latest `until`; False where another process has taken it."""
    changed = await transaction.execute(
        "update mail set tries = tries + 1, next_try_at = :until_at "
        "where id = :id and state = 'WAITING' and next_try_at = :seen_at",
        {"id": mail.id, "until_at": until, "seen_at": mail.next_try_at},
    )
    return changed == 1


async def try_later(transaction: Transaction, mail_id: int, next_try_at: datetime, error: str) -> None:
    """Leaves a mail for another try."""
    await transaction.execute(
        "update mail set next_try_at = :next_try_at, last_error = :error where id = :id and state = 'WAITING'",
        {"id": mail_id, "next_try_at": next_try_at, "error": error},
    )


async def finish(transaction: Transaction, mail_id: int, state: str, now: datetime, error: str | None = None) -> None:
    """A mail was SENT, or has FAILED for good; nobody needs its text any more."""
    await transaction.execute(
        "update mail set state = :state, finished_at = :now_at, last_error = :error, text_sealed = null, "
        "html_sealed = null where id = :id and state = 'WAITING'",
        {"id": mail_id, "state": state, "now_at": now, "error": error},
    )


async def revive(
    transaction: Transaction, mail_id: int, text_sealed: str, html_sealed: str | None, now: datetime
) -> bool:
    """Lets a mail that has failed be tried anew; False where there is none."""
    changed = await transaction.execute(
        "update mail set state = 'WAITING', finished_at = null, text_sealed = :text_sealed, "
        "html_sealed = :html_sealed, tries = 0, next_try_at = :now_at where id = :id and state = 'FAILED'",
        {"id": mail_id, "text_sealed": text_sealed, "html_sealed": html_sealed, "now_at": now},
    )
    return changed == 1


async def forget_finished(transaction: Transaction, before: datetime) -> int:
    """Deletes the mails that were done with before that instant; how many."""
    return await transaction.execute("delete from mail where finished_at < :before_at", {"before_at": before})


async def queue(store: Reading) -> Queue:
    """How the outbox stands."""
    (row,) = await store.rows(
        "select count(case when state = 'WAITING' then 1 end) as waiting, "
        "count(case when state = 'FAILED' then 1 end) as failed, "
        "min(case when state = 'WAITING' then posted_at end) as oldest_at from mail",
        {},
    )
    return Queue(row["waiting"], row["failed"], row["oldest_at"])


def _waiting(row: Row) -> WaitingMail:
    return WaitingMail(
        id=row["id"],
        account_id=row["account_id"],
        template=row["template"],
        to_address=row["to_address"],
        subject=row["subject"],
        text_sealed=row["text_sealed"],
        html_sealed=row["html_sealed"],
        posted_at=row["posted_at"],
        worthless_at=row["worthless_at"],
        tries=row["tries"],
        next_try_at=row["next_try_at"],
        concerns=row["concerns"],
    )
