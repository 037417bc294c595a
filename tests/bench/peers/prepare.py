"""Makes the portal store of a benchmark: an account and a live MOBILE session for every guardian of the kit's district.

python -m tests.bench.peers.prepare DISTRICT PORTAL
"""

import asyncio
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.operators import migrate_store
from loaders.database import Writer
from loaders.portal.accounts import NewAccount, add_account
from loaders.portal.sessions import NewSession, Tokens, add_session
from resolvers.context import ClientKind
from resolvers.portal.tokens import is_token, token_hash

PREFIX = "peer-benchmark-session-of-guardian-"
LASTS = timedelta(days=30)

#: What no password hashes to: these accounts are entered by their tokens alone.
NO_PASSWORD = "none"


def token(guardian: int) -> str:
    """The access token of a guardian, as peers.json has the load send it."""
    made = f"{PREFIX}{guardian:08d}"
    if not is_token(made):
        raise ValueError("A session's token must be one that the gateway could have given.")
    return made


def guardians_of(district: Path) -> list[int]:
    """The keys of the district's guardians, in their order."""
    with closing(sqlite3.connect(f"file:{district}?mode=ro", uri=True)) as kit:
        return [int(row[0]) for row in kit.execute("select id from guardians order by id")]


def clear(portal: Path) -> Path:
    """The absolute path of the store, with nothing there."""
    for suffix in ("", "-wal", "-shm"):
        Path(f"{portal}{suffix}").unlink(missing_ok=True)
    return portal.absolute()


async def prepare(guardians: Sequence[int], portal: Path) -> int:
    """Make the store and say how many sessions it holds."""
    url = f"sqlite:///{portal}"
    await migrate_store(url)
    writer = await Writer.open(url)
    now = datetime.now(UTC)
    try:
        async with writer.transaction() as transaction:
            for guardian in guardians:
                name = f"guardian{guardian}"
                account = NewAccount(name, name, NO_PASSWORD, str(guardian), frozenset(), now, setup_done_at=now)
                session = NewSession(
                    account_id=await add_account(transaction, account),
                    client=ClientKind.MOBILE.value,
                    device_name="wrk",
                    address="127.0.0.1",
                    user_agent="",
                    tokens=Tokens(token_hash(token(guardian)), now + LASTS),
                    absolute_expires_at=now + LASTS,
                    created_at=now,
                )
                await add_session(transaction, session)
    finally:
        await writer.close()
    return len(guardians)


if __name__ == "__main__":
    print(asyncio.run(prepare(guardians_of(Path(sys.argv[1])), clear(Path(sys.argv[2])))), "sessions")
