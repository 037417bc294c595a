"""The trail of orders: each says who did what, to whom, when and from where, in its own transaction."""

from loaders.portal.audit import Entry, record
from loaders.portal.transaction import Transaction
from resolvers.context import Context
from resolvers.portal.service import Portal


async def note(
    context: Context,
    transaction: Transaction,
    action: str,
    subject: str,
    *,
    account_id: int | None = None,
    **detail: str | int | bool | None,
) -> None:
    """Writes down an order of the operation's viewer, or of a stranger, beside what it changed.

    `action` is what was done, `subject` what it was done to (`account:7`, `portal_request:3`), `account_id` in whose
    own log it is read. A `detail` is never a secret, and never what somebody unknown has typed.
    """
    portal: Portal = context.portal
    viewer = context.viewer
    actor = "stranger" if viewer is None else f"account:{viewer.account_id}"
    await record(
        transaction, Entry(portal.instant(), actor, action, subject, account_id, context.caller.address, detail)
    )
