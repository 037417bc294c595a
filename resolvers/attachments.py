"""Files that came with messages, as documents: whoever may read the message now may have them, and nobody else."""

import base64
import re
from collections.abc import Sequence

from loaders.contract import DocumentKind
from loaders.ids import node_id
from loaders.portal.message_files import MessageFile, content_of_file, files_of_messages
from loaders.posted import HERE, MessageKey, Posted
from loaders.registration.media import ENDINGS
from loaders.statement import Key
from resolvers.context import Batch, Context
from resolvers.documents import Paper, paper_of
from resolvers.mailroom import Mailroom, mailroom_of, open_mailroom
from resolvers.messages import received
from resolvers.portal.sealing import SealBroken

#: What a file's name and content are sealed for.
NAME, CONTENT = "a name of a message's file", "a message's file"
#: The student's place in a document's key, where it is about none: no source has such a key.
NO_STUDENT = ""

_NAME = re.compile(r"file-([1-9][0-9]{0,17})-([1-9][0-9]{0,17})")


async def attachments_of_messages(keys: Sequence[MessageKey], batch: Batch) -> list[list[Paper]]:
    """The files of each message, which the viewer may read, in the order in which they were sent."""
    numbers = [key.number for key in keys if isinstance(key, Posted)]
    room = open_mailroom(batch.context) if numbers else None
    found: dict[MessageKey, list[Paper]] = {}
    if room is not None:
        for file in await files_of_messages(room.store, numbers):
            found.setdefault(Posted(file.message_id or 0), []).append(_paper(room, file))
    return [found.get(key, []) for key in keys]


async def documents_by_id(keys: Sequence[tuple[Key, str]], batch: Batch) -> list[Paper | None]:
    """The document of each (student, name) pair that the viewer may have now, files of messages among them."""
    return [await document_of(batch.context, student, name) for student, name in keys]


async def document_of(context: Context, student: Key, name: str) -> Paper | None:
    """One document; None where it is not there, or the viewer may not have it: the same answer."""
    if student != NO_STUDENT:
        return await paper_of(context, student, name)
    found = _NAME.fullmatch(name)
    room = mailroom_of(context.source)
    if found is None or room is None:
        return None
    message, number = Posted(int(found[1])), int(found[2])
    if message not in await received(context, [message]):
        return None
    files = await files_of_messages(room.store, [message.number])
    return next((_paper(room, file) for file in files if file.id == number), None)


async def content_of(context: Context, paper: Paper) -> bytes | None:
    """What a message's file holds; None where it is gone."""
    room = mailroom_of(context.source)
    sealed = None if room is None or paper.file is None else await content_of_file(room.store, paper.file)
    if room is None or sealed is None:
        return None
    try:
        return base64.b64decode(room.sealer.open(CONTENT, sealed))
    except SealBroken:
        return None


def _title(room: Mailroom, file: MessageFile) -> str:
    """The file's name; only its kind where it was sealed with a key that is gone."""
    try:
        return room.sealer.open(NAME, file.name_sealed)
    except SealBroken:
        return f"file.{ENDINGS[file.media_type]}"


def _paper(room: Mailroom, file: MessageFile) -> Paper:
    message = Posted(file.message_id or 0)
    return Paper(
        link_key=(NO_STUDENT, f"file-{message.number}-{file.id}"),
        id=node_id("Document", HERE, message.number, file.id),
        kind=DocumentKind.OTHER,
        title=_title(room, file),
        term_key=None,
        issued_on=None,
        version=1,
        supersedes=None,
        current=True,
        printed=False,
        bytes=file.bytes,
        path=None,
        dated=None,
        media_type=file.media_type,
        file=file.id,
    )
