"""Files on their way into a message: taken in from staff, sealed, and kept for a day until a message sends them."""

import asyncio
import base64
from datetime import timedelta

from loaders.ids import node_id, read_node_id
from loaders.portal import message_files as rows
from loaders.registration.media import ENDINGS
from resolvers.attachments import CONTENT, NAME
from resolvers.context import Context, Viewer
from resolvers.portal.message_order import SENDERS
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.texts import label
from resolvers.staff import staff

PATH = "/message-files"
MOST_BYTES = 5 * 2**20
#: How many files of one sender wait for a message at the most.
MOST_WAITING = 20
LONGEST_NAME = 120
#: For how long a file waits.
WAITS = timedelta(days=1)


class FileRefused(Exception):
    """The file is not taken in; the message says why."""


def sender(context: Context) -> Viewer:
    """The member of staff who may hand files in; refuses as `staff` does."""
    return staff(context, *SENDERS)


async def keep_file(context: Context, name: str, media_type: str, content: bytes) -> str:
    """Keeps a file whose content was judged, and says its id; FileRefused where too many wait already."""
    viewer = sender(context)
    portal: Portal = context.portal
    if await rows.count_waiting(portal.writer, viewer.account_id) >= MOST_WAITING:
        raise FileRefused(f"{MOST_WAITING} files wait already: send them with a message, or come back tomorrow.")
    shown = file_name(name, media_type)
    text = base64.b64encode(content).decode()
    # Some megabytes, which nobody else must wait for.
    sealed = await asyncio.to_thread(portal.sealer.seal, CONTENT, text)

    async def keep() -> int:
        async with portal.writer.transaction() as transaction:
            return await rows.add_file(
                transaction,
                viewer.account_id,
                media_type,
                len(content),
                (portal.sealer.seal(NAME, shown), sealed),
                portal.instant(),
            )

    return node_id("MessageFile", await undisturbed(keep()))


def file_name(given: str, media_type: str) -> str:
    """The name as families read it: of a path its last part, in one line, with the ending of what the file is."""
    last = given.replace("\\", "/").rpartition("/")[2]
    stem = label(last, LONGEST_NAME).rpartition(".")[0] or label(last, LONGEST_NAME)
    return f"{stem.strip('. ') or 'file'}.{ENDINGS[media_type]}"


def file_number(id: str) -> int | None:
    """The number in a file's id; None where it is none."""
    found = read_node_id(id)
    if found is None or found[0] != "MessageFile" or len(found[1]) != 1:
        return None
    number = found[1][0]
    return int(number) if number.isascii() and number.isdecimal() and 0 < len(number) <= 18 else None
