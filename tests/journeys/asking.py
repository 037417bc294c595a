"""Who asks a running gateway, over HTTP or a socket, and the law that every answer must keep."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any

import httpx2
from graphql import GraphQLSchema, parse
from websockets.sync.client import connect

from loaders.ids import read_node_id
from tests.answers import agree, errors_point_at_nulls
from tests.journeys.real_values import Known, texts

CODES = {
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "BAD_USER_INPUT",
    "UNAUTHENTICATED",
    "FORBIDDEN",
    "COST_LIMIT_EXCEEDED",
    "RATE_LIMITED",
    "OVERLOADED",
}
LEAKS = re.compile(
    r"Traceback|\bFile \"|\.py\b|site-packages|/(home|work|usr|tmp|var|opt)/|\$argon2|\.homeroom"
    r"|sqlite|postgres|asyncpg|asyncmy|mariadb|mysql|sqlalchemy|strawberry|graphql-core"
    r"|\bselect\b[^\"]*\bfrom\b|\bno such (table|column)\b|object at 0x|[a-z]Error\b"
)
STUDENT_TYPES = {"Student", "Course", "Grade", "Assignment", "Attendance", "Document"}
PRIVATE = {*STUDENT_TYPES, "Message", "Parent"}


@dataclass
class Asker:
    """Somebody who asks a running gateway, and what the answers were like."""

    url: str
    client: httpx2.Client
    token: str | None
    students: frozenset[int] = frozenset()
    asked: Counter[str] = field(default_factory=Counter)

    def ask(self, query: str, media: str = "application/json", **variables: Any) -> httpx2.Response:
        """The response to a document."""
        headers = {"accept": media} | ({"authorization": f"Bearer {self.token}"} if self.token else {})
        return self.client.post(self.url, json={"query": query, "variables": variables}, headers=headers)

    def data(self, query: str) -> Any:
        """The data of a document that is known to be right."""
        answer = self.ask(query).json()
        assert "errors" not in answer, answer
        return answer["data"]


@dataclass
class Running:
    """The gateway with its own schema, and who talks to it: nobody, the demo's parent, and a guest.

    The guest is the same parent in a session of its own, which may end. `foreign` is what another family was given.
    """

    operations: Any
    schema: GraphQLSchema
    nobody: Asker
    parent: Asker
    guest: Asker
    own: Known
    foreign: Known

    @cached_property
    def secret(self) -> frozenset[str]:
        """The ids that none but the other family may be given."""
        return frozenset(i for name in PRIVATE for i in self.foreign.ids.get(name, ()))


def sound(running: Running, asker: Asker, document: str, answer: Any) -> None:
    """The law of every answer, whatever brought it."""
    text = json.dumps(answer, ensure_ascii=False)
    told = f"{document}\n{text}"
    assert set(answer) <= {"data", "errors"}, told
    for error in answer.get("errors", []):
        assert set(error) <= {"message", "locations", "path", "extensions"}, told
        assert set(error["extensions"]) <= {"code", "retryAfter"}, told
        assert error["extensions"]["code"] in CODES, told
        assert isinstance(error["message"], str), told
        assert error["message"], told
        assert not LEAKS.search(error["message"]), told
    assert "errors" not in answer or answer["errors"], told
    assert not LEAKS.search(text), told
    assert asker.token is None or asker.token not in text, told
    assert running.secret.isdisjoint(texts(answer)), told
    named = {int(read[1][0]) for i in texts(answer) if (read := read_node_id(i)) and read[0] in STUDENT_TYPES}
    assert named <= asker.students, told
    data = answer.get("data")
    if data is not None:
        agree(running.schema, parse(document), data)
    if "data" in answer:
        errors_point_at_nulls(data, answer.get("errors", []))
        assert data is not None or answer["errors"], told
    asker.asked["documents"] += 1
    asker.asked["with data"] += any(True for _ in leaves(data))
    asker.asked["of students"] += bool(named)


def leaves(value: Any) -> Iterator[Any]:
    """What stands in an answer's data but nulls and names of types."""
    for name, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if isinstance(item, dict | list):
            yield from leaves(item)
        elif item is not None and name != "__typename":
            yield item


@contextmanager
def socket(asker: Asker) -> Iterator[Callable[..., list[Any]]]:
    """Asks over one WebSocket: the answers to a document, or those of a stream until a later ping is answered."""
    numbers = count()
    url = asker.url.replace("http", "ws", 1)
    with connect(url, subprotocols=["graphql-transport-ws"], proxy=None) as sent:  # type: ignore[list-item]

        def say(payload: Any, *, live: bool = False) -> list[Any]:
            id_ = str(next(numbers))
            sent.send(json.dumps({"id": id_, "type": "subscribe", "payload": payload}))
            if live:
                sent.send(json.dumps({"type": "ping"}))
            answers = []
            while True:
                message = json.loads(sent.recv(timeout=30))
                if message["type"] == "pong" or (message["type"] == "complete" and message["id"] == id_):
                    break
                if message["type"] == "ping" or message["id"] != id_:
                    assert message["type"] in ("ping", "error", "complete"), message
                    continue
                told = message["payload"]
                answers.append(told if message["type"] == "next" else {"errors": told})
                if message["type"] == "error" and not live:
                    break
            if live:
                sent.send(json.dumps({"id": id_, "type": "complete"}))
            return answers

        sent.send(json.dumps({"type": "connection_init", "payload": {"accessToken": asker.token}}))
        assert json.loads(sent.recv(timeout=30)) == {"type": "connection_ack"}
        yield say
