"""How much a selection set asks for, measured in one memoised walk over a document that was only parsed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    Node,
    NullValueNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_interface_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql import SchemaMetaFieldDef as SCHEMA_FIELD
from graphql import TypeMetaFieldDef as TYPE_FIELD
from graphql import TypeNameMetaFieldDef as TYPENAME_FIELD

from gateway.execution.codes import BAD_USER_INPUT, COST_LIMIT_EXCEEDED, refusal

PLAIN_LIST = 10
#: Where a field's metadata says how many items its list has as a rule.
SIZE = "homeroom.size"
#: Where a field's metadata says that it is an order on an account, of which an operation holds one.
ACCOUNT_ORDER = "homeroom.account_order"
DEFAULT_PAGE = 20
ENOUGH = 10**9
NESTING = 100


@dataclass(frozen=True, slots=True)
class Measure:
    """What a selection set asks for, fragments spread; `paged` is what each item of an enclosing page would add."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    items: int = 0
    paged: int = 0
    introspection_depth: int = 0
    introspected: int = 0

    def __add__(self, other: "Measure") -> "Measure":
        return Measure(
            max(self.depth, other.depth),
            min(self.fields + other.fields, ENOUGH),
            min(self.aliases + other.aliases, ENOUGH),
            min(self.directives + other.directives, ENOUGH),
            min(self.items + other.items, ENOUGH),
            min(self.paged + other.paged, ENOUGH),
            max(self.introspection_depth, other.introspection_depth),
            min(self.introspected + other.introspected, ENOUGH),
        )


NOTHING = Measure()


def within(name: str, found: int, allowed: int, remedy: str) -> None:
    """Refuse a number above its limit, with both and the way out."""
    if found > allowed:
        shown = f"more than {ENOUGH:,}" if found >= ENOUGH else f"{found:,}"
        message = f"The operation passes the limit of {allowed:,} {name}: it has {shown}. {remedy}"
        raise refusal(message, COST_LIMIT_EXCEEDED)


def _saturated(number: int) -> int:
    return min(number, ENOUGH)


