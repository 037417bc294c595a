"""Documents drawn at random from a schema: nested, with fragments, aliases, conditions, arguments and real ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from zlib import crc32

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    OperationType,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    parse_value,
    value_from_ast_untyped,
)

#: What a parent is refused at the root: a document that asks for it would have no data at all.
NOT_FOR_PARENTS = frozenset({"staff"})

#: What is asked of the portal and its store, which are not there for most documents that are drawn.
IN_THE_STORE = {
    "Parent": frozenset(
        {
            "security",
            "sessions",
            "accessLog",
            "supportRequests",
            "changes",
            "calendarFeeds",
            "devices",
            "registrations",
            "notificationRules",
            "notificationSettings",
            "notifications",
            "unreadNotificationCount",
        }
    ),
    "Portal": frozenset({"portalRequest", "pushPublicKey"}),
    "Document": frozenset({"url", "firstViewedAt"}),
    "Registration": frozenset({"uploads", "receipts"}),
}

#: A variable that the request does not give.
UNGIVEN = object()


@dataclass
class Drawing:
    """One draw: the schema, chance, and texts to put into arguments, by argument or by scalar.

    A `wild` one also puts variables, with and without defaults, in any place that takes them, nulls where they may be,
    and selections of the same field side by side, to be merged.
    """

    schema: GraphQLSchema
    random: Random
    texts: Mapping[str, Sequence[str]]
    depth: int = 6
    wild: bool = False
    kind: OperationType = OperationType.QUERY
    budget: int = 10**9
    constant: bool = False
    fragments: list[str] = field(default_factory=list)
    variables: dict[str, tuple[str, Any]] = field(default_factory=dict)

    def document(self) -> tuple[str, dict[str, Any]]:
        """A document with one operation, and its variables."""
        root = self.schema.get_root_type(self.kind)
        assert root is not None
        body = self.event(root) if self.kind is OperationType.SUBSCRIPTION else self.selection(root, 0)
        head = ", ".join(f"${name}: {of}" for name, (of, _) in self.variables.items())
        text = f"{self.kind.value}{f' ({head})' if head else ''} {body} {' '.join(self.fragments)}"
        return text, {name: value for name, (_, value) in self.variables.items() if value is not UNGIVEN}

    def event(self, root: GraphQLObjectType) -> str:
        """The selection set of a subscription, which has one field."""
        name, each = self.random.choice(list(root.fields.items()))
        return "{ " + self.field(name, each, 0, conditional=False) + " }"

    def selection(self, of: Any, depth: int) -> str:
        """A selection set on a composite type; every response key of a field and its arguments is its own."""
        drawn: list[str] = []
        fields = [] if is_abstract_type(of) and not isinstance(of, GraphQLInterfaceType) else list(of.fields.items())
        if of is self.schema.query_type:
            fields = [(name, each) for name, each in fields if name not in NOT_FOR_PARENTS]
        fields = [(name, each) for name, each in fields if name not in IN_THE_STORE.get(of.name, ())]
        if depth >= self.depth or self.budget <= 0:
            fields = [(name, each) for name, each in fields if is_leaf_type(get_named_type(each.type))]
        self.random.shuffle(fields)
        most = self.random.randint(2, 5) if depth else self.random.randint(1, 2)
        most = min(most, max(1, self.budget))
        self.budget -= most
        drawn.extend(self.field(name, each, depth) for name, each in fields[:most])
        if self.wild and fields and self.random.random() < 0.25:
            name, each = self.random.choice(fields[:most])
            drawn.extend(self.field(name, each, depth) for _ in range(2))
        if is_abstract_type(of):
            possible_types = self.schema.get_possible_types(of)
            chosen = self.random.sample(possible_types, k=min(3, len(possible_types)))
            drawn.extend(f"... on {possible.name} {self.selection(possible, depth + 1)}" for possible in chosen)
        chance = self.random.random()
        if chance < 0.2 or not drawn:
            drawn.append("__typename" if chance < 0.1 else "is_a: __typename")
        elif chance < 0.3 and isinstance(of, GraphQLObjectType) and depth < self.depth:
            drawn.append(self.fragment(of, depth))
        elif chance < 0.35:
            drawn.append(f"... {self.condition()} {self.selection(of, self.depth)}")
        return "{ " + " ".join(drawn) + " }"

    def fragment(self, of: GraphQLObjectType, depth: int) -> str:
        """A spread of a fragment made for it."""
        body = self.selection(of, depth + 1)
        name = f"F{len(self.fragments)}"
        self.fragments.append(f"fragment {name} on {of.name} {body}")
        return f"...{name} ...{name}" if self.wild and self.random.random() < 0.3 else f"...{name}"

    def field(self, name: str, each: GraphQLField, depth: int, *, conditional: bool = True) -> str:
        """A field under a key that says which arguments it has, so that equal keys are equal fields."""
        given = {key: made for key, argument in each.args.items() if (made := self.argument(key, argument)) is not None}
        arguments = f"({', '.join(f'{key}: {made}' for key, made in given.items())})" if given else ""
        alias = f"{name}_{crc32(arguments.encode())}: " if arguments else self.random.choice(["", "", f"{name}_: "])
        inside = get_named_type(each.type)
        body = "" if is_leaf_type(inside) else " " + self.selection(inside, depth + 1)
        condition = f" {self.condition()}" if conditional and self.random.random() < 0.08 else ""
        return f"{alias}{name}{arguments}{condition}{body}"

    def condition(self) -> str:
        """A skip or include, constant or by a variable."""
        name = f"b{self.random.randint(0, 2)}"
        constant = self.random.random() < 0.4
        if not constant and self.wild:
            return f"@{self.random.choice(['skip', 'include'])}(if: {self.variable(GraphQLNonNull(GraphQLBoolean))})"
        if not constant:
            self.variables.setdefault(name, ("Boolean!", self.random.random() < 0.5))
        value = self.random.choice(["true", "false"]) if constant else f"${name}"
        return f"@{self.random.choice(['skip', 'include'])}(if: {value})"

    def argument(self, name: str, argument: Any) -> str | None:
        """An argument's value, or None to leave it out."""
        needed = isinstance(argument.type, GraphQLNonNull)
        if not needed and self.random.random() < 0.5:
            return None
        if self.wild:
            chance = self.random.random()
            if chance < 0.3 and not self.constant:
                return self.variable(argument.type, name)
            return "null" if chance < 0.35 and not needed else self.value(name, argument.type)
        value = self.value(name, argument.type)
        plain = isinstance(get_named_type(argument.type), GraphQLScalarType) and not isinstance(
            argument.type, GraphQLList
        )
        if plain and name == "first" and self.random.random() < 0.4:
            variable = f"v{len(self.variables)}"
            self.variables[variable] = ("Int", int(value))
            return f"${variable}"
        return value

    def variable(self, of: Any, name: str = "") -> str:
        """A variable of a type: given or not, with a default or without."""
        variable = f"v{len(self.variables)}"
        self.constant = True
        default = f" = {self.value(name, of)}" if self.random.random() < 0.3 else ""
        needed = isinstance(of, GraphQLNonNull) and not default
        value: Any = UNGIVEN
        if needed or self.random.random() < 0.6:
            value = value_from_ast_untyped(parse_value(self.value(name, of)))
        elif not isinstance(of, GraphQLNonNull) and self.random.random() < 0.3:
            value = None
        self.constant = False
        self.variables[variable] = (f"{of}{default}", value)
        return f"${variable}"

    def value(self, name: str, of: Any) -> str:
        """A literal of an input type."""
        if isinstance(of, GraphQLNonNull):
            return self.value(name, of.of_type)
        if isinstance(of, GraphQLList):
            return "[" + ", ".join(self.value(name, of.of_type) for _ in range(self.random.randint(0, 3))) + "]"
        if isinstance(of, GraphQLEnumType):
            return str(self.random.choice(list(of.values)))
        if isinstance(of, GraphQLInputObjectType):
            parts = [
                f"{key}: {made}" for key, each in of.fields.items() if (made := self.argument(key, each)) is not None
            ]
            return "{" + ", ".join(parts) + "}"
        return self.scalar(name, of.name)

    def scalar(self, name: str, of: str) -> str:
        """A literal of a scalar: a text that fits the argument, or any of the scalar."""
        if of == "Int":
            return str(self.random.choice([0, 1, 2, 3, 10, 100, 101] if self.random.random() < 0.1 else [1, 2, 3, 10]))
        if of == "Float":
            return self.random.choice(["1", "2.5", "-0.0"])
        if of == "Boolean":
            return self.random.choice(["true", "false"])
        if of == "Decimal":
            return f'"{self.random.choice(["0", "7.5", "80", "92.50"])}"'
        texts = self.texts.get(name) or self.texts.get(of) or ["x"]
        return f'"{self.random.choice(texts)}"' if self.random.random() < 0.95 else '"x"'


def draw(
    schema: GraphQLSchema,
    seed: int,
    texts: Mapping[str, Sequence[str]],
    *,
    depth: int = 6,
    wild: bool = False,
    kind: OperationType = OperationType.QUERY,
) -> tuple[str, dict[str, Any]]:
    """One document and its variables, the same for the same seed."""
    random = Random(seed)
    return Drawing(schema, random, texts, depth, wild, kind, random.randint(3, 40) if wild else 10**9).document()
