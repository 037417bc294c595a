"""The document guard: what passes, what is refused and in which words, and that its work follows the text's length."""

from typing import Any

import pytest
from graphql import GraphQLError, OperationDefinitionNode, build_schema, get_introspection_query, parse

from gateway.execution.documents import CACHED_DOCUMENTS, PARSED_PER_TEXT, READY_BYTES, Documents, GraphQLRequest
from gateway.limits import Checked, Limits, check_document
from tests.gateway.stage import schema as small

LIMITS = Limits()
REFUSED = {"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "COST_LIMIT_EXCEEDED", "BAD_USER_INPUT"}
#: The shape of the public API: lists, pages, and ways to go round in circles.
SCHEMA = build_schema(
    """
    type Query { me: Parent  node(id: ID!): Node }
    interface Node { id: ID! }
    type Parent implements Node {
      id: ID!  name: String  students: [Student!]!
      messages(first: Int, last: Int, after: String): MessageConnection!
    }
    type Student implements Node {
      id: ID!  courses: [Course!]!  guardians: [Parent!]!  buddy: Student
      assignments(first: Int): AssignmentConnection!  latest(first: Int): [Assignment!]!
    }
    type Course { title: String  teacher: Person  assignments(first: Int): AssignmentConnection }
    type Person { name: String }
    type AssignmentConnection { edges: [AssignmentEdge!]!  nodes: [Assignment!]!  pageInfo: PageInfo! }
    type AssignmentEdge { cursor: String!  node: Assignment! }
    type PageInfo { hasNextPage: Boolean! }
    type Assignment { title: String  course: Course  category: Category  score: Score }
    type Category { name: String }
    type Score { points: String  tags: [String!] }
    type MessageConnection { nodes: [Message!]! }
    type Message { id: ID!  students: [Student!]! }
    """
)


def check(text: str, variables: dict[str, Any] | None = None, limits: Limits = LIMITS) -> Checked:
    """The verdict on the first operation of a document that is parsed and nothing more."""
    document = parse(text)
    operation = next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    return check_document(document, operation, variables or {}, SCHEMA, limits)


def items(text: str, variables: dict[str, Any] | None = None) -> int:
    """The objects that the guard expects of a document; ten for each list below the root's own."""
    measure = check(text, variables, Limits(node_budget=10**9)).measure
    return measure.items + measure.paged * 10


def refused(text: str, variables: dict[str, Any] | None = None, limits: Limits = LIMITS) -> tuple[str, str]:
    """Code and message of the refusal."""
    with pytest.raises(GraphQLError) as error:
        check(text, variables, limits)
    assert error.value.extensions is not None
    return error.value.extensions["code"], error.value.message


DASHBOARD = """query Today { me { id name students { id buddy { id } courses { title teacher { name } }
  assignments(first: 5) { nodes { title score { points } } } } messages(first: 10) { nodes { id } } } }"""
ARGUMENTS = "types { fields { args { type { ofType { name } } } } }"
GRADEBOOK = """query Gradebook { me { id students { id courses { title
  assignments(first: 20) { nodes { title category { name } score { points } } } } } } }"""


def test_the_documents_of_a_portal_pass() -> None:
    assert items(DASHBOARD) == 10 + 100 + 50 + 10
    assert items(GRADEBOOK) == 10 + 100 + 2_000
    check(DASHBOARD)
    check(GRADEBOOK)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {
            "specified_by_url": True,
            "directive_is_repeatable": True,
            "schema_description": True,
            "input_value_deprecation": True,
        },
    ],
)
def test_the_introspection_of_the_usual_tools_passes(options: dict[str, bool]) -> None:
    text = get_introspection_query(**options)
    check(text)
    assert Documents(small, LIMITS).prepare(GraphQLRequest(text)).errors == ()


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("students { id }", 10),
        ("students { courses { title } }", 10 + 100),
        ("students { buddy { id } }", 10),
        ("students { ...F } } } fragment F on Student { courses { title } guardians { ... { id }", 10 + 200),
        ("messages { nodes { id } }", 20),
        ("messages(first: 3) { nodes { id } }", 3),
        ("messages(last: 4) { nodes { id } }", 4),
        ("messages(first: 3, last: 4) { nodes { id } }", 4),
        ("messages(first: 0) { nodes { id } }", 1),
        ("messages(first: -5) { nodes { id } }", 1),
        ("messages(first: null) { nodes { id } }", 20),
        ("messages(first: 3) { ...P } } } fragment P on MessageConnection { nodes { ... { id }", 3),
        ("students { assignments { nodes { title } } }", 10 + 200),
        ("students { assignments(first: 2) { nodes { title } edges { node { title } } } }", 10 + 20 + 20),
        ("students { latest(first: 6) { title score { tags } } }", 10 + 60),
        ("students { latest { title } }", 10 + 200),
        (
            "students { assignments(first: 2) { pageInfo { hasNextPage } nodes { course { assignments(first: 3) "
            "{ nodes { title } } } } } }",
            10 + 20 + 60,
        ),
    ],
)
def test_objects_are_estimated_from_page_sizes_down_the_tree(selection: str, expected: int) -> None:
    assert items("{ me { " + selection + " } }") == expected


