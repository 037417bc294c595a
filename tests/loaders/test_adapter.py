"""Adapter folders: what is read from them, and every reason for which one is refused."""

from pathlib import Path
from uuid import UUID

import pytest

from loaders.adapter import BUILT_IN, Changes, load_adapter
from loaders.contract import ESSENTIAL
from loaders.dialect import Dialect
from loaders.errors import AdapterInvalid

FACTS = """title = "Example"
dialects = ["postgresql", "sqlite"]
time_zone = "Europe/Berlin"

[keys]
default = "text"
student = "uuid"
school = "integer"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is right; each test breaks one thing in it."""
    home = tmp_path / "example"
    home.mkdir()
    (home / "adapter.toml").write_text(FACTS, "utf-8")
    for name in ESSENTIAL:
        (home / f"{name}.sql").write_text(f"select id from {name}", "utf-8")
    return home


def refusal(folder: Path, time_zone: str | None = None) -> str:
    with pytest.raises(AdapterInvalid) as refused:
        load_adapter(str(folder), time_zone)
    assert refused.value.code == "ADAPTER_INVALID"
    return str(refused.value)


def test_a_folder_is_read_with_its_facts_and_its_selects(folder: Path) -> None:
    (folder / "score.sql").write_text(
        "-- a note; with a semicolon\nselect 'it''s; fine' as letter  -- and one more\n;\n"
    )

    adapter = load_adapter(str(folder))

    assert (adapter.name, adapter.title) == ("example", "Example")
    assert adapter.dialects == (Dialect.POSTGRESQL, Dialect.SQLITE)
    assert adapter.time_zone.key == "Europe/Berlin"
    assert (adapter.key_type("student"), adapter.key_type("school"), adapter.key_type("term")) == (
        "uuid",
        "integer",
        "text",
    )
    assert adapter.selects["score"] == "select 'it''s; fine' as letter"
    assert adapter.selects.keys() == ESSENTIAL | {"score"}
    assert adapter.has("score", "school")
    assert not adapter.has("score", "grade")


def test_the_operators_time_zone_takes_the_place_of_the_adapters(folder: Path) -> None:
    assert load_adapter(str(folder), "Asia/Tokyo").time_zone.key == "Asia/Tokyo"


def test_every_built_in_adapter_is_read_by_its_name() -> None:
    names = [path.parent.name for path in sorted(BUILT_IN.glob("*/adapter.toml"))]

    assert "rosariosis" in names
    assert [load_adapter(name).name for name in names] == names


def test_a_with_query_is_a_select(folder: Path) -> None:
    (folder / "grade.sql").write_text("with g as (select 1 as id) select g.id from g")

    assert load_adapter(str(folder)).selects["grade"].startswith("with g as")


@pytest.mark.parametrize("name", ["nowhere", "../rosariosis", "", "rosariosis/", "ROSARIOSIS"])
def test_an_adapter_that_is_not_there_is_refused_with_the_names_that_are(name: str, tmp_path: Path) -> None:
    with pytest.raises(AdapterInvalid, match=r"There is no adapter .*name one of .*rosariosis.*or a folder"):
        load_adapter(name if name != "nowhere" else str(tmp_path))


@pytest.mark.parametrize("text", ["title = ", "\ttitle: Example"])
def test_facts_that_are_no_toml_are_refused(folder: Path, text: str) -> None:
    (folder / "adapter.toml").write_text(text)

    assert refusal(folder).startswith("adapter.toml of adapter example: ")


def test_facts_that_are_no_utf_8_are_refused(folder: Path) -> None:
    (folder / "adapter.toml").write_bytes(b'title = "\xff"')

    assert refusal(folder).startswith("adapter.toml of adapter example: ")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('title = "Example"', "", "adapter.toml of example: `title` must be a text."),
        ('title = "Example"', "title = 7", "adapter.toml of example: `title` must be a text."),
        ('title = "Example"', 'title = ""', "adapter.toml of example: `title` must be a text."),
        ('time_zone = "Europe/Berlin"', "", "adapter.toml of example: `time_zone` must be a text."),
        (
            'time_zone = "Europe/Berlin"',
            'time_zone = "Europe/Nowhere"',
            "adapter example: 'Europe/Nowhere' is not an IANA time zone.",
        ),
        (
            'time_zone = "Europe/Berlin"',
            'time_zone = "../../etc/passwd"',
            "adapter example: '../../etc/passwd' is not an IANA time zone.",
        ),
        *(
            (
                'dialects = ["postgresql", "sqlite"]',
                wrong,
                "adapter.toml of example: `dialects` must list some of sqlite, postgresql, mysql.",
            )
            for wrong in ("", "dialects = []", 'dialects = "sqlite"', 'dialects = ["oracle"]', "dialects = [1]")
        ),
        *(
            (
                'student = "uuid"',
                wrong,
                "adapter.toml of example: each of `[keys]` must be one of integer, text, uuid.",
            )
            for wrong in ('student = "guid"', "student = 4")
        ),
    ],
)
def test_wrong_facts_are_refused_by_their_name(folder: Path, old: str, new: str, reason: str) -> None:
    (folder / "adapter.toml").write_text(FACTS.replace(old, new))

    assert refusal(folder) == reason


