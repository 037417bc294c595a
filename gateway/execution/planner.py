"""Planning: an operation of a valid document made into a plan, or left to graphql-core."""

from collections.abc import Mapping
from typing import Any

import strawberry
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    type_from_ast,
)
from graphql.execution.values import get_argument_values
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from gateway.execution.batches import BATCH, EMBEDDED
from gateway.execution.plan import Embedded, Leaf, PageSelection, Plan, Planned, Relation, Selection, TypeName


class Unplanned(Exception):
    """The plan does not know something in the operation; graphql-core runs it whole. The message says what."""


def conditions_of(document: DocumentNode) -> tuple[str, ...]:
    """The variables that decide over skip and include anywhere in a document, each once, sorted."""
    found: set[str] = set()
    pending: list[Any] = list(document.definitions)
    while pending:
        node = pending.pop()
        for directive in getattr(node, "directives", None) or ():
            if directive.name.value in ("skip", "include"):
                for argument in directive.arguments:
                    if isinstance(argument.value, VariableNode):
                        found.add(argument.value.name.value)
        selections = getattr(node, "selection_set", None)
        if selections is not None:
            pending.extend(selections.selections)
    return tuple(sorted(found))


def plan_operation(
    schema: strawberry.Schema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    booleans: Mapping[str, bool],
) -> Plan:
    """The plan of an operation of a valid document; Unplanned where it holds something only graphql-core knows."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    planner = _Planner(schema, fragments, booleans)
    root = schema._schema.get_root_type(operation.operation)
    if root is None or operation.operation is OperationType.MUTATION:
        raise Unplanned("mutation")
    if operation.directives:
        raise Unplanned("directives of the operation")
    return Plan(planner.selection(root, [operation.selection_set]), operation, fragments, tuple(booleans))


class _Planner:
    def __init__(
        self, schema: strawberry.Schema, fragments: dict[str, FragmentDefinitionNode], booleans: Mapping[str, bool]
    ) -> None:
        self.schema = schema
        self.graphql = schema._schema
        self.fragments = fragments
        self.booleans = booleans

    def selection(self, of: GraphQLObjectType, sets: list[SelectionSetNode]) -> Selection:
        collected = self._collected(of, sets)
        return Selection(of, [self._planned(of, key, nodes) for key, nodes in collected.items()])

    def _collected(self, of: GraphQLObjectType, sets: list[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        collected: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for selections in sets:
            self._collect(of, selections, collected, visited)
        return collected

    def _collect(
        self, of: GraphQLObjectType, selections: SelectionSetNode, into: dict[str, list[FieldNode]], visited: set[str]
    ) -> None:
        for node in selections.selections:
            if not self._kept(node):
                continue
            if isinstance(node, FieldNode):
                into.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
                continue
            fragment: Any = node
            if isinstance(node, FragmentSpreadNode):
                if node.name.value in visited:
                    continue
                visited.add(node.name.value)
                fragment = self.fragments[node.name.value]
                if fragment.directives:
                    raise Unplanned("directives of a fragment")
            if fragment.type_condition is None or self._applies(fragment.type_condition, of):
                self._collect(of, fragment.selection_set, into, visited)

    def _kept(self, node: Any) -> bool:
        for directive in node.directives or ():
            name = directive.name.value
            if name not in ("skip", "include"):
                raise Unplanned(f"directive {name}")
            value = directive.arguments[0].value
            holds = self.booleans[value.name.value] if isinstance(value, VariableNode) else value.value
            if holds is (name == "skip"):
                return False
        return True

    def _applies(self, condition: Any, of: GraphQLObjectType) -> bool:
        named: Any = type_from_ast(self.graphql, condition)
        return named is of or (is_abstract_type(named) and self.graphql.is_sub_type(named, of))

    def _planned(self, of: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> Planned:
        name = nodes[0].name.value
        if name == "__typename":
            return TypeName(key)
        if name.startswith("__"):
            raise Unplanned("introspection")
        definition = of.fields[name]
        own: StrawberryField | None = definition.extensions.get("strawberry-definition")
        if own is None or own.extensions:
            raise Unplanned(f"{of.name}.{name}")
        if own.is_basic_field and is_leaf_type(get_named_type(definition.type)):
            return Leaf(key, own.python_name, definition.type)
        columns = own.metadata.get(EMBEDDED)
        if columns is not None:
            return self._embedded(key, nodes, definition, columns)
        return self._relation(of, key, nodes, definition, own)

    def _embedded(
        self, key: str, nodes: list[FieldNode], definition: GraphQLField, columns: Mapping[str, str]
    ) -> Embedded:
        of: Any = get_named_type(definition.type)
        selection = self.selection(of, _sets(nodes))
        if selection.relations or not isinstance(definition.type, GraphQLNonNull):
            raise Unplanned("an embedded object that is more than leaves")
        return Embedded(key, selection, columns)

    def _relation(
        self, of: GraphQLObjectType, key: str, nodes: list[FieldNode], definition: GraphQLField, own: StrawberryField
    ) -> Relation:
        bare: Any = definition.type
        non_null = isinstance(bare, GraphQLNonNull)
        if non_null:
            bare = bare.of_type
        many = isinstance(bare, GraphQLList)
        named: Any = get_named_type(bare)
        leaf = is_leaf_type(named)
        relation = Relation(
            key=key,
            name=nodes[0].name.value,
            type=definition.type,
            nodes=nodes,
            definition=definition,
            own=own,
            parent=of,
            many=many,
            non_null=non_null,
            leaf=leaf,
            batch=own.metadata.get(BATCH),
            arguments=None,
        )
        if not _has_variables(nodes[0]):
            relation.arguments = self.arguments(relation, {})
        if not leaf and relation.batch is not None and relation.batch.paged:
            relation.page = self._page(named, nodes)
        elif not leaf:
            possible = self.graphql.get_possible_types(named) if is_abstract_type(named) else [named]
            relation.children = {each.name: self.selection(each, _sets(nodes)) for each in possible}
        relation.settle()
        return relation

    def arguments(self, relation: Relation, variables: Any) -> dict[str, Any]:
        """The arguments of a field: as the batch resolver takes them, or as graphql-core gives them."""
        return arguments_of(self.schema, relation, variables)

    def _page(self, of: GraphQLObjectType, nodes: list[FieldNode]) -> PageSelection:
        """A connection's selection: its nodes and its edges' nodes over the same rows, and the rest of it."""
        page = PageSelection([], None, None, cursors=False)
        for key, fields in self._collected(of, _sets(nodes)).items():
            name = fields[0].name.value
            inside: Any = get_named_type(of.fields[name].type) if name != "__typename" else None
            if name == "nodes":
                if page.nodes is not None:
                    raise Unplanned("a connection's nodes under two names")
                page.nodes = self.selection(inside, _sets(fields))
                page.parts.append((key, "nodes", None))
            elif name == "edges":
                if any(part == "edges" for _, part, _ in page.parts):
                    raise Unplanned("a connection's edges under two names")
                page.parts.append((key, "edges", self._edges(inside, fields, page)))
            elif name == "pageInfo":
                info = self.selection(inside, _sets(fields))
                page.cursors = page.cursors or any(
                    isinstance(f, Leaf) and f.attribute.endswith("cursor") for f in info.fields
                )
                page.parts.append((key, "pageInfo", info))
            elif name in ("totalCount", "__typename"):
                page.parts.append((key, name, of.name))
            else:
                raise Unplanned(f"{of.name}.{name}")
        return page

    def _edges(self, of: GraphQLObjectType, nodes: list[FieldNode], page: PageSelection) -> list[tuple[str, str]]:
        parts: list[tuple[str, str]] = []
        for key, fields in self._collected(of, _sets(nodes)).items():
            name = fields[0].name.value
            if name == "node":
                if page.edge_nodes is not None:
                    raise Unplanned("an edge's node under two names")
                inside: Any = get_named_type(of.fields["node"].type)
                page.edge_nodes = self.selection(inside, _sets(fields))
            elif name == "cursor":
                page.cursors = True
            elif name != "__typename":
                raise Unplanned(f"{of.name}.{name}")
            parts.append((key, name))
        return parts


def arguments_of(schema: strawberry.Schema, relation: Relation, variables: Any) -> dict[str, Any]:
    """A field's arguments with the variables in place, made into Python's names and classes for batch resolvers."""
    given = get_argument_values(relation.definition, relation.nodes[0], variables)
    if relation.batch is None:
        return given
    converter = schema.schema_converter
    return convert_arguments(
        given, relation.own.arguments, scalar_registry=converter.scalar_registry, config=schema.config
    )


def _sets(nodes: list[FieldNode]) -> list[SelectionSetNode]:
    return [node.selection_set for node in nodes if node.selection_set is not None]


def _has_variables(node: FieldNode) -> bool:
    pending: list[Any] = [argument.value for argument in node.arguments or ()]
    while pending:
        value = pending.pop()
        if isinstance(value, VariableNode):
            return True
        pending.extend(getattr(value, "values", None) or ())
        pending.extend(item.value for item in getattr(value, "fields", None) or ())
    return False