def test_a_page_size_may_come_from_a_variable_or_its_default() -> None:
    text = "query ($n: Int = 6) { me { messages(first: $n) { nodes { id } } } }"
    assert items(text) == 6
    assert items(text, {"n": 9}) == 9
    assert items(text, {"n": 9.0}) == 9
    assert items(text, {"n": None}) == 20
    assert items(text, {"n": "9"}) == 20
    assert check(text).page_variables == {"n"}


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("{ me { messages(first: 101) { nodes { id } } } }", None),
        ("{ me { messages(first: 99999999999999999999) { nodes { id } } } }", None),
        ("query ($n: Int) { me { messages(first: $n) { nodes { id } } } }", {"n": 101}),
        ("query ($n: Int) { me { messages(first: $n) { nodes { id } } } }", {"n": 101.0}),
        ("query ($n: Int = 101) { me { messages(first: $n) { nodes { id } } } }", None),
        ("{ me { ... { ...F } } } fragment F on Parent { messages(first: 101) { nodes { id } } }", None),
    ],
)
def test_a_page_beyond_the_limit_is_refused_by_the_name_of_its_argument(
    text: str, variables: dict[str, Any] | None
) -> None:
    code, message = refused(text, variables)
    assert code == "BAD_USER_INPUT"
    assert message.startswith("Argument 'first' of 'messages' is ")
    assert message.endswith("and a page has at most 100 items. Ask for the next page with its cursor.")


def test_a_page_of_exactly_the_limit_passes() -> None:
    assert items("{ me { messages(first: 100) { nodes { id } } } }") == 100


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("{ me { students {" + " buddy {" * 10 + " id" + " }" * 13, "12 depth: it has 13"),
        ("{ me {" + "".join(f" a{n}: name" for n in range(31)) + " } }", "30 aliases: it has 31"),
        ("{" + " me { id }" * 21 + " }", "20 root fields: it has 21"),
        (
            "{ me { id @skip(if: true) @skip(if: true) @skip(if: true) @skip(if: true) @skip(if: true) } }",
            "4 directives on one node: it has 5",
        ),
        ("{ me {" + " id @include(if: true)" * 21 + " } }", "20 directives: it has 21"),
        ("{ me { id } }" + "".join(f" fragment F{n} on Parent {{ id }}" for n in range(51)), "50 fragments: it has 51"),
        (
            "{ me { students { courses { assignments(first: 100) { nodes { title } } } } } }",
            "10,000 objects: it has 10,110",
        ),
        ("{ me {" + " id" * 1000 + " } }", "1,000 fields: it has 1,001"),
    ],
)
def test_each_limit_is_named_with_the_value_found_and_a_way_out(text: str, limit: str) -> None:
    code, message = refused(text)
    assert code == "COST_LIMIT_EXCEEDED"
    assert message.startswith(f"The operation passes the limit of {limit}. ")
    assert message.endswith(".")


def doubling(fragments: int, body: str = "name") -> str:
    """Each fragment spreads the next one twice."""
    chain = "".join(f"fragment F{n} on Parent {{ ...F{n + 1} ...F{n + 1} }} " for n in range(fragments - 1))
    return f"{{ me {{ ...F0 }} }} {chain} fragment F{fragments - 1} on Parent {{ {body} }}"


def test_doubling_fragments_cost_a_step_for_each_node_and_saturate() -> None:
    assert check(doubling(20), limits=Limits(fields=10**9)).steps == 2 + 19 * 2 + 1
    assert check(doubling(40), limits=Limits(fields=10**9)).steps == 2 + 39 * 2 + 1
    assert refused(doubling(20)) == (
        "COST_LIMIT_EXCEEDED",
        "The operation passes the limit of 1,000 fields: it has 524,289. "
        "Select fewer fields, or send several requests.",
    )
    assert "more than 1,000,000,000" in refused(doubling(50))[1]
    assert "30 aliases" in refused(doubling(20, "a: name"))[1]
    assert "20 directives" in refused(doubling(20, "name @skip(if: true)"))[1]


