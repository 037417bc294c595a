"""The document guard: how much one operation may ask for, measured in one walk before validation.

The walk visits each fragment once, however often it is spread, so its work follows the document's length and never
the size of what the document would expand to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode

from gateway.execution.codes import BAD_USER_INPUT, refusal
from gateway.execution.measure import PLAIN_LIST, Measure, Walk, within


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost, and how long it may take; bytes, counts and seconds.

    `node_budget` bounds the items of lists: `first` where the field has it, else what the field says is usual, else
    ten, multiplied down the tree; single objects ride on their parent. `fields` counts what is selected once
    fragments are spread. Introspection is measured apart, so that the usual tools pass and its cycles do not.
    """

    body_bytes: int = 65_536
    document_bytes: int = 16_384
    tokens: int = 2_000
    depth: int = 12
    aliases: int = 30
    root_fields: int = 20
    directives: int = 20
    directives_per_node: int = 4
    fragments: int = 50
    fields: int = 1_000
    page_size: int = 100
    node_budget: int = 10_000
    introspection_depth: int = 20
    introspection_budget: int = 20_000
    overlap_budget: int = 20_000
    errors: int = 20
    deadline: float = 10.0
    receipt: float = 10.0


@dataclass(frozen=True, slots=True)
class Checked:
    """A document that passed: its measure, the variables that decided page sizes, and the nodes the walk visited."""

    measure: Measure
    page_variables: frozenset[str]
    steps: int


def check_document(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    schema: GraphQLSchema,
    limits: Limits,
) -> Checked:
    """The operation's measure; GraphQLError naming the first limit that it passes, the value found and the way out.

    Runs on documents that were parsed and nothing more: unknown fields and fragments and cycles count for nothing
    here, since validation refuses them.
    """
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    within("fragments", len(fragments), limits.fragments, "Send one document for each screen.")
    walk = Walk(schema, limits.page_size, limits.directives_per_node, fragments, variables, _defaults(operation))
    root = schema.get_root_type(operation.operation)
    measured = walk.directives_of(operation)
    for definition in operation.variable_definitions or ():
        measured += walk.directives_of(definition)
    measured += walk.of_selection(operation.selection_set, root, 1)
    roots = walk.root_fields(operation.selection_set, set())
    within("root fields", len(roots), limits.root_fields, "Send several requests.")
    # Aliases must not multiply guesses: refused here, before the first of them has run.
    if len(orders := walk.account_orders(root, roots)) > 1:
        raise refusal(
            "An operation holds one order on an account at the most: send the next by itself.",
            BAD_USER_INPUT,
            orders[1],
        )
    within("depth", measured.depth, limits.depth, "Ask for the deeper objects by their id.")
    within("aliases", measured.aliases, limits.aliases, "Send several requests, or ask for a list.")
    within("directives", measured.directives, limits.directives, "Leave out what is not needed.")
    within("fields", measured.fields, limits.fields, "Select fewer fields, or send several requests.")
    items = measured.items + measured.paged * PLAIN_LIST
    within("objects", items, limits.node_budget, "Ask for smaller pages with `first`, or for fewer lists.")
    within("introspection depth", measured.introspection_depth, limits.introspection_depth, "Ask for less at once.")
    within("introspection", measured.introspected, limits.introspection_budget, "Read the published schema instead.")
    return Checked(measured, frozenset(walk.page_variables), walk.steps)


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    return {d.variable.name.value: d.default_value for d in operation.variable_definitions or ()}
