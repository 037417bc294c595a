"""Files that staff send with messages: sealed, each waiting for its message for a day, then going with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from loaders.portal.transaction import Reading, Row, Transaction


@dataclass(frozen=True, slots=True)
class MessageFile:
    """A file but for what it holds; its name is sealed."""

    id: int
    message_id: int | None
    media_type: str
    bytes: int
    name_sealed: str


_SELECT = "select id, message_id, media_type, bytes, name_sealed from message_file"


async def add_file(
    transaction: Transaction,
    account_id: int,
    media_type: str,
    size: int,
    sealed: tuple[str, str],
    now: datetime,
) -> int:
    """Keeps a file of a sender's, its name and its content sealed, and says its id."""
    return await transaction.insert(
        "insert into message_file (account_id, media_type, bytes, name_sealed, content_sealed, received_at) "
        "values (:account_id, :media_type, :bytes, :name_sealed, :content_sealed, :now_at) returning id",
        {
            "account_id": account_id,
            "media_type": media_type,
            "bytes": size,
            "name_sealed": sealed[0],
            "content_sealed": sealed[1],
            "now_at": now,
        },
    )


async def count_waiting(store: Reading, account_id: int) -> int:
    """How many files of a sender wait for a message."""
    (row,) = await store.rows(
        "select count(*) as n from message_file where account_id = :account_id and message_id is null",
        {"account_id": account_id},
    )
    return int(row["n"])


async def attach_files(transaction: Transaction, account_id: int, message_id: int, files: Sequence[int]) -> bool:
    """Sends files with a message; False where one of them is not the sender's, or does not wait (any more)."""
    among, params = _among(files)
    changed = await transaction.execute(
        f"update message_file set message_id = :message_id where {among} and account_id = :account_id "
        "and message_id is null",
        {"message_id": message_id, "account_id": account_id, **params},
    )
    return changed == len(files)


async def files_of_messages(store: Reading, messages: Sequence[int]) -> list[MessageFile]:
    """The files of these messages, in the order in which they came."""
    among, params = _among(messages, "message_id")
    return [_file(row) for row in await store.rows(f"{_SELECT} where {among} order by id", params)]


async def content_of_file(store: Reading, file_id: int) -> str | None:
    """What a file holds, sealed."""
    found = await store.rows("select content_sealed from message_file where id = :id", {"id": file_id})
    content: str | None = found[0]["content_sealed"] if found else None
    return content


async def forget_waiting_files(transaction: Transaction, before: datetime) -> int:
    """Deletes the files that came before that instant and were sent with no message; how many."""
    return await transaction.execute(
        "delete from message_file where message_id is null and received_at < :before_at", {"before_at": before}
    )


def _among(values: Sequence[int], column: str = "id") -> tuple[str, dict[str, object]]:
    names = [f"value_{number}" for number in range(len(values))]
    condition = f"{column} in ({', '.join(f':{name}' for name in names)})" if names else "1 = 0"
    return condition, dict(zip(names, values, strict=True))


def _file(row: Row) -> MessageFile:
    return MessageFile(row["id"], row["message_id"], row["media_type"], row["bytes"], row["name_sealed"])
