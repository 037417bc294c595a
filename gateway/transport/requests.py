"""Requests: from the bytes of a body or an address to an operation made ready, at once where they came before."""

from typing import Any
from urllib.parse import parse_qsl

from graphql import OperationType

from gateway.execution.documents import GraphQLRequest, Prepared
from gateway.execution.engine import Engine
from gateway.memory import Memory
from gateway.transport.protocol import Malformed, decode, read_request

REMEMBERED = 2_000
REMEMBERED_BYTES = 4 * 2**20
#: The bytes themselves, and the texts in them; a text outside of Latin takes up to four bytes for each of its own.
REQUEST_PER_BYTE = 5
MOST_MEMBERS = 20


class Requests:
    """Prepares requests; those that read, and had no errors, are remembered by their very bytes.

    A mutation is never remembered: its bytes may hold a password. What was made of a document stands with the
    document and goes with it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._bodies: Memory[bytes, GraphQLRequest] = Memory(REMEMBERED, REMEMBERED_BYTES)
        self._addresses: Memory[bytes, GraphQLRequest] = Memory(REMEMBERED, REMEMBERED_BYTES)

    def in_body(self, body: bytes) -> Prepared:
        """The operation that a JSON body asks for, or its request errors; Malformed where it is no request."""
        known = self._bodies.get(body)
        if known is not None:
            return self._engine.prepare(known)
        return self._prepare(self._bodies, body, read_request(decode(body)))

    def in_address(self, query: bytes) -> Prepared:
        """The operation that the query of an address asks for, or its request errors; Malformed where it is none."""
        known = self._addresses.get(query)
        if known is not None:
            return self._engine.prepare(known)
        return self._prepare(self._addresses, query, read_request(_members(query)))

    def _prepare(self, memory: Memory[bytes, GraphQLRequest], raw: bytes, request: GraphQLRequest) -> Prepared:
        prepared = self._engine.prepare(request)
        if prepared.kind is OperationType.QUERY and not prepared.errors:
            memory.put(raw, request, REQUEST_PER_BYTE * len(raw))
        return prepared


def _members(query: bytes) -> dict[str, Any]:
    try:
        pairs = parse_qsl(query.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_MEMBERS)
    except ValueError:
        raise Malformed("The address is not valid URL encoding of UTF-8.") from None
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise Malformed("The address gives a parameter twice.")
        members[name] = decode(value) if name in ("variables", "extensions") else value
    if any("\0" in value for _, value in pairs):
        raise Malformed("The request has a NUL character.")
    return members
