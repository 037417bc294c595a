"""PDFs (ISO 32000-2): whole from the first byte on, readable without a password, and without anything that acts.

A document that writes itself in an unusual way is refused where it cannot be examined; a virus scanner sees the rest.
"""

import re
import zlib
from collections.abc import Iterator

from gateway.uploads.refusal import ContentRefused

_HEADER = re.compile(rb"%PDF-[12]\.\d[\r\n \t%]")
_END_WITHIN = 2_048
#: The names by which a document runs a script, starts a program, sends what is typed, or carries another file.
_ACTING = frozenset(
    {
        *(b"JavaScript", b"Launch", b"SubmitForm", b"ImportData", b"Rendition", b"GoToE", b"GoToR"),
        *(b"EmbeddedFile", b"EmbeddedFiles", b"RichMedia", b"Movie", b"Sound", b"XFA"),
    }
)
_NAME = re.compile(rb"/([^\x00\t\n\f\r ()<>\[\]{}/%]{1,127})")
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"\bstream\r?\n")
#: Names are looked for in pieces, as no other thread goes on while one is searched.
_PIECE, _LONGEST_NAME = 2**18, 128
#: What the dictionary of a stream may take, how many streams may hold objects, and what these may come to, unpacked.
_DICTIONARY_BYTES, _MOST_STREAMS, _UNPACKED_BYTES = 4_096, 5_000, 32 * 2**20


def check_pdf(content: bytes) -> None:
    """Returns where it is a PDF that only shows something."""
    if not _HEADER.match(content[:16]) or b"%%EOF" not in content[-_END_WITHIN:]:
        raise ContentRefused("The file is not a PDF, or not whole: save it again.")
    packed: list[int] = []
    names = set()
    for name, at in _names(content):
        names.add(name)
        if name == b"ObjStm":
            packed.append(at)
    if b"Encrypt" in names:
        raise ContentRefused("The PDF is protected by a password: print it to a PDF without one.")
    if len(packed) > _MOST_STREAMS:
        raise _unreadable()
    left = _UNPACKED_BYTES
    for at in packed:
        unpacked = _unpacked(content, at, left)
        left -= len(unpacked)
        names |= {name for name, _ in _names(unpacked)}
    if names & _ACTING:
        raise ContentRefused("The PDF holds a script, a form that acts, or another file: print it to a PDF again.")


def _names(content: bytes) -> Iterator[tuple[bytes, int]]:
    """Every name in it and where it stands, its escapes undone: a reader takes /Java#53cript for /JavaScript."""
    for start in range(0, len(content), _PIECE):
        until = min(len(content), start + _PIECE + _LONGEST_NAME)
        for found in _NAME.finditer(content, start, until):
            name = found[1]
            if b"#" in name:
                name = _ESCAPE.sub(lambda two: bytes([int(two[1], 16)]), name)
            if found.start() < start + _PIECE:
                yield name, found.start()


def _unpacked(content: bytes, at: int, most: int) -> bytes:
    """The objects of the stream in whose dictionary that place is; what is not simply deflated is refused."""
    begun = content.rfind(b"obj", max(0, at - _DICTIONARY_BYTES), at)
    stream = _STREAM.search(content, at, at + _DICTIONARY_BYTES)
    if begun < 0 or stream is None or most <= 0:
        raise _unreadable()
    said = {name for name, _ in _names(content[begun : stream.start()])}
    if {name for name in said if name.endswith(b"Decode")} != {b"FlateDecode"} or said & {b"Predictor", b"Crypt"}:
        raise _unreadable()
    inflating = zlib.decompressobj()
    try:
        unpacked = inflating.decompress(memoryview(content)[stream.end() :], most)
    except zlib.error:
        raise _unreadable() from None
    if not inflating.eof:
        raise _unreadable()
    return unpacked


def _unreadable() -> ContentRefused:
    return ContentRefused("The PDF is packed in a way that cannot be examined: print it to a PDF again.")