@dataclass(slots=True)
class Walk:
    """One pass over an operation: `of_selection` measures, and says beside it which variables were page sizes."""

    schema: GraphQLSchema
    page_size: int
    directives_per_node: int
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    defaults: Mapping[str, Any]
    known: dict[str, Measure] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    page_variables: set[str] = field(default_factory=set)
    steps: int = 0

    def of_selection(self, selections: SelectionSetNode, parent: GraphQLNamedType | None, level: int) -> Measure:
        if level > NESTING:
            raise refusal(
                f"The operation nests more than {NESTING} selections in one another. Nest less.", COST_LIMIT_EXCEEDED
            )
        total = NOTHING
        for node in selections.selections:
            self.steps += 1
            total += self.directives_of(node)
            if isinstance(node, FieldNode):
                total += self.of_field(node, parent, level)
            elif isinstance(node, InlineFragmentNode):
                on = node.type_condition
                inner = self.schema.get_type(on.name.value) if on else parent
                total += self.of_selection(node.selection_set, inner, level + 1)
            elif isinstance(node, FragmentSpreadNode):
                total += self.of_fragment(node.name.value, level)
        return total

    def of_fragment(self, name: str, level: int) -> Measure:
        if name in self.known:
            return self.known[name]
        definition = self.fragments.get(name)
        if definition is None or name in self.open:
            return NOTHING
        self.open.add(name)
        inner = self.schema.get_type(definition.type_condition.name.value)
        found = self.directives_of(definition) + self.of_selection(definition.selection_set, inner, level + 1)
        self.open.discard(name)
        self.known[name] = found
        return found

    def of_field(self, node: FieldNode, parent: GraphQLNamedType | None, level: int) -> Measure:
        definition = self.definition(parent, node.name.value)
        page = self.page(node, definition)
        inner = get_named_type(definition.type) if definition else None
        child = self.of_selection(node.selection_set, inner, level + 1) if node.selection_set else NOTHING
        a_list = definition is not None and _is_list(definition)
        own = Measure(1, 1, 1 if node.alias else 0)
        if (inner is not None and inner.name.startswith("__")) or (parent is not None and parent.name.startswith("__")):
            objects = (1 if node.selection_set else 0) + child.introspected
            times = PLAIN_LIST if a_list else 1
            return Measure(
                1,
                0,
                own.aliases + child.aliases,
                child.directives,
                introspection_depth=1 + child.introspection_depth,
                introspected=_saturated(objects * times),
            )
        items = paged = 0
        if a_list and inner is not None and is_composite_type(inner):
            each = 1 + child.items + child.paged * PLAIN_LIST
            usual = page if page is not None else _usual(definition)
            if usual is None:
                paged = each
            else:
                items = each * usual
        else:
            items = child.items + child.paged * (PLAIN_LIST if page is None else page)
        return Measure(
            1 + child.depth,
            _saturated(1 + child.fields),
            _saturated(own.aliases + child.aliases),
            child.directives,
            _saturated(items),
            _saturated(paged),
            child.introspection_depth,
            child.introspected,
        )

    def definition(self, parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
        if name == "__typename":
            return TYPENAME_FIELD
        if parent is self.schema.query_type and name in ("__schema", "__type"):
            return SCHEMA_FIELD if name == "__schema" else TYPE_FIELD
        if is_object_type(parent) or is_interface_type(parent):
            fields: dict[str, GraphQLField] = parent.fields
            return fields.get(name)
        return None

    def page(self, node: FieldNode, definition: GraphQLField | None) -> int | None:
        """Items that the field's `first` or `last` asks for; None where the field knows neither."""
        if definition is None or not ({"first", "last"} & definition.args.keys()):
            return None
        asked: int | None = None
        for argument in node.arguments or ():
            name = argument.name.value
            if name not in ("first", "last") or name not in definition.args:
                continue
            size = self.number(argument.value)
            if size is None:
                continue
            if size > self.page_size:
                message = (
                    f"Argument '{name}' of '{node.name.value}' is {size}, and a page has at most "
                    f"{self.page_size} items. Ask for the next page with its cursor."
                )
                raise refusal(message, BAD_USER_INPUT, argument)
            asked = size if asked is None else max(asked, size)
        if asked is None:
            first = definition.args.get("first")
            usual = first.default_value if first is not None else None
            asked = usual if isinstance(usual, int) else DEFAULT_PAGE
        return max(asked, 1)

    def number(self, value: Node) -> int | None:
        if isinstance(value, VariableNode):
            name = value.name.value
            self.page_variables.add(name)
            if name in self.variables:
                given = self.variables[name]
                if isinstance(given, bool) or not isinstance(given, int | float):
                    return None
                return int(given) if given == given and abs(given) < ENOUGH else ENOUGH
            default = self.defaults.get(name)
            return self.number(default) if default is not None and not isinstance(default, NullValueNode) else None
        if isinstance(value, IntValueNode):
            return int(value.value) if len(value.value) < 10 else ENOUGH
        return None

    def directives_of(self, node: Node) -> Measure:
        found = len(getattr(node, "directives", None) or ())
        if found > self.directives_per_node:
            within("directives on one node", found, self.directives_per_node, "Leave out what is not needed.")
        return Measure(directives=found) if found else NOTHING

    def root_fields(self, selections: SelectionSetNode, spread: set[str]) -> list[FieldNode]:
        found: list[FieldNode] = []
        for node in selections.selections:
            if isinstance(node, FieldNode):
                found.append(node)
            elif isinstance(node, InlineFragmentNode):
                found += self.root_fields(node.selection_set, spread)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                definition = self.fragments.get(node.name.value)
                if definition is not None:
                    found += self.root_fields(definition.selection_set, spread)
        return found

    def account_orders(self, root: GraphQLNamedType | None, fields: list[FieldNode]) -> list[FieldNode]:
        """Of these root fields those that are orders on an account."""
        return [node for node in fields if _word(self.definition(root, node.name.value), ACCOUNT_ORDER)]


def _usual(definition: GraphQLField | None) -> int | None:
    """How many items a list has as a rule, by its field's own word."""
    size: int | None = _word(definition, SIZE)
    return size


def _word(definition: GraphQLField | None, name: str) -> Any:
    """What a field's own metadata says under that name; None where it says nothing."""
    declared = definition.extensions.get("strawberry-definition") if definition else None
    return getattr(declared, "metadata", {}).get(name)


def _is_list(definition: GraphQLField) -> bool:
    kind = definition.type
    return is_list_type(kind.of_type if is_non_null_type(kind) else kind)
