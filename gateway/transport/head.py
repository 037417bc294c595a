"""The head of a request as the endpoint reads it: its fields once, and those that came twice known as such."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

Fields = Sequence[tuple[bytes, bytes]]

_NONE: Mapping[bytes, tuple[bytes, ...]] = MappingProxyType({})


class Head:
    """Method, query and fields of a request, and the address that it came from; names of fields are in lower case.

    What was once made of it stands in `notes`, for a connection whose next request has the same head.
    """

    __slots__ = ("_fields", "_repeated", "address", "method", "notes", "query")

    def __init__(self, method: str, query: bytes, fields: Fields, address: str) -> None:
        self.method = method
        self.query = query
        self.address = address
        self.notes: dict[str, Any] = {}
        self._fields = dict(fields)
        self._repeated = _NONE if len(self._fields) == len(fields) else _repeated(fields)

    def has(self, name: bytes) -> bool:
        """Whether the field is there."""
        return name in self._fields

    def one(self, name: bytes) -> str | None:
        """The only value of a field; None where there is none, or more than one."""
        value = self._fields.get(name)
        return None if value is None or name in self._repeated else value.decode("latin-1")

    def every(self, name: bytes) -> tuple[str, ...]:
        """All values of a field, in the order they came."""
        value = self._fields.get(name)
        if value is None:
            return ()
        if name in self._repeated:
            return tuple(each.decode("latin-1") for each in self._repeated[name])
        return (value.decode("latin-1"),)


def read_head(scope: Any) -> Head:
    """The head of an ASGI connection's scope."""
    client = scope.get("client")
    address = str(client[0]) if client else ""
    return Head(scope.get("method", "GET"), scope.get("query_string", b""), scope["headers"], address)


def _repeated(fields: Fields) -> Mapping[bytes, tuple[bytes, ...]]:
    found: dict[bytes, tuple[bytes, ...]] = {}
    for name, value in fields:
        found[name] = (*found.get(name, ()), value)
    return {name: values for name, values in found.items() if len(values) > 1}