def test_a_time_zone_of_the_operators_that_is_none_is_refused(folder: Path) -> None:
    assert refusal(folder, "Mars/Olympus") == "adapter example: 'Mars/Olympus' is not an IANA time zone."


@pytest.mark.parametrize("relation", sorted(ESSENTIAL))
def test_an_essential_relation_that_is_missing_is_refused(folder: Path, relation: str) -> None:
    (folder / f"{relation}.sql").unlink()

    assert refusal(folder) == f"adapter example lacks {relation}.sql."


def test_all_essential_relations_that_are_missing_are_named(folder: Path) -> None:
    (folder / "term.sql").unlink()
    (folder / "guardian.sql").unlink()

    assert refusal(folder) == "adapter example lacks guardian.sql, term.sql."


def test_a_relation_that_the_contract_does_not_know_is_refused(folder: Path) -> None:
    (folder / "lunch.sql").write_text("select 1")

    assert refusal(folder) == "lunch.sql of adapter example: the contract has no relation 'lunch'."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("select 1; select 2", "holds more than one statement."),
        ("select 1;;", "holds more than one statement."),
        ("select ';' as a; drop table x", "holds more than one statement."),
        ("", "is not a SELECT."),
        ("-- select 1", "is not a SELECT."),
        ("selected", "is not a SELECT."),
        ("values (1)", "is not a SELECT."),
        ("explain select 1", "is not a SELECT."),
        ("insert into t values (1)", "is not a SELECT."),
        ("select * into t from u", "holds the word 'into': an adapter only reads."),
        ("SELECT 1 FROM t FOR UPDATE", "holds the word 'UPDATE': an adapter only reads."),
        *(
            (f"with gone as ({word} x) select * from gone", f"holds the word '{word}': an adapter only reads.")
            for word in ("insert", "update", "delete", "merge", "create", "drop", "alter", "grant", "truncate")
        ),
    ],
)
def test_what_is_more_or_other_than_one_select_is_refused(folder: Path, text: str, reason: str) -> None:
    (folder / "score.sql").write_text(text)

    assert refusal(folder) == f"score.sql of adapter example {reason}"


def test_words_of_writing_are_harmless_in_texts_and_in_names(folder: Path) -> None:
    text = "select 'drop; it' as a, \"update\", `delete`, updated_at, into_it from t"
    (folder / "score.sql").write_text(text)

    assert load_adapter(str(folder)).selects["score"] == text


@pytest.mark.parametrize(
    ("entity", "text", "key"),
    [
        ("school", "1001", 1001),
        ("school", "-7", -7),
        ("school", "0x10", None),
        ("school", " 1", None),
        ("school", "1 or 1=1", None),
        ("school", "٣", None),
        ("school", "9" * 19, None),
        ("school", "", None),
        ("term", "a/b c", "a/b c"),
        ("term", "x" * 255, "x" * 255),
        ("term", "x" * 256, None),
        ("term", "a\x00b", None),
        ("student", "6f9619ff-8b86-d011-b42d-00c04fc964ff", UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff")),
        ("student", "6f9619ff", None),
    ],
)
def test_a_text_becomes_a_key_or_nothing(folder: Path, entity: str, text: str, key: object) -> None:
    assert load_adapter(str(folder)).parse_key(entity, text) == key


def test_dashes_within_a_text_are_no_comment(folder: Path) -> None:
    (folder / "school.sql").write_text("select id, '--' as name -- the name; unknown\nfrom school;\n")

    assert load_adapter(str(folder)).selects["school"] == "select id, '--' as name \nfrom school"


def test_changes_and_triggers_are_read_or_refused_with_their_place(folder: Path) -> None:
    facts = folder / "adapter.toml"
    assert (load_adapter(str(folder)).changes, load_adapter(str(folder)).triggers) == (None, {})
    (folder / "changes.sql").write_text("select student_id, changed_at as mark from note where changed_at >= :since;")
    assert load_adapter(str(folder)).changes == Changes(
        "select student_id, changed_at as mark from note where changed_at >= :since", timed=True, overlap=120
    )
    facts.write_text(
        f'{FACTS}[changes]\nmark = "number"\noverlap = 9\n[triggers]\nnote = "select {{row}}.student_id"\n'
    )
    read = load_adapter(str(folder))
    assert read.changes is not None
    assert (read.changes.timed, read.changes.overlap) == (False, 9)
    assert read.triggers == {"note": "select {row}.student_id"}
    for wrong, said in (
        ('[changes]\nmark = "date"', "`mark` of `[changes]` must be time or number"),
        ("[changes]\noverlap = 0", "in seconds, a day at most"),
        ("[changes]\nlap = 3", "`[changes]` holds `mark` and `overlap`"),
        ("[triggers]\nnote = 3", "a SELECT for each table"),
        ("[triggers]\n'note; x' = 'select {row}.id'", "that is no table's name"),
        ("[triggers]\nnote = 'select id from note'", "says nothing of {row}"),
        ("[triggers]\nnote = 'delete from {row}'", "is not a SELECT"),
    ):
        facts.write_text(f"{FACTS}{wrong}\n")
        assert said in refusal(folder)
    (folder / "changes.sql").unlink()
    facts.write_text(f"{FACTS}[changes]\noverlap = 3\n")
    assert "there is no changes.sql" in refusal(folder)