def test_a_cycle_through_lists_is_refused_by_its_objects_before_it_runs() -> None:
    circle = "{ me {" + " students { guardians {" * 3 + " id" + " }" * 8
    assert refused(circle)[1].startswith("The operation passes the limit of 10,000 objects: it has 1,111,110.")


def test_doubling_single_objects_are_refused_by_their_fields() -> None:
    text = "{ me { students { ...F0 } } } " + "".join(
        f"fragment F{n} on Student {{ a: buddy {{ ...F{n + 1} }} buddy {{ ...F{n + 1} }} }} " for n in range(9)
    )
    code, message = refused(text + "fragment F9 on Student { id }", limits=Limits(aliases=10**9))
    assert (code, "1,000 fields" in message) == ("COST_LIMIT_EXCEEDED", True)


def test_chained_fragments_and_deep_nesting_raise_no_recursion_error() -> None:
    chain = "{ me { ...F0 } } " + "".join(f"fragment F{n} on Parent {{ ...F{n + 1} }} " for n in range(400))
    assert "50 fragments" in refused(chain)[1]
    assert "selections in one another" in refused(chain, limits=Limits(fragments=1000))[1]
    nested = "{" + " ... {" * 190 + " me { id }" + " }" * 191
    assert "selections in one another" in refused(nested)[1]
    steep = "{ me { ...F0 } } " + "".join(
        f"fragment F{n} on Parent {{ {'... { ' * 90} ...F{n + 1} {'} ' * 90} }} " for n in range(45)
    )
    assert "selections in one another" in refused(steep)[1]


@pytest.mark.parametrize(
    "text",
    [
        "{ me { ...Nobody } }",
        "{ nothing(first: 3) { at { all } } }",
        "{ me { ...A } } fragment A on Parent { ...B } fragment B on Parent { ...A name }",
        "{ ...A } fragment A on Query { ...A }",
        "{ ... on Nowhere { id } ...A } fragment A on Nobody { id { id } }",
        "mutation { x }",
        "subscription { x }",
    ],
)
def test_what_validation_refuses_passes_here_without_harm(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "{ __schema { types {" + " fields { type {" * 4 + " name" + " }" * 11,
        "{ __schema { types { fields { type {" + " ofType {" * 20 + " name" + " }" * 25,
        "{ __schema {" + "".join(f" t{n}: {ARGUMENTS}" for n in range(7)) + " } }",
        "{" + "".join(f" s{n}: __schema {{ {ARGUMENTS} }}" for n in range(7)) + " }",
    ],
)
def test_introspection_that_goes_round_or_repeats_itself_is_refused(text: str) -> None:
    code, message = refused(text)
    assert (code, "introspection" in message) == ("COST_LIMIT_EXCEEDED", True)


@pytest.mark.parametrize(
    "text",
    [
        "{ greeting(name: " + "[" * 900 + "]" * 900 + ") }",
        "{ greeting(name: " + "{a:" * 400 + "1" + "}" * 400 + ") }",
        "query ($a: " + "[" * 900 + "String" + "]" * 900 + ") { greeting(name: $a) }",
        "{ greeting(name: " + "[" * 190 + "]" * 190 + ") }",
        "query ($a: " + "[" * 190 + "String" + "]" * 190 + ") { greeting(name: $a) }",
        "query ($a: String = " + "[" * 190 + "]" * 190 + ") { greeting(name: $a) }",
        "{" * 900 + "}" * 900,
        "{ items " + "{ ... " * 190 + "{ name }" + "}" * 191,
    ],
    ids=lambda text: text[:25],
)
def test_values_and_types_nested_in_one_another_are_refused_quietly(text: str) -> None:
    errors = Documents(small, LIMITS).prepare(GraphQLRequest(text, variables={"a": [[["x"]]]})).errors
    assert errors
    assert all((error.extensions or {})["code"] in REFUSED for error in errors)


def prepared_codes(documents: Documents, text: str, **members: Any) -> list[str]:
    """The codes with which a request is refused; none if it is ready to run."""
    errors = documents.prepare(GraphQLRequest(text, **members)).errors
    return [(error.extensions or {})["code"] for error in errors]


