"""Global ids: one opaque text for a type and the source's own key, composite keys included."""

from base64 import urlsafe_b64decode
from binascii import Error, b2a_base64
from urllib.parse import quote, unquote

_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def node_id(type_name: str, *parts: object) -> str:
    """The global id of an object: URL-safe, stable for as long as the source keeps its keys."""
    texts = [str(part) if part.__class__ is int else quote(str(part), safe="") for part in parts]
    text = f"{type_name}:{':'.join(texts)}"
    return b2a_base64(text.encode(), newline=False).translate(_URL_SAFE, b"=").decode()


def read_node_id(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Type name and key parts of a global id; None for a text that is none, whatever is wrong with it."""
    if len(text) > 1024 or not text.isascii():
        return None
    try:
        plain = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (Error, ValueError):
        return None
    type_name, *parts = plain.split(":")
    if not type_name or not parts:
        return None
    found = tuple(unquote(part) for part in parts)
    return (type_name, found) if node_id(type_name, *found) == text else None
