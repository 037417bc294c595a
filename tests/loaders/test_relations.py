"""Statements over relations become each engine's own SQL, values always bound."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from loaders.adapter import load_adapter
from loaders.contract import ESSENTIAL, RELATIONS, AttendanceStatus, Column, Kind
from loaders.dialect import Dialect, bind, bind_set
from loaders.errors import RelationIncomplete, ValueInvalid
from loaders.parsing import parser
from loaders.relations import Relations
from loaders.statement import Computed, Order, Shape, Statement, Template, behind, counted, derived

TODAY = date(2026, 11, 23)
ZONE = ZoneInfo("America/New_York")

STUDENT = Shape(
    {"key": "student.id", "given": "student.given_name", "born": "student.birth_date"},
    {"label": derived(lambda given, key: f"{given} {key}", "given", "key")},
)
STATEMENT = Statement(
    STUDENT,
    "from {student} as student where student.id in :ids and student.given_name <> :name",
    {"ids": [3, 1], "name": "it's"},
    key="key",
    order=(Order("student.birth_date", "born", descending=True), Order("student.id", "key")),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An adapter of a made-up SIS whose student SELECT knows the day and a percent sign."""
    (tmp_path / "adapter.toml").write_text(
        'title = "T"\ndialects = ["sqlite", "postgresql", "mysql"]\ntime_zone = "America/New_York"\n'
    )
    for name in ESSENTIAL:
        columns = ", ".join(column.name for column in RELATIONS[name].columns)
        (tmp_path / f"{name}.sql").write_text(f"select {columns} from {name};\n")
    (tmp_path / "student.sql").write_text(
        "-- who: it's a comment, and no :parameter\n"
        "select id, given_name, family_name from pupil where since <= :today and note not like '%:x%' and n % 2 = 0\n"
    )
    return tmp_path


def _rendered(folder: Path, dialect: Dialect, statement: Statement = STATEMENT) -> tuple[str, list[Any]]:
    every = {name: frozenset(c.name for c in relation.columns) for name, relation in RELATIONS.items()}
    present = every | {"student": frozenset({"id", "given_name", "family_name"})}
    relations = Relations(load_adapter(str(folder)), dialect, present)
    rendered = relations.render(statement, ["label"])
    return " ".join(rendered.sql.split()), relations.values(rendered, statement, TODAY)


def test_sqlite_takes_a_set_as_one_json_text(folder: Path) -> None:
    sql, values = _rendered(folder, Dialect.SQLITE)
    assert sql == (
        "select student.id as key_, student.given_name as given_ from (select given.id, "
        "null as student_number, given.given_name, given.family_name, null as preferred_name, null as birth_date from "
        "(select id, given_name, family_name from pupil where since <= ? and note not like '%:x%' and n % 2 = 0) "
        "as given) as student where student.id in (select value from json_each(?)) and student.given_name <> ? "
        "order by student.birth_date desc, student.id"
    )
    assert values == ["2026-11-23", "[3,1]", "it's"]


def test_postgresql_numbers_its_parameters_and_types_its_nulls(folder: Path) -> None:
    sql, values = _rendered(folder, Dialect.POSTGRESQL)
    assert "since <= $1" in sql
    assert "cast(null as date) as birth_date" in sql
    assert "student.id = any($2) and student.given_name <> $3" in sql
    assert values == [TODAY, [3, 1], "it's"]


def test_mysql_doubles_percent_signs_outside_of_parameters(folder: Path) -> None:
    sql, values = _rendered(folder, Dialect.MYSQL)
    assert "note not like '%%:x%%' and n %% 2 = 0" in sql
    assert "student.id in %s and student.given_name <> %s" in sql
    assert values == [TODAY, (3, 1), "it's"]


def test_a_limit_cuts_per_key_and_never_over_the_level(folder: Path) -> None:
    sql, values = _rendered(folder, Dialect.POSTGRESQL, STATEMENT.cut(5))
    assert sql.startswith(
        "select cut.key_, cut.given_ from (select student.id as key_, student.given_name as given_, "
        "row_number() over (partition by student.id order by student.birth_date desc, "
        "student.id) as nth from"
    )
    assert sql.endswith("as cut where cut.nth <= $4 order by cut.nth")
    assert values[-1] == 5


def test_a_cursor_stands_behind_every_term_of_the_order(folder: Path) -> None:
    sql, values = _rendered(folder, Dialect.SQLITE, behind(STATEMENT, [date(2012, 1, 2), 7]))
    assert "and ((student.birth_date < ?) or (student.birth_date = ? and student.id > ?))" in sql
    assert values[-3:] == ["2012-01-02", "2012-01-02", 7]


def test_a_count_is_one_row_per_key(folder: Path) -> None:
    every = {name: frozenset(c.name for c in relation.columns) for name, relation in RELATIONS.items()}
    relations = Relations(load_adapter(str(folder)), Dialect.SQLITE, every)
    sql = relations.render(counted(STATEMENT)).sql
    assert sql.startswith("select student.id as key_, count(*) as total_ from")
    assert sql.endswith("group by student.id")


