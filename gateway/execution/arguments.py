"""Arguments: with the variables in place, as graphql-core gives them and as Python's functions take them."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import strawberry
from graphql import FieldNode, VariableNode, print_ast
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.types.arguments import convert_arguments

from gateway.execution.plan import Lane, Relation


def arguments_of(
    schema: strawberry.Schema, relation: Relation, variables: VariableValues | None, info: Any = None
) -> dict[str, Any]:
    """A field's arguments as its lane takes them: for the slow one the wire's names, else Python's, and its classes.

    Raises what graphql-core would, where an argument cannot be what it says.
    """
    if not relation.definition.args:
        return {}
    given = get_argument_values(relation.definition, relation.nodes[0], variables, None, True)
    if relation.lane is Lane.SLOW or relation.own is None:
        return given
    registry = schema.schema_converter.scalar_registry
    return convert_arguments(given, relation.own.arguments, scalar_registry=registry, config=schema.config, info=info)


def has_variables(node: FieldNode) -> bool:
    """Whether any argument of a field is, or holds, a variable."""
    pending: list[Any] = [argument.value for argument in node.arguments or ()]
    while pending:
        value = pending.pop()
        if isinstance(value, VariableNode):
            return True
        pending.extend(getattr(value, "values", None) or ())
        pending.extend(item.value for item in getattr(value, "fields", None) or ())
    return False


def spelled(node: FieldNode) -> str:
    """A field's arguments as the document spells them: equal texts in one operation are equal arguments."""
    return ", ".join(sorted(print_ast(argument) for argument in node.arguments or ()))


def frozen(value: Any) -> Any:
    """A value as something to compare and hash; equal only for values that no resolver could tell apart."""
    if isinstance(value, Mapping):
        return dict, tuple(sorted((name, frozen(item)) for name, item in value.items()))
    if isinstance(value, list | tuple):
        return list, tuple([frozen(item) for item in value])
    if is_dataclass(value) and not isinstance(value, type):
        return type(value), tuple([frozen(getattr(value, field.name, None)) for field in fields(value)])
    if isinstance(value, float):
        return float, repr(value)
    if type(value).__hash__ is None:
        return type(value), id(value)
    return type(value), value
