"""Documents drawn from the schema that a running gateway tells of itself, with ids that are really there."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import schemathesis
from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLInputObjectType,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NameNode,
    NullValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    Visitor,
    get_named_type,
    is_interface_type,
    is_object_type,
    parse,
    print_ast,
    visit,
)
from hypothesis import strategies as st
from schemathesis.graphql import nodes

from loaders.ids import node_id, read_node_id

#: The type whose ids an argument takes, by the argument's name; `id` and `ids` of the nodes take any.
TAKES = {
    "assignmentId": "Assignment",
    "categoryId": "Category",
    "termId": "Term",
    "courseId": "Course",
    "courseIds": "Course",
    "studentId": "Student",
    "studentIds": "Student",
}
SCALARS: dict[str, st.SearchStrategy[str]] = {
    "Date": st.dates().map(str),
    "DateTime": st.datetimes().map(lambda value: f"{value.isoformat()}Z"),
    "LocalTime": st.times().map(str),
    "Decimal": st.decimals(allow_nan=False, allow_infinity=False).map(str),
    "URL": st.from_regex(r"https://[a-z]{1,20}\.example/[a-z]{0,9}", fullmatch=True),
    "EmailAddress": st.from_regex(r"[a-z]{1,20}@[a-z]{1,20}\.example", fullmatch=True),
}
ODD_PARTS = ("0", "-1", "9" * 30, "", "'", "1 or 1=1", "\0", "NaN", "0001-01-01", "9999-12-31", "%", "é")
ODD_INSTANTS = (
    "",
    "0",
    "2026-11-23",
    "2026-11-23T00:00:00",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-14:00",
    "é",
)


@dataclass(frozen=True)
class Known:
    """What somebody was given: ids by their type, and cursors."""

    ids: Mapping[str, Sequence[str]]
    cursors: Sequence[str]

    def without(self, other: "Known") -> "Known":
        """What the other was not given."""
        left = {name: [i for i in ids if i not in other.ids.get(name, ())] for name, ids in self.ids.items()}
        return Known({name: ids for name, ids in left.items() if ids}, self.cursors)


def texts(value: Any) -> Iterator[str]:
    """Every text in an answer, wherever it stands."""
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(item)


def known_from(answers: Sequence[Any]) -> Known:
    """The ids and cursors in some answers, in the order of their text."""
    ids: dict[str, list[str]] = {}
    cursors: set[str] = set()

    def look(value: Any) -> None:
        for name, item in value.items() if isinstance(value, dict) else ():
            if name in ("cursor", "endCursor", "startCursor") and item is not None:
                cursors.add(item)
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            look(item)

    for answer in answers:
        look(answer)
        for text in texts(answer):
            read = read_node_id(text)
            if read is not None and read[0].isalpha() and text not in cursors:
                ids.setdefault(read[0], []).append(text)
    return Known({name: sorted(set(found)) for name, found in sorted(ids.items())}, sorted(cursors))


def register_scalars() -> None:
    """Tell schemathesis how our own scalars are written."""
    for name, strategy in SCALARS.items():
        schemathesis.graphql.scalar(name, strategy.map(nodes.String))


@st.composite
def with_real_values(draw: st.DrawFn, operations: Any, name: str, own: Known, foreign: Known) -> str:
    """A drawn document of a query, deepened by another, that asks for the id of every node, mostly by real values."""
    schema = operations.client_schema
    info = TypeInfo(schema)
    document = parse(draw(operations["Query"][name].as_strategy()).body)
    grafts = _fragments(parse(draw(operations["Query"]["node"].as_strategy()).body))
    document = visit(document, TypeInfoVisitor(info, _Deepen(info, grafts)))
    return print_ast(visit(document, TypeInfoVisitor(info, _Refit(draw, info, own, foreign))))


def _fragments(document: DocumentNode) -> dict[str, SelectionSetNode]:
    """What a document of `node` selects of each type."""
    found: dict[str, SelectionSetNode] = {}

    class Collect(Visitor):
        def enter_inline_fragment(self, node: InlineFragmentNode, *_: Any) -> None:
            if node.type_condition is not None:
                found.setdefault(node.type_condition.name.value, node.selection_set)

    visit(document, Collect())
    return found


@st.composite
def ids(draw: st.DrawFn, type_name: str | None, own: Known, foreign: Known) -> str:
    """An id of a type (None: of any): mostly one's own, else another family's, a forged one or one of another type."""
    kind = draw(st.sampled_from(["own"] * 9 + ["foreign"] * 3 + ["forged"] * 2 + ["other type"]))
    known = foreign if kind == "foreign" else own
    name = type_name
    if name is None or name not in known.ids or kind == "other type":
        name = draw(st.sampled_from(sorted(known.ids)))
    text = draw(st.sampled_from(known.ids[name]))
    return draw(_forged(text, foreign)) if kind == "forged" else text


def forged_cursors(own: Known) -> Iterator[str]:
    """A real cursor of each connection, with each of its values in turn made odd."""
    shapes = {len(values): values for values in (json.loads(urlsafe_b64decode(f"{c}===")) for c in own.cursors)}
    for values in shapes.values():
        for place in range(len(values)):
            for odd in ODD_INSTANTS if "T" in values[place] else ODD_PARTS:
                forged = json.dumps([*values[:place], odd, *values[place + 1 :]])
                yield urlsafe_b64encode(forged.encode()).decode().rstrip("=")


@st.composite
def _forged(draw: st.DrawFn, text: str, foreign: Known) -> str:
    """A text that is no id any more, or one that joins one's own keys with others'."""
    read = read_node_id(text)
    assert read is not None
    name, parts = read
    if draw(st.booleans()):
        return draw(
            st.sampled_from([text[:-1], text + "=", text + "A", text.lower(), text * 2, f" {text}", text[::-1]])
        )
    others = [found[1] for i in foreign.ids.get(name, ()) if (found := read_node_id(i)) is not None]
    place = draw(st.integers(0, len(parts) - 1))
    part = draw(st.sampled_from([*ODD_PARTS, *(other[place] for other in others)]))
    return node_id(name, *parts[:place], part, *parts[place + 1 :])


class _Deepen(Visitor):
    """Adds to each selection of an object what the grafts select of its type, the id, and a parent's students."""

    def __init__(self, info: TypeInfo, grafts: Mapping[str, SelectionSetNode]) -> None:
        super().__init__()
        self._info = info
        self._grafts = grafts

    def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> SelectionSetNode | None:
        parent = self._info.get_parent_type()
        if not (is_object_type(parent) or is_interface_type(parent)) or "id" not in parent.fields:
            return None
        added: list[SelectionNode] = [_field("id")]
        if parent.name == "Parent":
            students = self._grafts.get("Student")
            added.append(_field("students", _field("id"), *(students.selections if students else ())))
        if parent.name in self._grafts:
            added += self._grafts[parent.name].selections
        chosen = {_response_name(s): s for s in (*added, *node.selections)}
        return SelectionSetNode(selections=tuple(chosen.values()))


