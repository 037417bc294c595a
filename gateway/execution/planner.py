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
from graphql.pyutils import Path
from strawberry.types.field import StrawberryField

from gateway.execution.arguments import arguments_of, has_variables
from gateway.execution.batches import BATCH, EMBEDDED
from gateway.execution.loads import share
from gateway.execution.plan import (
    Embedded,
    Lane,
    Leaf,
    PageSelection,
    Part,
    Plan,
    Planned,
    Relation,
    Selection,
    TypeName,
)
from gateway.execution.told import mark_told

#: Interfaces within interfaces multiply: each field is planned for each type that an object may have.
MOST_FIELDS = 20_000


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
    if operation.directives:
        raise Unplanned("directives of the operation")
    root = schema._schema.get_root_type(operation.operation)
    if root is None:
        raise Unplanned("an operation without its root type")
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    planner = _Planner(schema, fragments, booleans)
    selection = planner.selection(root, [operation.selection_set], None)
    share(planner.relations)
    plain = operation.operation is OperationType.QUERY
    if plain:
        mark_told(selection)
        plain = all(relation.lane in (Lane.BATCH, Lane.ATTRIBUTE) for _, relation in planner.relations)
    serial = operation.operation is OperationType.MUTATION
    return Plan(selection, operation, fragments, serial, planner.fields, plain)


