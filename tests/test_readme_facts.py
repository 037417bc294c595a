"""What README.md names is there, and what it counts is so: settings, commands, files, the tree, numbers."""

import inspect
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic.fields import FieldInfo
from typer.main import get_command

from gateway import cli
from gateway.settings import CONFIG, PREFIX, Settings
from loaders.contract import ESSENTIAL
from resolvers.live import REST
from resolvers.portal import Lifetimes
from tests import readme
from tests.processes import CHECKOUT


def settings_table() -> str:
    """The table of all settings, as README.md must hold it."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | {_default(f)} | {f.description} |" for name, f in Settings.model_fields.items()
    ]
    return "\n".join(["| setting | default | what it is |", "| --- | --- | --- |", *rows, ""])


def _default(field: FieldInfo) -> str:
    match field.default:
        case _ if field.is_required():
            return "required"
        case None | ():
            return ""
        case tuple(values):
            return f"`{','.join(values)}`"
        case bool(value):
            return f"`{str(value).lower()}`"
        case float(value):
            return f"`{value:g}`"
        case value:
            return f"`{value}`"


def test_the_table_of_settings_is_that_of_the_code() -> None:
    if readme.between("settings") != settings_table():
        pytest.fail(f"Between the marks `settings` of README.md must stand:\n{settings_table()}", pytrace=False)


def test_every_setting_that_is_named_exists() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {CONFIG}
    assert set(re.findall(rf"\b{PREFIX}[A-Z_]+", readme.TEXT)) - known == set()


def test_every_command_that_is_named_exists() -> None:
    named = set(re.findall(r"(?:^|`)homeroom ([a-z]+)", readme.TEXT, re.M))
    assert {"check", "migrate", "serve", "user"} <= named <= set(get_command(cli.app).commands)  # type: ignore[attr-defined]


def test_make_has_what_is_promised_of_it() -> None:
    makefile = (CHECKOUT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^(\w+):", makefile, re.M))
    assert {"make demo\n", "make test\n"} <= set(re.findall(r"^```sh\n(.*?)^```$", readme.TEXT, re.M | re.S))
    assert {"demo", "test"} <= set(re.findall(r"(?:^|`|\d )make (\w+)", readme.TEXT, re.M)) <= targets
    assert re.search(r"^demo:.*\n\t@\$\(BIN\)/homeroom demo \$\(DEMO\)$", makefile, re.M)
    assert 'make demo DEMO="--students 5000"' in readme.TEXT
    recipe = makefile.partition("\ntest:")[2].partition("\n\n")[0]
    assert re.findall(r"\$\(BIN\)/(\S+)", recipe) == ["ruff", "ruff", "mypy", "lint-imports", "pytest"]


def test_every_block_of_commands_is_run_by_a_test_or_is_makes() -> None:
    fenced = re.findall(r"^```sh\n(.*?)^```$", readme.TEXT, re.M | re.S)
    run = [readme.block("run", name) for name in readme.names("run")]
    assert [text for text in fenced if text not in run] == ["make demo\n", "make test\n"]
    tests = (CHECKOUT / "tests" / "test_readme.py").read_text("utf-8")
    assert set(re.findall(r"""block\(["']run["'], ["'](\w+)["']\)""", tests)) == set(readme.names("run"))


def test_every_file_and_link_that_is_named_is_there() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", readme.TEXT)
    assert len(links) >= 2
    assert [link for link in links if not (CHECKOUT / link).exists()] == []
    files = readme.names("file")
    assert files
    assert [name for name in files if (CHECKOUT / name).read_text("utf-8") != readme.block("file", name)] == []


def test_the_tree_is_that_of_the_checkout() -> None:
    told: list[Path] = []
    for entry in readme.block("tree", "").splitlines():
        found = re.fullmatch(r"( *)(\w+)/ +(.+)", entry)
        assert found is not None, entry
        folder = CHECKOUT / found[2] if not found[1] else next(p for p in told[::-1] if p.parent == CHECKOUT) / found[2]
        assert folder.is_dir(), entry
        missing = [name for name in re.findall(r"\w+\.(?:py|graphql)", found[3]) if not (folder / name).is_file()]
        assert missing == [], entry
        told.append(folder)
    rooms = ("gateway", "schema", "resolvers", "loaders")
    inner = {p for room in rooms for p in (CHECKOUT / room).iterdir() if any(p.glob("*.py")) or any(p.glob("*/*.sql"))}
    assert set(told) == inner | {CHECKOUT / name for name in (*rooms, "tests")}


def test_its_numbers_are_those_of_the_code() -> None:
    project: Any = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    minutes = Lifetimes().mobile_token.total_seconds() / 60
    claims = [
        f"You need Python {project['requires-python'].removeprefix('>=')} or newer",
        f"an invented district of {inspect.signature(cli.demo).parameters['students'].default} students",
        f"a bearer token, good for {minutes:g} minutes",
        f"at least {_word(REST)} times as long as a look took",
        f"{_word(len(ESSENTIAL)).title()} are always needed",
    ]
    text = " ".join(readme.TEXT.split())
    assert [claim for claim in claims if claim not in text] == []
    needed = text.partition("are always needed: ")[2].partition(". ")[0]
    assert set(re.findall(r"`(\w+)`", needed)) == ESSENTIAL


def _word(number: float) -> str:
    return ["no", "one", "two", "three", "four", "five", "six", "seven", "eight"][int(number)]