class _Refit(Visitor):
    """Puts real values where a drawn document has made-up ones."""

    def __init__(self, draw: st.DrawFn, info: TypeInfo, own: Known, foreign: Known) -> None:
        super().__init__()
        self._draw: Callable[[Any], Any] = draw
        self._info = info
        self._own = own
        self._foreign = foreign

    def leave_argument(self, node: ArgumentNode, *_: Any) -> ArgumentNode | None:
        argument = self._info.get_argument()
        if argument is None:
            return None
        name = node.name.value
        takes = TAKES.get(name)
        if takes is None and self._info.get_field_def() is not None and (field := self._info.get_field_def()):
            takes = "Student" if get_named_type(field.type).name == "Student" else None
        return ArgumentNode(name=node.name, value=self._fit(node.value, argument.type, name, takes))

    def _fit(self, value: ValueNode, of: Any, name: str, takes: str | None) -> ValueNode:
        named = get_named_type(of)
        if isinstance(value, ListValueNode):
            inner = [self._fit(item, named, name, takes) for item in value.values]
            return ListValueNode(values=tuple(inner))
        if isinstance(value, ObjectValueNode) and isinstance(named, GraphQLInputObjectType):
            fields = [
                ObjectFieldNode(
                    name=f.name,
                    value=self._fit(f.value, named.fields[f.name.value].type, f.name.value, TAKES.get(f.name.value)),
                )
                for f in value.fields
            ]
            return ObjectValueNode(fields=tuple(fields))
        if named.name == "ID" and isinstance(value, StringValueNode | IntValueNode):
            return StringValueNode(value=self._draw(ids(takes, self._own, self._foreign)), block=False)
        if name == "first":
            size = self._draw(st.sampled_from([None, 1, 2, 3, 5, 20, 100, 0, -1, 101]))
            return NullValueNode() if size is None else IntValueNode(value=str(size))
        if name == "after" and isinstance(value, StringValueNode):
            cursor = self._draw(st.sampled_from([None, None, None, value.value, *self._own.cursors]))
            return NullValueNode() if cursor is None else StringValueNode(value=cursor, block=False)
        return value


def _field(name: str, *inner: SelectionNode) -> FieldNode:
    selected = SelectionSetNode(selections=inner) if inner else None
    return FieldNode(name=NameNode(value=name), arguments=(), directives=(), selection_set=selected)


def _response_name(node: SelectionNode) -> object:
    """What a selection is called in the answer; a fragment is like no other."""
    if isinstance(node, FieldNode):
        return node.alias.value if node.alias else node.name.value
    return id(node)
