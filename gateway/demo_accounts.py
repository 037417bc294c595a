"""What the demo's accounts have beyond a password, so that it opens at once: the ways to recover them."""

from contextlib import closing
from datetime import UTC, datetime

from gateway.authentication import PasswordHasher
from gateway.sealing import open_sealer
from gateway.settings import Settings
from loaders.database.writer import Writer
from loaders.portal.accounts import account_by_username
from loaders.portal.preferences import put_preference_set
from loaders.portal.recovery_email import NewRecoveryEmail, add_recovery_email, confirm, recovery_email_of
from loaders.portal.staff_schools import put_schools_of_staff, schools_of_staff
from loaders.portal.transaction import Transaction
from resolvers.portal.catalogue import images
from resolvers.portal.image_step import DISLIKED, LIKED, choose
from resolvers.portal.second_factor import enrol
from resolvers.portal.service import Portal
from resolvers.portal.tokens import token_hash


async def furnish(settings: Settings, *, parent: str, parent_email: str, staff: str, staff_secret: str) -> None:
    """Gives the parent a recovery address and images, the member of staff a second factor and every school.

    Each only where it is lacking.

    The parent likes the first eight images of the catalogue, and dislikes the eight after those.
    """
    writer = await Writer.open(settings.portal_url)
    try:
        with closing(PasswordHasher()) as hasher:
            portal = Portal(writer, hasher, now=lambda: datetime.now(UTC), sealer=open_sealer(settings))
            family = await account_by_username(writer, parent)
            desk = await account_by_username(writer, staff)
            async with writer.transaction() as transaction:
                if family is not None and await recovery_email_of(transaction, family.id) is None:
                    await _recoverable(portal, transaction, family.id, parent_email)
                if desk is not None and not desk.second_factor:
                    await enrol(transaction, portal, desk.id, staff_secret)
                if desk is not None and not await schools_of_staff(transaction, desk.id):
                    await put_schools_of_staff(transaction, desk.id, (), every=True)
    finally:
        await writer.close()


async def _recoverable(portal: Portal, transaction: Transaction, account_id: int, email: str) -> None:
    now = portal.instant()
    order = NewRecoveryEmail(account_id, email, email.casefold(), token_hash(f"demo {account_id}"), now, now)
    await confirm(transaction, await add_recovery_email(transaction, order), now, None, None)
    ids = [image.id for image in images()]
    chosen = choose(portal.sealer, account_id, ids[:LIKED], ids[LIKED : LIKED + DISLIKED])
    await put_preference_set(transaction, account_id, chosen.salt, chosen.shown, chosen.tags, now)