def test_a_document_is_bounded_before_it_is_parsed_and_while_it_is() -> None:
    documents = Documents(small, LIMITS)
    comments = "{ viewer }" + "#\n" * 8_200
    assert prepared_codes(documents, comments) == ["COST_LIMIT_EXCEEDED"]
    assert prepared_codes(documents, "{ viewer }" + "#\n" * 3_000) == ["COST_LIMIT_EXCEEDED"]
    assert prepared_codes(documents, "{" + " viewer" * 2_001 + "}") == ["COST_LIMIT_EXCEEDED"]
    assert prepared_codes(documents, "{ item" * 300) == ["GRAPHQL_PARSE_FAILED"]
    assert documents.validations == 0


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("{" + " viewer" * 21 + "}", {"COST_LIMIT_EXCEEDED"}),
        ("{ items {" + " name" * 999 + "} }", {"COST_LIMIT_EXCEEDED"}),
        ("{ items {" + " other { name }" * 300 + "} }", {"COST_LIMIT_EXCEEDED"}),
        ("{" + " nothing" * 19 + "}", {"GRAPHQL_VALIDATION_FAILED"}),
        ("{ items {" + "".join(f" n{n}" for n in range(900)) + "} }", {"GRAPHQL_VALIDATION_FAILED"}),
        ("{ items {" + " name @nothing" * 20 + "} }", {"GRAPHQL_VALIDATION_FAILED"}),
        ("{ viewer } " + " ".join(f"query Q{n} {{ viewer @a @b }}" for n in range(50)), {"BAD_USER_INPUT"}),
    ],
    ids=lambda text: str(text)[:40],
)
def test_hostile_documents_are_refused_with_few_errors(text: str, codes: set[str]) -> None:
    found = prepared_codes(Documents(small, LIMITS), text)
    assert set(found) == codes
    assert len(found) <= 6


def test_the_comparison_of_repeated_fields_has_a_small_budget() -> None:
    text = "{ items {" + " other { name }" * 300 + "} }"
    errors = Documents(small, LIMITS).prepare(GraphQLRequest(text)).errors
    assert [error.message for error in errors] == [
        "The document repeats fields too often to be compared. Write each field of a selection once."
    ]
    assert Documents(small, Limits(overlap_budget=10**9)).prepare(GraphQLRequest(text)).errors == ()


def test_a_valid_document_is_validated_once_and_its_page_variables_are_checked_each_time() -> None:
    documents = Documents(small, LIMITS)
    text = "query ($n: Int) { page(first: $n) { nodes { name } } }"
    for number in (1, 2, 100, 1):
        assert prepared_codes(documents, text, variables={"n": number}) == []
    assert prepared_codes(documents, text, variables={"n": 101}) == ["BAD_USER_INPUT"]
    assert prepared_codes(documents, text, variables={"n": "x"}) == ["BAD_USER_INPUT"]
    assert prepared_codes(documents, text, variables={"n": True}) == ["BAD_USER_INPUT"]
    assert documents.validations == 1
    assert len(documents) == 1


def test_a_second_operation_of_a_kept_document_is_measured_too() -> None:
    documents = Documents(small, LIMITS)
    text = "query A { viewer } query B { page(first: 101) { nodes { name } } }"
    assert prepared_codes(documents, text, operation_name="A") == []
    assert prepared_codes(documents, text, operation_name="B") == ["BAD_USER_INPUT"]


def test_kept_documents_are_bounded_by_count_and_by_bytes_and_refused_ones_are_not_kept() -> None:
    documents = Documents(small, LIMITS)
    for number in range(CACHED_DOCUMENTS + 5):
        documents.prepare(GraphQLRequest(f"query Q{number} {{ __typename }}"))
    assert len(documents) == CACHED_DOCUMENTS
    little = Documents(small, LIMITS, cached_bytes=100 * PARSED_PER_TEXT)
    for number in range(10):
        little.prepare(GraphQLRequest(f"query Q{number} {{ __typename greeting viewer }}"))
    assert len(little) == 2
    assert little.bytes == 2 * (len("query Q0 { __typename greeting viewer }") * PARSED_PER_TEXT + READY_BYTES)
    little.prepare(GraphQLRequest("{ nothing }"))
    little.prepare(GraphQLRequest("{"))
    assert len(little) == 2


def test_coerced_variables_are_ready_and_defaults_are_among_them() -> None:
    text = 'query Q($n: String = "Ana") { greeting(name: $n) }'
    prepared = Documents(small, LIMITS).prepare(GraphQLRequest(text))
    assert (prepared.variables, prepared.name) == ({"n": "Ana"}, "Q")
