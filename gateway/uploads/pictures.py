"""Pictures: kind and size read from their heads, nothing decoded (JPEG: ITU T.81, B; PNG 3rd ed.; HEIF: ISO 23008-12).

A picture of a few bytes can be said to have billions of points; whoever opens it at the office would need them all.
"""

import struct
from collections.abc import Iterator

from gateway.uploads.refusal import ContentRefused

#: The largest photographs of telephones have 200 million points, in files beyond what a form may allow.
MOST_POINTS, LONGEST_SIDE = 120_000_000, 30_000

_PNG = b"\x89PNG\r\n\x1a\n"
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis"})
_HEIF_BRANDS = _HEIC_BRANDS | {b"mif1", b"msf1"}
#: Markers of JPEG that stand alone, and those that begin a frame.
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def check_jpeg(content: bytes) -> None:
    """Returns where it is a JPEG of a size that can be looked at."""
    if not content.startswith(b"\xff\xd8\xff") or b"\xff\xd9" not in content:
        raise _none_of("a JPEG")
    at = 2
    while at + 4 <= len(content):
        if content[at] != 0xFF:
            break
        marker = content[at + 1]
        if marker == 0xFF or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", content, at + 2)
        if marker in _FRAMES and at + 9 <= len(content):
            height, width = struct.unpack_from(">HH", content, at + 5)
            _check_size(width, height)
            return
        if marker in (0xD9, 0xDA) or length < 2:
            break
        at += 2 + length
    raise _none_of("a JPEG")


def check_png(content: bytes) -> None:
    """Returns where it is a PNG of a size that can be looked at, and nothing stands behind its end."""
    if not content.startswith(_PNG) or content[12:16] != b"IHDR" or len(content) < 24:
        raise _none_of("a PNG")
    at, kind = len(_PNG), b""
    while at + 12 <= len(content) and kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", content, at)
        at += 12 + length
    if kind != b"IEND" or at != len(content):
        raise _none_of("a PNG")
    _check_size(*struct.unpack_from(">II", content, 16))


def check_heic(content: bytes) -> None:
    """Returns where it is a HEIC whose pictures, and what they are put together to, can be looked at."""
    start, end = dict(_boxes(content, 0, len(content))).get(b"ftyp", (0, 0))
    brands = {content[at : at + 4] for at in (start, *range(start + 8, end - 3, 4))}
    if content[4:8] != b"ftyp" or content[start : start + 4] not in _HEIF_BRANDS or not brands & _HEIC_BRANDS:
        raise _none_of("a HEIC")
    inside = (0, len(content))
    for name, skipped in ((b"meta", 4), (b"iprp", 0), (b"ipco", 0)):
        start, end = dict(_boxes(content, *inside)).get(name, (0, 0))
        inside = (start + skipped, end)
    sizes = [at for kind, (at, until) in _boxes(content, *inside) if kind == b"ispe" and until - at >= 12]
    if not sizes:
        raise _none_of("a HEIC")
    for at in sizes:
        _check_size(*struct.unpack_from(">II", content, at + 4))


def _boxes(content: bytes, start: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """The boxes between two places: each one's kind, and where its content begins and ends."""
    at = start
    while at + 8 <= end:
        length, kind = struct.unpack_from(">I4s", content, at)
        head = 8
        if length == 1 and at + 16 <= end:
            (length,) = struct.unpack_from(">Q", content, at + 8)
            head = 16
        until = end if length == 0 else at + length
        if until < at + head or until > end:
            return
        yield kind, (at + head, until)
        at = until


def _check_size(width: int, height: int) -> None:
    if not 0 < width <= LONGEST_SIDE or not 0 < height <= LONGEST_SIDE or width * height > MOST_POINTS:
        raise ContentRefused("The picture has too many points to be looked at: make it smaller.")


def _none_of(kind: str) -> ContentRefused:
    return ContentRefused(f"The file is not {kind}, or not whole: choose its kind by what it is, or save it again.")
