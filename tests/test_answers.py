"""The check of answers: what must be refused is refused, and named by its place."""

from typing import Any

import pytest
from graphql import build_schema, parse

from tests.answers import Disagreement, agree, errors_point_at_nulls

SCHEMA = build_schema(
    """
    scalar Date
    scalar DateTime
    scalar Decimal
    enum Kind { POSTED IN_PROGRESS }
    interface Node { id: ID! }
    type Student implements Node { id: ID!  name: String!  born: Date  seen: DateTime  age: Int  friends: [Student!] }
    type Grade implements Node { id: ID!  kind: Kind!  percent: Decimal  final: Boolean  student: Student! }
    type Query { me: Student  node(id: ID!): Node  nodes: [Node]!  students: [Student!]! }
    """
)

STUDENT = {"id": "s", "name": "Ana"}


@pytest.mark.parametrize(
    ("document", "data"),
    [
        ("{ me { id name } }", {"me": STUDENT}),
        ("{ me { id name } }", {"me": None}),
        ("{ me { id name } }", None),
        ("{ a: me { id } b: me { id } }", {"a": {"id": "s"}, "b": {"id": "s"}}),
        ("{ me { id } me { name } }", {"me": STUDENT}),
        ("{ me { ...f } } fragment f on Student { id ... { name } }", {"me": STUDENT}),
        ("{ me { id friends { born seen age } } }", {"me": {"id": "s", "friends": None}}),
        ("{ me { born seen age } }", {"me": {"born": "2016-02-29", "seen": "2026-11-23T08:00:00Z", "age": -3}}),
        ("{ nodes { __typename id ... on Grade { kind } } }", {"nodes": [{"__typename": "Student", "id": "s"}, None]}),
        (
            "{ nodes { ... on Grade { kind percent } ... on Student { name } } }",
            {"nodes": [{"kind": "POSTED", "percent": "92.50"}, {"name": "Ana"}]},
        ),
        ("{ node(id: 1) { ... on Grade { kind } } }", {"node": {}}),
        ("{ me { id name @skip(if: true) ... @include(if: false) { age } } }", {"me": {"id": "s"}}),
    ],
)
def test_what_document_and_schema_say_is_accepted(document: str, data: Any) -> None:
    agree(SCHEMA, parse(document), data)


@pytest.mark.parametrize(
    ("document", "data", "place"),
    [
        ("{ me { id name } }", {"me": {"id": "s"}}, "me"),
        ("{ me { id } }", {"me": STUDENT}, "me"),
        ("{ me { id name } }", {"me": {"name": "Ana", "id": "s"}}, "me"),
        ("{ me { id name } }", {"me": {"id": "s", "name": None}}, "name"),
        ("{ me { id } }", {"me": [{"id": "s"}]}, "me"),
        ("{ me { id } }", {"me": "s"}, "me"),
        ("{ me { id } }", {}, "data"),
        ("{ me { id } }", [], "data"),
        ("{ me { name } }", {"me": {"name": 7}}, "name"),
        ("{ me { id } }", {"me": {"id": ""}}, "id"),
        ("{ me { age } }", {"me": {"age": "7"}}, "age"),
        ("{ me { age } }", {"me": {"age": True}}, "age"),
        ("{ me { age } }", {"me": {"age": 2**31}}, "age"),
        ("{ me { born } }", {"me": {"born": "2016-02-29T00:00:00"}}, "born"),
        ("{ me { seen } }", {"me": {"seen": "2026-11-23T08:00:00+01:00"}}, "seen"),
        ("{ students { id } }", {"students": {"id": "s"}}, "students"),
        ("{ students { id } }", {"students": [{"id": "s"}, None]}, "1"),
        ("{ students { id } }", {"students": None}, "students"),
        ("{ node(id: 1) { ... on Grade { kind } } }", {"node": {"kind": "FINAL"}}, "kind"),
        ("{ node(id: 1) { ... on Grade { percent } } }", {"node": {"percent": 92.5}}, "percent"),
        ("{ node(id: 1) { ... on Grade { percent } } }", {"node": {"percent": "1E+2"}}, "percent"),
        ("{ node(id: 1) { ... on Grade { final } } }", {"node": {"final": 1}}, "final"),
        ("{ nodes { __typename id } }", {"nodes": [{"__typename": "Query", "id": "s"}]}, "nodes"),
        (
            "{ nodes { ... on Grade { kind } ... on Student { name } } }",
            {"nodes": [{"name": "Ana", "kind": "POSTED"}]},
            "0",
        ),
        ("{ me { id name @skip(if: true) } }", {"me": STUDENT}, "me"),
        ("{ me { id ... @include(if: true) { name } } }", {"me": {"id": "s"}}, "me"),
    ],
)
def test_anything_else_is_refused_with_its_place(document: str, data: Any, place: str) -> None:
    with pytest.raises(Disagreement, match=rf"\({place!r}|\b{place}\b"):
        agree(SCHEMA, parse(document), data)


def test_variables_decide_what_was_asked() -> None:
    document = parse("query ($with: Boolean!) { me { id name @include(if: $with) } }")
    agree(SCHEMA, document, {"me": STUDENT}, {"with": True})
    with pytest.raises(Disagreement):
        agree(SCHEMA, document, {"me": STUDENT}, {"with": False})


def test_an_error_stands_where_there_is_nothing() -> None:
    data = {"me": {"id": "s", "friends": [None]}, "node": None}
    errors_point_at_nulls(
        data, [{"path": ["node"]}, {"path": ["node", "id"]}, {"path": ["me", "friends", 0, "student", "name"]}]
    )
    for path in (["me"], ["me", "id"], ["nobody"], ["me", "friends", 1], ["me", 0], ["me", "id", "name"], [], None):
        with pytest.raises(Disagreement):
            errors_point_at_nulls(data, [{"message": "No.", "path": path}])
