"""Whether an answer agrees with its document and the schema: names, order, lists, nulls, leaves, and errors' places."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    is_abstract_type,
    is_leaf_type,
)
from graphql.utilities import value_from_ast_untyped

FORMS = {
    "Date": re.compile(r"\d{4}-\d\d-\d\d"),
    "DateTime": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"),
    "LocalTime": re.compile(r"\d\d:\d\d(:\d\d(\.\d+)?)?"),
    "Decimal": re.compile(r"-?\d+(\.\d+)?"),
    "EmailAddress": re.compile(r"[^@\s]+@[^@\s]+"),
    "URL": re.compile(r"https?://\S+"),
    "ID": re.compile(r".+", re.DOTALL),
    "String": re.compile(r".*", re.DOTALL),
}

Path = tuple[str | int, ...]


class Disagreement(AssertionError):
    """An answer that is not what its document and the schema say; the message names the place."""


def agree(schema: GraphQLSchema, document: DocumentNode, data: Any, variables: Mapping[str, Any] | None = None) -> None:
    """Raise Disagreement where the data of a document's only operation is not as it must be.

    A null at the root is always possible; the types of introspection are not looked into.
    """
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    (operation,) = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    root = schema.get_root_type(operation.operation)
    assert root is not None
    if data is not None:
        _object(_Asked(schema, fragments, variables or {}), root, [operation.selection_set], data, ("data",))


def errors_point_at_nulls(data: Any, errors: Sequence[Mapping[str, Any]]) -> None:
    """Raise Disagreement where an error of an executed operation has no path, or one that leads to no null."""
    for error in errors:
        if not error.get("path"):
            raise Disagreement(f"{error.get('message')!r} has no path")
        place = data
        for step in error["path"]:
            if place is None:
                break
            known = isinstance(place, dict) if isinstance(step, str) else isinstance(place, list)
            if not known or (step not in place if isinstance(step, str) else step >= len(place)):
                raise Disagreement(f"{error['path']}: {step!r} is not in the answer")
            place = place[step]
        if place is not None:
            raise Disagreement(f"{error['path']}: {place!r}, where an error says that there is nothing")


@dataclass(frozen=True)
class _Asked:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]


def _object(asked: _Asked, of: GraphQLObjectType, sets: Sequence[SelectionSetNode], value: Any, path: Path) -> None:
    if not isinstance(value, dict):
        raise Disagreement(f"{path}: {value!r} is no object")
    fields: dict[str, list[FieldNode]] = {}
    for selections in sets:
        _collect(asked, of, selections, fields)
    if list(value) != list(fields):
        raise Disagreement(f"{path}: {list(value)} were answered, and {list(fields)} asked")
    for key, nodes in fields.items():
        name = nodes[0].name.value
        if name == "__typename":
            if value[key] != of.name:
                raise Disagreement(f"{path}: {value[key]!r} is no {of.name}")
        elif not name.startswith("__"):
            _value(asked, of.fields[name].type, nodes, value[key], (*path, key))


def _collect(
    asked: _Asked, of: GraphQLObjectType, selections: SelectionSetNode, into: dict[str, list[FieldNode]]
) -> None:
    for selection in selections.selections:
        if not _included(asked, selection.directives or ()):
            continue
        if isinstance(selection, FieldNode):
            key = selection.alias.value if selection.alias else selection.name.value
            into.setdefault(key, []).append(selection)
            continue
        fragment: Any = selection
        if isinstance(selection, FragmentSpreadNode):
            fragment = asked.fragments[selection.name.value]
        condition = fragment.type_condition
        if condition is None or _applies(asked.schema, condition.name.value, of):
            _collect(asked, of, fragment.selection_set, into)


def _included(asked: _Asked, directives: Sequence[DirectiveNode]) -> bool:
    for directive in directives:
        wanted = {"skip": False, "include": True}.get(directive.name.value)
        given = directive.arguments[0].value if directive.arguments else None
        if wanted is None or given is None:
            continue
        if value_from_ast_untyped(given, dict(asked.variables)) is not wanted:
            return False
    return True


def _applies(schema: GraphQLSchema, name: str, of: GraphQLObjectType) -> bool:
    named = schema.type_map[name]
    return named is of or (is_abstract_type(named) and schema.is_sub_type(named, of))


def _value(asked: _Asked, of: Any, nodes: Sequence[FieldNode], value: Any, path: Path) -> None:
    if isinstance(of, GraphQLNonNull):
        if value is None:
            raise Disagreement(f"{path}: null, where the schema has none")
        of = of.of_type
    if value is None:
        return
    if isinstance(of, GraphQLList):
        if not isinstance(value, list):
            raise Disagreement(f"{path}: {value!r} is no list")
        for index, item in enumerate(value):
            _value(asked, of.of_type, nodes, item, (*path, index))
    elif is_leaf_type(of):
        if not _is_leaf(of, value):
            raise Disagreement(f"{path}: {value!r} is no {of.name}")
    else:
        sets = [node.selection_set for node in nodes if node.selection_set]
        _composite(asked, of, sets, value, path)


def _composite(asked: _Asked, of: Any, sets: Sequence[SelectionSetNode], value: Any, path: Path) -> None:
    """An object of one type, or of any that the abstract type can be; what no type fits is told of the first."""
    possible = [of] if isinstance(of, GraphQLObjectType) else asked.schema.get_possible_types(of)
    told: list[Disagreement] = []
    for one in possible:
        try:
            _object(asked, one, sets, value, path)
        except Disagreement as disagreement:
            told.append(disagreement)
        else:
            return
    raise told[0]


def _is_leaf(of: Any, value: Any) -> bool:
    if isinstance(of, GraphQLEnumType):
        return isinstance(value, str) and value in of.values
    if of.name == "Boolean":
        return isinstance(value, bool)
    if of.name == "Int":
        return isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31
    if of.name == "Float":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str) and FORMS[of.name].fullmatch(value) is not None
