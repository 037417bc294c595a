"""What every transport shares: strict JSON in, well-formed requests, JSON out."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

import orjson
from graphql import GraphQLError

from gateway.errors import present_all
from gateway.execution.codes import BAD_USER_INPUT, INTERNAL_SERVER_ERROR, PERSISTED_QUERY_NOT_FOUND
from gateway.execution.documents import GraphQLRequest, Prepared
from gateway.execution.engine import Engine
from gateway.execution.operations import Answer
from gateway.transport.answers import Answers
from resolvers.context import Caller, Context, ContextFactory, Viewer

JSON_DEPTH = 32
#: JSON's numbers are doubles to most clients: beyond this, whole numbers have already lost their last digits.
EXACT = 2**53


class Malformed(Exception):
    """What came is no GraphQL request; the message says which part and what it must be."""

    def __init__(self, message: str, code: str = BAD_USER_INPUT) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


@dataclass(frozen=True)
class Remembered:
    """What is known of callers without a wait: a token's viewer, None where it has to be asked, and a context of it."""

    viewer: Callable[[str, bool], Viewer | None]
    context: Callable[[Viewer | None, Caller], Context]


@dataclass(frozen=True)
class Edge:
    """What both endpoints stand on.

    `allowed_origins` are the other sites that may call from a browser, written as browsers do (`https://app.example`);
    the gateway's own origin needs no entry. With `secure_cookies` the session cookie is `__Host-homeroom` and needs
    HTTPS; without, for development, it is `homeroom`. Where nobody is `remembered`, every context has to be opened;
    without `answers` every answer is computed.
    """

    engine: Engine
    open_context: ContextFactory
    allowed_origins: frozenset[str] = field(default_factory=frozenset)
    secure_cookies: bool = True
    remembered: Remembered | None = None
    answers: Answers | None = None


def decode(raw: bytes | str) -> Any:
    """A JSON text's value; Malformed for whatever is no JSON, and for NUL, numbers past 2^53 and nesting past 32."""
    try:
        value = orjson.loads(raw)
    except (ValueError, RecursionError):
        raise Malformed("The request is not valid JSON in UTF-8.") from None
    # NUL can only stand in JSON as this escape.
    escaped = "\\u0000" in raw if isinstance(raw, str) else b"\\u0000" in raw
    if escaped or not _plain(value):
        _sound(value)
    return value


def read_request(members: Any) -> GraphQLRequest:
    """The request in a decoded JSON object; Malformed where a member has another type than it must."""
    if isinstance(members, list):
        raise Malformed("Batches are not taken: send one operation in each request.")
    if not isinstance(members, dict):
        raise Malformed("A request is a JSON object with the member query.")
    extensions = _mapping(members, "extensions")
    query = members.get("query")
    if query is None:
        if isinstance(members.get("documentId"), str) or "persistedQuery" in extensions:
            raise Malformed("No document is stored under this id: send it as query.", PERSISTED_QUERY_NOT_FOUND)
        raise Malformed("The request has no query.")
    if not isinstance(query, str):
        raise Malformed("The member query must be a string.")
    name = members.get("operationName")
    if name is not None and not isinstance(name, str):
        raise Malformed("The member operationName must be a string.")
    return GraphQLRequest(query, name or None, _mapping(members, "variables"), extensions)


def encode(value: Any) -> bytes:
    """JSON in UTF-8; a masked error where the value has no JSON form, which is a fault of the schema."""
    return encode_answer(value)[0]


def encode_answer(members: Any) -> tuple[bytes, bool]:
    """JSON in UTF-8, and whether it is the value's; if not, a masked error."""
    try:
        return orjson.dumps(members), True
    except TypeError as failure:
        error = GraphQLError("The answer has no JSON form.", original_error=failure)
        return orjson.dumps({"errors": error_members((error,))}), False


def error_members(errors: Sequence[GraphQLError], prepared: Prepared | None = None) -> list[dict[str, Any]]:
    """The errors' wire form, under a trace id of their own."""
    operation, document = (prepared.name, prepared.hash) if prepared else (None, None)
    return present_all(errors, trace_id=token_hex(16), operation=operation, document=document)


def answer_members(answer: Answer, prepared: Prepared) -> dict[str, Any]:
    """The members of an executed operation's response: always `data`, the others where there are any."""
    members: dict[str, Any] = {"data": answer.data}
    if answer.errors:
        members["errors"] = error_members(answer.errors, prepared)
    if answer.extensions:
        members["extensions"] = answer.extensions
    return members


def failure_error(failure: Exception) -> GraphQLError:
    """The error to present for an exception that no field holds."""
    # Without extensions of its own, it would take those of the exception, and speak with a foreign code.
    return GraphQLError("The operation could not run.", original_error=failure, extensions={})


def code_of(member: Mapping[str, Any]) -> str:
    """The code in an error's wire form."""
    return str(member["extensions"].get("code", INTERNAL_SERVER_ERROR))


def _mapping(members: dict[str, Any], name: str) -> dict[str, Any]:
    value = members.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed(f"The member {name} must be an object.")
    return value


def _plain(value: Any) -> bool:
    """Whether this is an object of texts, and of objects of texts and small numbers, as nearly all requests are."""
    if type(value) is not dict:
        return False
    for member in value.values():
        if type(member) is dict:
            for item in member.values():
                if type(item) is int:
                    if not -EXACT <= item <= EXACT:
                        return False
                elif type(item) is not str and type(item) is not bool and item is not None:
                    return False
        elif type(member) is not str and member is not None:
            return False
    return True


def _sound(value: Any) -> None:
    level = [value]
    depth = 0
    while level:
        depth += 1
        if depth > JSON_DEPTH:
            raise Malformed(f"The request nests more than {JSON_DEPTH} arrays and objects in one another.")
        below: list[Any] = []
        for item in level:
            if isinstance(item, str):
                if "\0" in item:
                    raise Malformed("The request has a NUL character.")
            elif isinstance(item, dict):
                below.extend(item)
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            elif isinstance(item, float | int) and not (math.isfinite(item) and abs(item) <= EXACT):
                raise Malformed("The request has a number beyond 2^53: send it as a string.")
        level = below
