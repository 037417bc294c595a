"""Marks of servers, which cost a round trip: read now and then, so that an answer is at most so old."""

import asyncio
from contextlib import suppress

from loaders.changes import read_mark
from loaders.errors import LoaderError
from loaders.source import Source


async def follow_marks(source: Source, seconds: float) -> None:
    """Read the source's mark every `seconds`, for ever; while it cannot be read, nothing vouches for any answer.

    What was read under a mark is given again until the next reading of it shows another, so `seconds` is how old an
    answer may be. Returns at once where the source tells its mark without a wait, or has none.
    """
    if source.reads.version() is not None:
        return
    while True:
        mark = None
        with suppress(LoaderError):
            mark = await read_mark(source)
            if mark is None:
                return
        source.marked(mark, seconds)
        await asyncio.sleep(seconds)
