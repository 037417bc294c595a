"""Reading the trail: what of one kind has happened lately."""

from dataclasses import dataclass
from datetime import datetime

from loaders.portal.transaction import Reading


@dataclass(frozen=True, slots=True)
class Happened:
    """One entry of the trail: when, and what was acted upon."""

    happened_at: datetime
    subject: str


async def latest(store: Reading, action: str, limit: int) -> list[Happened]:
    """The last entries of one action, the newest first."""
    found = await store.rows(
        "select happened_at, subject from audit where action = :action order by id desc limit :n",
        {"action": action, "n": limit},
    )
    return [Happened(row["happened_at"], row["subject"]) for row in found]
