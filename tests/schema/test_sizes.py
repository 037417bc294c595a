"""What documents cost by the product's own schema: a family's day passes, a crawler's does not."""

import pytest

from gateway.execution.documents import GraphQLRequest
from gateway.execution.engine import Engine
from schema.api import schema
from tests import documents

GRADEBOOK = """{ me { students { courses { title grades { percent } categories { name } teachers { name }
  assignments(first: 100) { nodes { title score { points } category { name } } } } } } }"""
WHOLE = """{ me { students { grades { percent } assignments(first: 100) { nodes { title } }
  attendance(first: 100) { nodes { date } } courses { attendance(first: 100) { nodes { date } }
  assignments(first: 100) { nodes { title } } } } messages(first: 100) { nodes { subject students { name } } } } }"""
CRAWL = """{ me { students { courses { student { courses { student { courses { assignments(first: 100)
  { nodes { title } } } } } } } } } }"""


@pytest.mark.parametrize(
    "text", [*documents.ALL.values(), GRADEBOOK, WHOLE], ids=[*documents.ALL, "gradebook", "whole"]
)
def test_what_a_family_asks_at_once_passes(text: str) -> None:
    assert Engine(schema).prepare(GraphQLRequest(text)).errors == ()


def test_what_goes_round_and_round_is_refused() -> None:
    (error,) = Engine(schema).prepare(GraphQLRequest(CRAWL)).errors
    assert error.extensions is not None
    assert error.extensions["code"] == "COST_LIMIT_EXCEEDED"
