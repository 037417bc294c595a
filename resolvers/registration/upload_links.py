"""Where a document that was handed in is fetched: an address good once, for minutes, and for one session.

Such addresses stand among those of the school's documents, under no student: the other door finds nothing by them.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from loaders.portal import document_links as links
from resolvers.context import Batch, Context
from resolvers.portal.document_links import GOOD_FOR
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.tokens import is_token, token_hash
from resolvers.portal.trail import note
from resolvers.registration.uploading import PATH
from resolvers.registration.uploads import Document, document_to_fetch

_NO_STUDENT, _KIND = "", "upload:"


@dataclass(frozen=True, slots=True)
class FetchedUpload:
    """A document that may be fetched now, until `take_upload` has used its address up."""

    token_hash: str
    document: Document


async def urls_of_uploads(keys: Sequence[int | None], batch: Batch) -> list[str | None]:
    """An address for each document, the documents being the viewer's to have; None stands for none."""
    wanted = [key for key in keys if key is not None]
    if not wanted:
        return [None] * len(keys)
    viewer = batch.context.signed_in()
    portal: Portal = batch.context.portal
    tokens = {key: secrets.token_urlsafe(32) for key in wanted}
    async with portal.writer.transaction() as transaction:
        await links.add_links(
            transaction,
            [(token_hash(token), (_NO_STUDENT, f"{_KIND}{key}")) for key, token in tokens.items()],
            session_id=viewer.session_id,
            account_id=viewer.account_id,
            expires_at=portal.instant() + GOOD_FOR,
        )
    return [None if key is None else f"{portal.letterhead.portal_url}{PATH}/{tokens[key]}" for key in keys]


async def fetched_upload(context: Context, token: str) -> FetchedUpload | None:
    """The document behind an address, the address still good; None where it is not this session's to have (any more).

    Rights are asked again: a refusal of the gate, or of the door of staff, where the session is not through it.
    """
    viewer = context.viewer
    if viewer is None or not is_token(token):
        return None
    portal: Portal = context.portal
    link = await links.link_by_hash(portal.writer, token_hash(token))
    if link is None or (link.session_id, link.account_id) != (viewer.session_id, viewer.account_id):
        return None
    if link.used_at is not None or link.expires_at <= portal.instant() or not link.document.startswith(_KIND):
        return None
    document = await document_to_fetch(context, int(link.document.removeprefix(_KIND)))
    return None if document is None else FetchedUpload(link.token_hash, document)


async def take_upload(context: Context, found: FetchedUpload) -> bool:
    """Uses the address up and notes who had the document; False where somebody was faster with it."""
    return await undisturbed(_do_take(context, found))


async def _do_take(context: Context, found: FetchedUpload) -> bool:
    portal: Portal = context.portal
    upload = found.document.upload
    async with portal.writer.transaction() as transaction:
        if not await links.use_link(transaction, found.token_hash, portal.instant()):
            return False
        await note(
            context,
            transaction,
            "REGISTRATION_DOCUMENT_FETCHED",
            f"registration:{upload.registration_id}",
            account_id=upload.account_id,
            document=upload.id,
        )
    return True
