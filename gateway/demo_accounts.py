"""What the demo's accounts have beyond a password, so that it opens at once: a second factor for staff."""

from contextlib import closing
from datetime import UTC, datetime

from gateway.authentication import PasswordHasher
from gateway.sealing import open_sealer
from gateway.settings import Settings
from loaders.database.writer import Writer
from loaders.portal.accounts import account_by_username
from resolvers.portal.second_factor import enrol
from resolvers.portal.service import Portal


async def furnish(settings: Settings, *, staff: str, staff_secret: str) -> None:
    """Gives the member of staff a second factor of this secret, where there is none."""
    writer = await Writer.open(settings.portal_url)
    try:
        with closing(PasswordHasher()) as hasher:
            portal = Portal(writer, hasher, now=lambda: datetime.now(UTC), sealer=open_sealer(settings))
            account = await account_by_username(writer, staff)
            if account is not None and not account.second_factor:
                async with writer.transaction() as transaction:
                    await enrol(transaction, portal, account.id, staff_secret)
    finally:
        await writer.close()
