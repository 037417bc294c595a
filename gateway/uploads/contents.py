"""What a handed-in file really is: judged by its bytes alone, never by its name, and without drawing or running it."""

import struct

from gateway.uploads.pdf import check_pdf
from gateway.uploads.pictures import check_heic, check_jpeg, check_png
from gateway.uploads.refusal import ContentRefused

#: Where browsers look for what a file is (WHATWG MIME Sniffing, 5.1: 1,445 bytes), and PDF readers for its header.
_SNIFFED = 1_500
_MARKUP = (b"<!doctype", b"<html", b"<script", b"<svg", b"<iframe", b"<body", b"<?php")
_ZIP_END, _ZIP_END_BYTES, _LONGEST_COMMENT = b"PK\x05\x06", 22, 65_535
_CHECKS = {
    "application/pdf": check_pdf,
    "image/jpeg": check_jpeg,
    "image/png": check_png,
    "image/heic": check_heic,
}


def check_content(content: bytes, media_type: str) -> None:
    """Returns where the bytes are of that media type and of no other, and hold nothing that runs.

    ContentRefused with a sentence for the family where they are not.
    """
    _CHECKS[media_type](content)
    start = content[:_SNIFFED].lower()
    if any(mark in start for mark in _MARKUP) or _ends_as_archive(content):
        raise ContentRefused("The file is two things at once: save or photograph the document again.")
    if media_type != "application/pdf" and b"%pdf-" in start:
        raise ContentRefused("The file is two things at once: save or photograph the document again.")


def _ends_as_archive(content: bytes) -> bool:
    """Whether an unpacker that reads from the end, as those of .zip and .jar do, would find an archive in it."""
    at = content.rfind(_ZIP_END, max(0, len(content) - _ZIP_END_BYTES - _LONGEST_COMMENT))
    if at < 0 or at + _ZIP_END_BYTES > len(content):
        return False
    (comment,) = struct.unpack_from("<H", content, at + _ZIP_END_BYTES - 2)
    return at + _ZIP_END_BYTES + int(comment) <= len(content)
