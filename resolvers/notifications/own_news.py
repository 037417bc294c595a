"""News of the guardian's own: noted by the order that makes it, in its own transaction, and told like all other."""

from loaders.portal.notices import NewNotice, put_notice
from loaders.portal.transaction import Transaction
from resolvers.context import Context
from resolvers.notifications.rules import NotificationKind
from resolvers.notifications.standing import entity


async def note_news(
    context: Context, transaction: Transaction, account_id: int, kind: NotificationKind, thing: object, version: str
) -> None:
    """Notes that an account may have to be told of a thing, once for each of its versions, by whatever rule holds."""
    now = context.now
    await put_notice(
        transaction,
        NewNotice(
            account_id=account_id,
            kind=kind.value,
            student_id="",
            entity=entity(thing),
            seq=0,
            version_before="",
            version=version,
            previous_sealed=None,
            happened_at=now,
            due_at=now,
        ),
    )