class _Planner:
    def __init__(
        self, schema: strawberry.Schema, fragments: dict[str, FragmentDefinitionNode], booleans: Mapping[str, bool]
    ) -> None:
        self.schema = schema
        self.graphql = schema._schema
        self.fragments = fragments
        self.booleans = booleans
        self.relations: list[tuple[int, Relation]] = []
        self.fields = 0

    def selection(
        self, of: GraphQLObjectType, sets: list[SelectionSetNode], path: Path | None, depth: int = 0
    ) -> Selection:
        collected = self._collected(of, sets)
        return Selection(of, [self._planned(of, key, nodes, path, depth) for key, nodes in collected.items()])

    def _collected(self, of: GraphQLObjectType, sets: list[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        collected: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for selections in sets:
            self._collect(of, selections, collected, visited)
        self.fields += len(collected)
        if self.fields > MOST_FIELDS:
            raise Unplanned("an operation of too many fields and types")
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

    def _planned(
        self, of: GraphQLObjectType, key: str, nodes: list[FieldNode], path: Path | None, depth: int
    ) -> Planned:
        name = nodes[0].name.value
        if name == "__typename":
            return TypeName(key)
        if name.startswith("__"):
            raise Unplanned("introspection")
        definition = of.fields[name]
        own: StrawberryField | None = definition.extensions.get("strawberry-definition")
        lane = self._lane(definition, own)
        if own is not None and lane is Lane.ATTRIBUTE and is_leaf_type(get_named_type(definition.type)):
            return Leaf(key, name, own.python_name, definition.type, nodes)
        here = Path(path, key, of.name)
        if own is not None and lane is Lane.DIRECT and EMBEDDED in own.metadata:
            made = self._embedded(key, nodes, definition, own.metadata[EMBEDDED], here, depth)
            if made is not None:
                return made
        return self._relation(of, key, nodes, definition, own, lane, here, depth)

    def _lane(self, definition: GraphQLField, own: StrawberryField | None) -> Lane:
        usual = own is not None and not own.extensions and not own.is_subscription
        if own is None or not usual or self.schema.schema_converter._get_field_exception_handlers(own):
            return Lane.SLOW
        if own.base_resolver is None:
            untouched = self.schema.config.default_resolver is getattr and type(own) is StrawberryField
            return Lane.ATTRIBUTE if untouched else Lane.SLOW
        if BATCH in own.metadata:
            return Lane.BATCH
        return Lane.DIRECT if type(own) is StrawberryField else Lane.SLOW

    def _embedded(
        self,
        key: str,
        nodes: list[FieldNode],
        definition: GraphQLField,
        columns: Mapping[str, str],
        path: Path,
        depth: int,
    ) -> Embedded | None:
        """The embedded object, where it is leaves and nothing else; else its resolver makes it."""
        of: Any = get_named_type(definition.type)
        known = len(self.relations)
        selection = self.selection(of, _sets(nodes), path, depth)
        if selection.relations or not isinstance(definition.type, GraphQLNonNull):
            del self.relations[known:]
            return None
        return Embedded(key, nodes[0].name.value, definition.type, nodes, selection, columns)

    def _relation(
        self,
        of: GraphQLObjectType,
        key: str,
        nodes: list[FieldNode],
        definition: GraphQLField,
        own: StrawberryField | None,
        lane: Lane,
        path: Path,
        depth: int,
    ) -> Relation:
        bare: Any = definition.type
        non_null = isinstance(bare, GraphQLNonNull)
        if non_null:
            bare = bare.of_type
        named: Any = get_named_type(bare)
        relation = Relation(
            key=key,
            name=nodes[0].name.value,
            type=definition.type,
            nodes=nodes,
            definition=definition,
            own=own,
            parent=of,
            path=path,
            lane=lane,
            many=isinstance(bare, GraphQLList),
            non_null=non_null,
            leaf=is_leaf_type(named),
            batch=own.metadata[BATCH] if own is not None and lane is Lane.BATCH else None,
        )
        self.relations.append((depth, relation))
        if lane is Lane.BATCH and not has_variables(nodes[0]):
            try:
                relation.arguments = arguments_of(self.schema, relation, None)
            except Exception:  # told anew, in its place, whenever the operation runs
                relation.arguments = None
        if relation.batch is not None and relation.batch.paged:
            relation.page = self._page(named, nodes, path, depth)
        elif not relation.leaf:
            possible = self.graphql.get_possible_types(named) if is_abstract_type(named) else [named]
            relation.children = {each.name: self.selection(each, _sets(nodes), path, depth + 1) for each in possible}
        relation.settle()
        return relation

    def _page(self, of: GraphQLObjectType, nodes: list[FieldNode], path: Path, depth: int) -> PageSelection:
        row: Any = get_named_type(of.fields["nodes"].type)
        page = PageSelection(of, Selection(row, []))
        for key, fields in self._collected(of, _sets(nodes)).items():
            name = fields[0].name.value
            if name not in ("nodes", "edges", "pageInfo", "totalCount", "__typename"):
                raise Unplanned(f"{of.name}.{name}")
            part = Part(key, name, of.fields[name].type if name != "__typename" else None, fields)
            page.parts.append(part)
            page.rows = page.rows or name in ("nodes", "edges", "pageInfo")
            page.counted = page.counted or name == "totalCount"
            here = Path(path, key, of.name)
            if name == "nodes":
                part.detail = self.selection(row, _sets(fields), here, depth + 1)
                page.carriers.append(part)
            elif name == "edges":
                part.detail = self._edges(get_named_type(part.type), fields, page, here, depth)
            elif name == "pageInfo":
                info: Any = get_named_type(part.type)
                part.detail = self.selection(info, _sets(fields), here, depth)
                page.cursors = page.cursors or any(
                    isinstance(f, Leaf) and f.attribute.endswith("cursor") for f in part.detail.fields
                )
        return page

    def _edges(self, of: Any, nodes: list[FieldNode], page: PageSelection, path: Path, depth: int) -> list[Part]:
        parts: list[Part] = []
        for key, fields in self._collected(of, _sets(nodes)).items():
            name = fields[0].name.value
            if name not in ("node", "cursor", "__typename"):
                raise Unplanned(f"{of.name}.{name}")
            part = Part(key, name, of.fields[name].type if name != "__typename" else None, fields)
            parts.append(part)
            page.cursors = page.cursors or name == "cursor"
            if name == "node":
                inside: Any = get_named_type(part.type)
                part.detail = self.selection(inside, _sets(fields), Path(path, key, of.name), depth + 1)
                page.carriers.append(part)
        return parts


def _sets(nodes: list[FieldNode]) -> list[SelectionSetNode]:
    return [node.selection_set for node in nodes if node.selection_set is not None]
