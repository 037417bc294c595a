"""The messages of graphql-transport-ws: those that a client may send, parsed, and the one that many are sent."""

from dataclasses import dataclass
from typing import Any

import orjson

from gateway.execution.documents import GraphQLRequest
from gateway.transport.protocol import Malformed, decode, read_request

PROTOCOL = "graphql-transport-ws"
ID_LENGTH = 256


@dataclass(frozen=True, slots=True)
class Init:
    """connection_init; `authorization` in the form of the HTTP header, None without one."""

    authorization: str | None


@dataclass(frozen=True, slots=True)
class Ping:
    """ping, with a payload to send back."""

    payload: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Pong:
    """pong."""


@dataclass(frozen=True, slots=True)
class Complete:
    """complete: the client wants no more of this operation."""

    id: str


@dataclass(frozen=True, slots=True)
class Subscribe:
    """subscribe: run an operation of any kind under an id of the client's."""

    id: str
    request: GraphQLRequest


Message = Init | Ping | Pong | Complete | Subscribe


def read_message(text: str) -> Message:
    """The message in a text frame; Malformed for everything that the protocol does not have."""
    message = decode(text)
    if not isinstance(message, dict):
        raise Malformed("A message is a JSON object")
    match message.get("type"):
        case "connection_init":
            return Init(_authorization(_payload(message)))
        case "ping":
            return Ping(_payload(message))
        case "pong":
            _payload(message)
            return Pong()
        case "complete":
            return Complete(_id(message))
        case "subscribe":
            payload = _payload(message)
            if payload is None:
                raise Malformed("The payload of subscribe is missing")
            return Subscribe(_id(message), read_request(payload))
        case _:
            raise Malformed("The message has no type that a client may send")


def next_message(id_: str, payload: bytes) -> bytes:
    """The message that gives an operation its next result, around a payload that others may be given too."""
    return b'{"type":"next","id":%b,"payload":%b}' % (orjson.dumps(id_), payload)


def _id(message: dict[str, Any]) -> str:
    found = message.get("id")
    if not isinstance(found, str) or not 0 < len(found) <= ID_LENGTH:
        raise Malformed("The id of a message is a string that is not empty")
    return found


def _payload(message: dict[str, Any]) -> dict[str, Any] | None:
    found = message.get("payload")
    if found is not None and not isinstance(found, dict):
        raise Malformed("The payload of a message is an object")
    return found


def _authorization(payload: dict[str, Any] | None) -> str | None:
    given = payload or {}
    token = given.get("accessToken")
    if isinstance(token, str):
        return f"Bearer {token}"
    header = next((value for name, value in given.items() if name.lower() == "authorization"), None)
    for value in (token, header):
        if value is not None and not isinstance(value, str):
            raise Malformed("The authorization of connection_init is a string")
    return header