def test_a_derived_column_is_made_of_its_inputs_and_they_stay_inside(folder: Path) -> None:
    rendered = Relations(load_adapter(str(folder)), Dialect.SQLITE).render(STATEMENT, ["label"])
    assert rendered.layout.columns == ("key", "label")
    assert rendered.layout.parse([(3, "Ana")]) == [(3, "Ana 3")]


def test_a_relation_that_the_source_lacks_is_named(folder: Path) -> None:
    with pytest.raises(RelationIncomplete, match="does not provide grade"):
        Relations(load_adapter(str(folder)), Dialect.SQLITE).relation("grade")


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (Kind.DECIMAL, 92.5, Decimal("92.5")),
        (Kind.DECIMAL, 0.1, Decimal("0.1")),
        (Kind.DECIMAL, "87.25", Decimal("87.25")),
        (Kind.DATE, "2026-11-23", TODAY),
        (Kind.DATE, datetime(2026, 11, 23, 8, 0), TODAY),  # noqa: DTZ001
        (Kind.INSTANT, "2026-11-23T14:05:00Z", datetime(2026, 11, 23, 14, 5, tzinfo=UTC)),
        (Kind.INSTANT, datetime(2026, 7, 1, 8, 0), datetime(2026, 7, 1, 12, 0, tzinfo=UTC)),  # noqa: DTZ001
        (Kind.INSTANT, datetime(2026, 12, 1, 8, 0), datetime(2026, 12, 1, 13, 0, tzinfo=UTC)),  # noqa: DTZ001
        (Kind.BOOLEAN, 1, True),
        (Kind.BOOLEAN, 0, False),
        (Kind.BOOLEAN, None, None),
        (Kind.INTEGER, Decimal("2022"), 2022),
    ],
)
def test_a_value_is_read_by_its_kind(kind: Kind, raw: Any, value: Any) -> None:
    parse = parser(Computed("x", kind), Dialect.SQLITE, ZONE)
    assert parse is not None
    assert parse(raw) == value


@pytest.mark.parametrize(("kind", "raw"), [(Kind.DECIMAL, "A+"), (Kind.DATE, "tomorrow"), (Kind.INSTANT, "noon")])
def test_a_value_that_cannot_be_read_is_refused(kind: Kind, raw: str) -> None:
    parse = parser(Computed("x", kind), Dialect.SQLITE, ZONE)
    assert parse is not None
    with pytest.raises(ValueInvalid):
        parse(raw)


def test_a_code_outside_of_the_contract_is_refused_with_its_column(folder: Path) -> None:
    shape = Shape({"status": "attendance.status"})
    statement = Statement(shape, "from {student} as attendance where 1 = 1", {}, key="status")
    rendered = Relations(load_adapter(str(folder)), Dialect.SQLITE).render(statement)
    assert rendered.layout.parse([("TARDY",)]) == [(AttendanceStatus.TARDY,)]
    with pytest.raises(ValueInvalid, match=r"attendance\.status: 'Here' is not one of PRESENT"):
        rendered.layout.parse([("Here",)])


def test_an_instant_is_bound_in_the_sources_own_zone() -> None:
    instant = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    assert bind(Dialect.POSTGRESQL, instant, ZONE, zoned=False) == datetime(2026, 11, 23, 12, 0)  # noqa: DTZ001
    assert bind(Dialect.POSTGRESQL, instant, ZONE, zoned=True) == instant
    assert bind(Dialect.SQLITE, instant, ZONE, zoned=False) == "2026-11-23T17:00:00Z"


def test_an_empty_set_holds_nothing_on_every_engine() -> None:
    assert bind_set(Dialect.SQLITE, []) == "[]"
    assert bind_set(Dialect.POSTGRESQL, []) == []
    assert bind_set(Dialect.MYSQL, []) == (None,)


def test_every_reference_of_the_contract_names_an_entity_that_has_keys() -> None:
    entities = {column.of for relation in RELATIONS.values() for column in relation.columns if column.kind is Kind.KEY}
    assert None not in entities
    for relation in RELATIONS.values():
        names = {column.name for column in relation.columns}
        assert {*relation.key, *relation.asked_by} <= names
        assert all(isinstance(column, Column) for column in relation.columns)


def test_a_lone_key_is_cut_by_a_plain_limit_and_several_never_are(folder: Path) -> None:
    template = Template(STUDENT, STATEMENT.template.body, "key", STATEMENT.order, lone="ids")
    one, values = _rendered(folder, Dialect.SQLITE, template(ids=[3], name="x").cut(5))
    assert one.endswith("order by student.birth_date desc, student.id limit ?")
    assert values[-1] == 5
    several, _ = _rendered(folder, Dialect.SQLITE, template(ids=[3, 1], name="x").cut(5))
    assert "row_number()" in several


def test_short_lists_are_read_whole_and_cut_afterwards(folder: Path) -> None:
    template = Template(STUDENT, STATEMENT.template.body, "key", STATEMENT.order, short=True)
    sql, _ = _rendered(folder, Dialect.SQLITE, template(ids=[3, 1], name="x").cut(5))
    assert "limit" not in sql
    assert "row_number()" not in sql
