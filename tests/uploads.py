"""Files that families hand in, made here byte by byte, and what makes them files that are not taken."""

import struct
import zlib

JPEG_TYPE, PNG_TYPE, HEIC_TYPE, PDF_TYPE = "image/jpeg", "image/png", "image/heic", "application/pdf"


def pdf(*objects: bytes, head: bytes = b"%PDF-1.7\n") -> bytes:
    """A PDF with these objects besides its catalogue."""
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (n, each) for n, each in enumerate(objects, 2))
    return head + b"1 0 obj\n<< /Type /Catalog >>\nendobj\n" + body + b"trailer << /Root 1 0 R >>\n%%EOF\n"


def packed(objects: bytes, more: bytes = b"", filter_: bytes = b"/FlateDecode") -> bytes:
    """A stream that holds objects, as the writers of PDF 1.5 pack them."""
    data = zlib.compress(b"3 0 " + objects)
    return b"<< /Type /ObjStm /N 1 /First 4 /Filter %s %s >>\nstream\n%s\nendstream" % (filter_, more, data)


def png(width: int = 4, height: int = 3, behind: bytes = b"") -> bytes:
    """A PNG that says to be of that size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(b"\0" * 16)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"") + behind


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def jpeg(width: int = 4, height: int = 3, *, comment: bytes = b"", behind: bytes = b"") -> bytes:
    """A JPEG that says to be of that size."""
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    parts = [(0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0"), (0xFE, comment), (0xC0, frame), (0xDA, b"\x01\x01\0\0\x3f\0")]
    body = b"".join(bytes([0xFF, kind]) + struct.pack(">H", len(data) + 2) + data for kind, data in parts)
    return b"\xff\xd8" + body + b"\x12\x34\xff\xd9" + behind


def heic(width: int = 4, height: int = 3, brand: bytes = b"heic") -> bytes:
    """A HEIC that says to be of that size."""
    size = _box(b"ispe", bytes(4) + struct.pack(">II", width, height))
    meta = _box(b"meta", bytes(4) + _box(b"hdlr", bytes(20)) + _box(b"iprp", _box(b"ipco", size)))
    return _box(b"ftyp", brand + bytes(4) + b"mif1" + brand) + meta + _box(b"mdat", b"picture")


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


#: The end of an empty archive.
ZIP = b"PK\x05\x06" + bytes(18)
WHOLE = [(PDF_TYPE, pdf()), (PNG_TYPE, png()), (JPEG_TYPE, jpeg()), (HEIC_TYPE, heic())]
