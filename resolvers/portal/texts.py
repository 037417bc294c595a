"""Texts that people type, brought into the one form in which they are compared and kept."""

import re
import unicodedata

USERNAME_MIN, USERNAME_MAX = 3, 64

# Composing can shorten a text about fourfold, never more; beyond this nothing can become short enough. Normalizing
# takes time that grows with the square of a run of combining marks, so it must not be done to just anything.
_RAW_MAX = 1024


def normalized(text: str) -> str | None:
    """The text in Unicode's NFKC form; None where it is longer than anything that is accepted, or no Unicode text."""
    if len(text) > _RAW_MAX or any("\ud800" <= character <= "\udfff" for character in text):
        return None
    return unicodedata.normalize("NFKC", text)


def username_key(username: str) -> str | None:
    """The key by which a username is found, the same however it is cased, spaced or composed; None where it is none.

    Made by NFKC and full case folding, without surrounding space and with one space for any run of it.
    """
    folded = normalized((normalized(username) or "").casefold())
    key = " ".join((folded or "").split())
    return key if key and readable(key) and len(key) <= 4 * USERNAME_MAX else None


def readable(text: str) -> bool:
    """Whether the text holds only characters that somebody can type and read: no controls, no unassigned ones."""
    return not any(unicodedata.category(character) in ("Cc", "Cs", "Cn") for character in text)


def label(text: str | None, limit: int) -> str:
    """A client's own words (a device's name, a user agent) as one short line that can be stored and shown."""
    kept = (text or "")[: 4 * limit]
    printable = "".join(character if readable(character) else " " for character in kept)
    return re.sub(r"\s+", " ", printable).strip()[:limit]
