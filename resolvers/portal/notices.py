"""Notices: mails that tell the holder of an account what was done to it, so that somebody else's doing is seen."""

from loaders.portal.accounts import Account
from loaders.portal.transaction import Transaction
from resolvers.context import Context
from resolvers.portal.contacts import Contact
from resolvers.portal.mail import Letter, post
from resolvers.portal.service import Portal


def said_when(context: Context) -> str:
    """The present instant as mails say it: where the district is, with its time zone."""
    portal: Portal = context.portal
    zone = context.source.adapter.time_zone
    return f"{portal.instant().astimezone(zone):%Y-%m-%d %H:%M} ({zone})"


async def post_notice(
    context: Context, transaction: Transaction, account: Account, contact: Contact, template: str, **values: str
) -> None:
    """Posts a notice to the account's holder, where there is an address; it greets by `name`, and says `when`."""
    if contact.address is None:
        return
    portal: Portal = context.portal
    given = {"name": contact.name, "username": account.username, "when": said_when(context), **values}
    await post(portal, transaction, Letter(template, contact.address, contact.language, given, account.id))
