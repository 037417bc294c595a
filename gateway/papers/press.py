"""The press: parts of texts made into a tagged PDF (PDF/UA-1) by Typst, on two threads of its own."""

import asyncio
import json
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import typst

from gateway.papers.fonts import FAMILIES, fonts, printable
from resolvers.errors import Overloaded

_TEMPLATE = Path(__file__).with_name("paper.typ")
_THREADS = 2
#: How many papers may be on their way; one takes some 50 ms.
_WAITING = 40
_RETRY_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Part:
    """A heading, a table of texts with the names of its columns, and notes below it.

    `widths` are the columns' shares of the line, `numbers` the places of those that hold numbers.
    """

    heading: str
    columns: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    numbers: tuple[int, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole paper; `mark` stands large behind the text of every page, `footer` at its foot."""

    title: str
    district: str
    language: str
    head: tuple[str, ...]
    parts: tuple[Part, ...]
    footer: str
    page: str
    mark: str | None = None


class Press:
    """Prints beside the loop; Overloaded where too many papers wait already."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="press")
        self._busy = 0

    async def print(self, sheet: Sheet) -> bytes:
        """The PDF of a paper."""
        if self._busy >= _WAITING:
            raise Overloaded("Too many papers are printed at this moment. Try again shortly.", _RETRY_SECONDS)
        self._busy += 1
        try:
            # Shielded: a thread goes on printing when the reader has gone, and counts until it is done.
            printing = asyncio.get_running_loop().run_in_executor(self._threads, printed, sheet)
            printing.add_done_callback(lambda _: self._make_room())
        except RuntimeError:
            self._make_room()
            raise
        return await asyncio.shield(printing)

    def close(self) -> None:
        """Ends the threads; what waits is not begun."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _make_room(self) -> None:
        self._busy -= 1


def printed(sheet: Sheet) -> bytes:
    """The PDF of a paper: tagged, in its language, its fonts embedded; a letter that none of them has is `?`."""
    return typst.compile(
        _TEMPLATE,
        format="pdf",
        font_paths=fonts(),
        ignore_system_fonts=True,
        pdf_standards="ua-1",
        sys_inputs={"data": json.dumps({"fonts": FAMILIES, **_printable(asdict(sheet))})},
    )


def _printable(value: Any) -> Any:
    """Texts anywhere in the value, in one line each and in letters that a font has.

    Marks that are not seen (joiners, byte order marks) are left out: PDF/UA-1 forbids some of them.
    """
    if isinstance(value, str):
        composed = unicodedata.normalize("NFC", " ".join(value.split()))
        return printable("".join(letter for letter in composed if unicodedata.category(letter) != "Cf"))
    if isinstance(value, dict):
        return {name: _printable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(item) for item in value]
    return value
