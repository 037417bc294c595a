"""Requests prepared: what came before is ready at once, secrets are not kept, and all of it is bounded."""

from typing import Any

import orjson
import pytest

from gateway.execution.documents import READY_PER_DOCUMENT, READY_VARIABLES, Documents, GraphQLRequest
from gateway.execution.engine import Engine
from gateway.limits import Limits
from gateway.transport.protocol import Malformed, decode
from gateway.transport.requests import Requests
from tests.gateway.stage import schema

GREETING = "query Q($n: String!) { greeting(name: $n) }"


def body(query: str, **members: Any) -> bytes:
    return orjson.dumps({"query": query, **members})


def test_a_request_that_came_before_is_ready_at_once() -> None:
    requests = Requests(Engine(schema))
    first = requests.in_body(body(GREETING, variables={"n": "Ana"}))
    assert requests.in_body(body(GREETING, variables={"n": "Ana"})) is first
    assert requests.in_address(
        b"query=query+Q(%24n:String!)%7Bgreeting(name:%24n)%7D&variables=%7B%22n%22:%22Ana%22%7D"
    )
    other = requests.in_body(body(GREETING, variables={"n": "Zoë"}))
    assert (first.variables, other.variables) == ({"n": "Ana"}, {"n": "Zoë"})
    assert first.place != other.place


def test_one_place_is_one_operation_with_one_set_of_variables() -> None:
    documents = Documents(schema, Limits())
    text = "query A($n: Int) { page(first: $n) { nodes { name } } } query B($n: Int) { page(first: $n) { __typename } }"
    asked = [(name, {"n": n}) for name in "AB" for n in (1, 2, None, 1.0)] + [("A", {}), ("B", {})]
    places = [documents.prepare(GraphQLRequest(text, name, variables)).place for name, variables in asked]
    assert None not in places
    assert len(set(places)) == len(asked)
    again = [documents.prepare(GraphQLRequest(text, name, variables)).place for name, variables in asked]
    assert again == places


def test_the_bytes_of_a_mutation_are_not_kept() -> None:
    requests = Requests(Engine(schema))
    asked = body("mutation M($t: String!) { note(text: $t) }", variables={"t": "hunter2"})
    first = requests.in_body(asked)
    assert first.errors == ()
    assert requests.in_body(asked) is not first
    assert len(requests._bodies) == 0


def test_request_errors_are_found_anew_each_time() -> None:
    requests = Requests(Engine(schema))
    for refused in (body(GREETING), body("{ nothing }"), body("{"), body(GREETING, variables={"n": 5})):
        first, again = requests.in_body(refused), requests.in_body(refused)
        assert first.errors
        assert first.errors[0] is not again.errors[0]
        assert first.place is None
    assert len(requests._bodies) == 0


def test_page_sizes_are_measured_for_every_set_of_variables() -> None:
    requests = Requests(Engine(schema))
    text = "query ($n: Int) { page(first: $n) { nodes { name } } }"
    for _ in range(2):
        assert requests.in_body(body(text, variables={"n": 100})).errors == ()
        assert requests.in_body(body(text, variables={"n": 101})).errors != ()


def test_what_is_ready_is_bounded_and_goes_with_its_document() -> None:
    documents = Documents(schema, Limits())
    bare = documents.prepare(GraphQLRequest(GREETING, variables={"n": ""}))
    before = documents.bytes
    for number in range(3 * READY_PER_DOCUMENT):
        documents.prepare(GraphQLRequest(GREETING, variables={"n": f"{number:1000}"}))
    assert documents.prepare(GraphQLRequest(GREETING, variables={"n": ""})) is not bare
    assert documents.bytes < before + (READY_PER_DOCUMENT + 1) * 30_000
    long = GraphQLRequest(GREETING, variables={"n": "x" * READY_VARIABLES})
    assert documents.prepare(long) is not documents.prepare(long)
    little = Documents(schema, Limits(), cached_bytes=50_000)
    for number in range(10):
        little.prepare(GraphQLRequest(GREETING, variables={"n": f"{number:1000}"}))
        assert little.bytes <= 50_000


def test_variables_that_are_no_json_have_no_place() -> None:
    documents = Documents(schema, Limits())
    assert documents.prepare(GraphQLRequest("{ viewer }", variables={"x": {1, 2}})).place is None


@pytest.mark.parametrize(
    "raw",
    [
        b'{"query": "{ viewer }", "variables": {"a": 9007199254740993}}',
        b'{"query": "{ viewer }", "variables": {"a": -9007199254740993}}',
        b'{"query": "{ viewer }", "variables": {"a": 1e300}}',
        b'{"query": "{ viewer }", "variables": {"a": [1e300]}}',
        b'{"query": "{ viewer }", "b": 9007199254740993}',
        b'{"query": "{ viewer }", "variables": {"a": "\\u0000"}}',
        b'{"query": "{ viewer }", "variables": {"\\u0000": 1}}',
        b'{"query": "{ viewer }", "b\\u0000": "x"}',
        b'{"query": "{ viewer }", "variables": {"a": ' + b"[" * 31 + b"]" * 31 + b"}}",
        b'["\\u0000"]',
        b"9007199254740993",
    ],
    ids=repr,
)
def test_the_short_way_lets_through_nothing_that_the_long_one_refuses(raw: bytes) -> None:
    with pytest.raises(Malformed):
        decode(raw)
    with pytest.raises(Malformed):
        decode(raw.decode())


def test_the_short_way_refuses_nothing_that_is_sound() -> None:
    members = {
        "query": "{ viewer }",
        "variables": {"a": 2**53, "b": None, "c": True, "d": 1.5, "e": [1], "f": "\\u0000"},
    }
    assert decode(orjson.dumps(members)) == members
