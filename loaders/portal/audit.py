"""The audit trail: who did what to what, when and from where; rows are added and never changed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from loaders.portal.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the trail; never a password, a token, or a text typed by somebody who is not known.

    `account_id` is whose trail it belongs to, `actor` who acted (`account:7`, `operator`, `stranger`), `subject`
    what was acted upon.
    """

    happened_at: datetime
    actor: str
    action: str
    subject: str
    account_id: int | None = None
    address: str = ""
    detail: Mapping[str, str | int | bool | None] = field(default_factory=dict)


async def record(transaction: Transaction, entry: Entry) -> None:
    """Writes an entry beside what it tells of, in the same transaction."""
    await transaction.execute(
        "insert into audit (happened_at, account_id, actor, action, subject, address, detail) "
        "values (:happened_at, :account_id, :actor, :action, :subject, :address, :detail)",
        {
            "happened_at": entry.happened_at,
            "account_id": entry.account_id,
            "actor": entry.actor,
            "action": entry.action,
            "subject": entry.subject,
            "address": entry.address,
            "detail": json.dumps(dict(entry.detail), sort_keys=True),
        },
    )
