"""The error codes that the edge itself gives; the API's list is longer, and the rest come from refusals further in."""

from graphql import GraphQLError, Node

GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
BAD_USER_INPUT = "BAD_USER_INPUT"
COST_LIMIT_EXCEEDED = "COST_LIMIT_EXCEEDED"
FORBIDDEN = "FORBIDDEN"
INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"
OVERLOADED = "OVERLOADED"
PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
RATE_LIMITED = "RATE_LIMITED"
SOURCE_UNAVAILABLE = "SOURCE_UNAVAILABLE"
TIMEOUT = "TIMEOUT"


def refusal(message: str, code: str, nodes: Node | None = None) -> GraphQLError:
    """An error that the edge gives on purpose: its message is public, and it carries one of the API's codes."""
    return GraphQLError(message, nodes, extensions={"code": code})
