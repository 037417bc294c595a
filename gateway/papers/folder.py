"""PDFs that the school has issued: files below one folder, named by the source, which is not trusted with more."""

import os
from pathlib import Path, PurePosixPath

#: What a school issues is some pages; more than this is no report card.
MOST_BYTES = 50 * 2**20
_MAGIC = b"%PDF-"


class PaperMissing(Exception):
    """The file of a document is not there, or is not one that is given out; the message is for the log."""


def issued_pdf(folder: Path | None, path: str | None) -> bytes:
    """The PDF at a path below the folder.

    PaperMissing where no folder is set, where the path leads out of it, and where the file is not there, is no PDF or
    is too large.
    """
    if folder is None:
        raise PaperMissing("HOMEROOM_DOCUMENTS is not set.")
    if not path or "\\" in path or "\x00" in path:
        raise PaperMissing("The document has no path of a file.")
    wanted = PurePosixPath(path)
    if wanted.is_absolute() or ".." in wanted.parts or wanted.suffix.lower() != ".pdf":
        raise PaperMissing("The document's path is none of a PDF below the folder.")
    try:
        root = folder.resolve(strict=True)
        file = (root / wanted).resolve(strict=True)
        if not file.is_relative_to(root):
            raise PaperMissing("The document's path leads out of the folder.")
        # A pipe or a device would be waited for.
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as error:
        raise PaperMissing(f"The document's file cannot be read ({type(error).__name__}).") from None
    if not content.startswith(_MAGIC):
        raise PaperMissing("The document's file is no PDF.")
    if len(content) > MOST_BYTES:
        raise PaperMissing("The document's file is too large.")
    return content
