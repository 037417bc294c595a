"""Where a family fetches a document: an address good once, for minutes, and for the session that was given it.

The rights are asked when the address is given and again when it is used. What is nobody's, another session's, used up
or too old looks the same.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from loaders.portal import document_links as links
from loaders.statement import Key
from resolvers.attachments import NO_STUDENT, document_of
from resolvers.context import Batch, Context
from resolvers.documents import Paper
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.tokens import is_token, token_hash
from resolvers.portal.trail import note

GOOD_FOR = timedelta(minutes=5)
PATH = "/documents"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document that may be fetched now, until `take` has used its address up."""

    token_hash: str
    student_key: Key
    paper: Paper


async def urls_of_documents(keys: Sequence[tuple[Key, str]], batch: Batch) -> list[str]:
    """An address for each (student, name) pair, the pairs being the viewer's to have; all noted at once."""
    context = batch.context
    context.guardian()
    viewer = context.signed_in()
    portal: Portal = context.portal
    tokens = [secrets.token_urlsafe(32) for _ in keys]
    places = [(token_hash(token), (str(student), name)) for token, (student, name) in zip(tokens, keys, strict=True)]
    async with portal.writer.transaction() as transaction:
        await links.add_links(
            transaction,
            places,
            session_id=viewer.session_id,
            account_id=viewer.account_id,
            expires_at=portal.instant() + GOOD_FOR,
        )
    return [f"{portal.letterhead.portal_url}{PATH}/{token}" for token in tokens]


async def first_views_of_documents(keys: Sequence[tuple[Key, str]], batch: Batch) -> list[datetime | None]:
    """When the viewer first fetched each (student, name) pair; None where never."""
    guardian = str(batch.context.guardian())
    portal: Portal = batch.context.portal
    students = list(dict.fromkeys(str(student) for student, _ in keys))
    found = await links.first_views(portal.writer, guardian, students)
    return [found.get((str(student), name)) for student, name in keys]


async def fetched(context: Context, token: str) -> Fetched | None:
    """The document behind an address, the address still good; None where it is not this session's to have (any more).

    A refusal of the gate where the session is not through it; SourceDown where rights cannot be asked.
    """
    viewer = context.viewer
    if viewer is None or viewer.guardian_key is None or not is_token(token):
        return None
    portal: Portal = context.portal
    link = await links.link_by_hash(portal.writer, token_hash(token))
    if link is None or (link.session_id, link.account_id) != (viewer.session_id, viewer.account_id):
        return None
    if link.used_at is not None or link.expires_at <= portal.instant():
        return None
    student: Key | None = NO_STUDENT
    if link.student_id != NO_STUDENT:
        student = context.source.adapter.parse_key("student", link.student_id)
    if student is None:
        return None
    paper = await document_of(context, student, link.document)
    return None if paper is None else Fetched(link.token_hash, student, paper)


async def take(context: Context, found: Fetched) -> bool:
    """Uses the address up and notes who had the document when; False where somebody was faster with it."""
    return await undisturbed(_do_take(context, found))


async def _do_take(context: Context, found: Fetched) -> bool:
    portal: Portal = context.portal
    account_id = context.signed_in().account_id
    now = portal.instant()
    student, name = str(found.student_key), found.paper.link_key[1]
    async with portal.writer.transaction() as transaction:
        if not await links.use_link(transaction, found.token_hash, now):
            return False
        await links.note_view(transaction, str(context.guardian()), (student, name), now)
        await note(
            context,
            transaction,
            "DOCUMENT_FETCHED",
            f"document:{student}:{name}",
            account_id=account_id,
            kind=found.paper.kind.value,
            version=found.paper.version,
        )
    return True
