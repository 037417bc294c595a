"""The committed SDL is the schema that is served, and tells a client developer what every name in it means."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLType,
    build_schema,
    get_named_type,
    is_specified_directive,
    is_specified_scalar_type,
)

from schema import api

COMMITTED = Path(api.__file__).with_name("schema.graphql")
RENEW = "schema.graphql is not what is served: run `homeroom schema > schema/schema.graphql`, and read the difference."

TYPE = re.compile(r"[A-Z][A-Za-z0-9]*")
FIELD = re.compile(r"[a-z][A-Za-z0-9]*")
VALUE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Named:
    """One name of the schema: where it stands, its description, its type where it has one, its form."""

    place: str
    name: str
    description: str | None
    form: re.Pattern[str]
    type: GraphQLType | None = None


SCHEMA = build_schema(COMMITTED.read_text("utf-8"))


def types() -> list[GraphQLNamedType]:
    """The types that are ours."""
    found = [type_ for name, type_ in SCHEMA.type_map.items() if not name.startswith("__")]
    return [type_ for type_ in found if not (isinstance(type_, GraphQLScalarType) and is_specified_scalar_type(type_))]


def names() -> Iterator[Named]:
    """Every name of the schema that is ours."""
    for type_ in types():
        yield Named(type_.name, type_.name, type_.description, TYPE)
        match type_:
            case GraphQLObjectType() | GraphQLInterfaceType():
                for name, field in type_.fields.items():
                    place = f"{type_.name}.{name}"
                    yield Named(place, name, field.description, FIELD, field.type)
                    for key, argument in field.args.items():
                        yield Named(f"{place}({key})", key, argument.description, FIELD, argument.type)
            case GraphQLInputObjectType():
                for name, part in type_.fields.items():
                    yield Named(f"{type_.name}.{name}", name, part.description, FIELD, part.type)
            case GraphQLEnumType():
                for name, value in type_.values.items():
                    yield Named(f"{type_.name}.{name}", name, value.description, VALUE)
    for directive in SCHEMA.directives:
        if not is_specified_directive(directive):
            yield Named(f"@{directive.name}", directive.name, directive.description, FIELD)
            for key, argument in directive.args.items():
                place = f"@{directive.name}({key})"
                yield Named(place, key, argument.description, FIELD, argument.type)


def fields() -> list[Named]:
    """The fields that answers hold."""
    outputs = {type_.name for type_ in types() if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)}
    return [named for named in names() if re.fullmatch(rf"({'|'.join(outputs)})\.\w+", named.place)]


def of_type(name: str) -> list[Named]:
    """The fields of answers whose type bears that name."""
    return [named for named in fields() if named.type is not None and get_named_type(named.type).name == name]


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    if COMMITTED.read_text("utf-8") != api.sdl():
        pytest.fail(RENEW, pytrace=False)


def test_the_committed_schema_is_read_whole() -> None:
    assert len(types()) > 50
    assert {"Query.student(id)", "AssignmentFilter.dueFrom", "ScoreFlag.LATE", "Node.id"} <= {n.place for n in names()}
    assert {named.place for named in of_type("Boolean")} >= {"Score.countsTowardGrade", "PageInfo.hasNextPage"}


def test_every_name_says_what_it_means() -> None:
    assert [named.place for named in names() if not (named.description or "").strip()] == []


def test_descriptions_are_sentences() -> None:
    ends = re.compile(r"[A-Z`\"].*[.`]", re.DOTALL)
    assert [named.place for named in names() if not ends.fullmatch(named.description or "")] == []


def test_every_scalar_of_ours_names_its_specification() -> None:
    scalars = [type_ for type_ in types() if isinstance(type_, GraphQLScalarType)]
    assert {scalar.name for scalar in scalars} >= {"Date", "DateTime", "Decimal", "EmailAddress"}
    assert [s.name for s in scalars if not (s.specified_by_url or "").startswith("https://")] == []


def test_names_have_the_form_of_their_kind() -> None:
    assert [named.place for named in names() if not named.form.fullmatch(named.name)] == []


def test_inputs_are_named_for_what_they_are() -> None:
    inputs = [type_.name for type_ in types() if isinstance(type_, GraphQLInputObjectType)]
    assert [name for name in inputs if not name.endswith(("Input", "Filter"))] == ["HypotheticalScore"]


def test_a_boolean_says_whether() -> None:
    assert [named.place for named in of_type("Boolean") if not str(named.description).startswith("Whether ")] == []


def test_an_instant_is_at_and_never_a_day() -> None:
    assert [named.place for named in of_type("DateTime") if not re.search(r"At$|^asOf$", named.name)] == []
    assert [named.place for named in of_type("Date") if named.name.endswith("At")] == []


def test_what_is_paged_is_a_connection_with_a_cursor() -> None:
    paged = 0
    for type_ in types():
        if isinstance(type_, GraphQLObjectType):
            for name, field in type_.fields.items():
                connection = get_named_type(field.type).name.endswith("Connection")
                assert ("first" in field.args, "after" in field.args) == (connection, connection) or (
                    type_.name == "Subscription" and "first" not in field.args
                ), f"{type_.name}.{name}"
                paged += connection
    assert paged >= 6


def test_lists_hold_no_holes_but_where_the_place_is_the_answer() -> None:
    holes = [named.place for named in names() if re.search(r"\w\]", str(named.type))]
    assert holes == ["Query.nodes"]


def test_whoever_has_an_id_that_can_be_fetched_is_a_node() -> None:
    nodes = {type_.name for type_ in SCHEMA.get_possible_types(SCHEMA.type_map["Node"])}  # type: ignore[arg-type]
    with_id = {n.place.removesuffix(".id") for n in fields() if n.name == "id" and str(n.type) == "ID!"}
    assert nodes <= with_id
    orders = {"AccessBlock", "AreaSwitch", "Eligibility", "LiftSuccess"}
    assert with_id - nodes == {
        "Node",
        "CalendarFeed",
        "DeadLetter",
        "Device",
        "Category",
        "Notification",
        "PreferenceImage",
        "RegistrationUpload",
        "Session",
        *orders,
    }
