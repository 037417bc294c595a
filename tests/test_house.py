"""The house keeps its own rules: pinned packages, one test command, a Makefile that recovers, files with a subject."""

import ast
import os
import re
import stat
import subprocess
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from shutil import copy

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.processes import CHECKOUT, SECONDS
from tests.services import NEEDS

PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
PINS = [line for line in (CHECKOUT / "constraints.txt").read_text("utf-8").splitlines() if not line.startswith("#")]
PINNED: dict[str, str] = {
    canonicalize_name(name): version for name, _, version in (line.partition("==") for line in PINS)
}
ROOMS = ("gateway", "schema", "resolvers", "loaders")


def declared() -> list[Requirement]:
    project = PROJECT["project"]
    return [Requirement(text) for text in (*project["dependencies"], *project["optional-dependencies"]["dev"])]


def test_constraints_hold_one_exact_version_a_line_in_order() -> None:
    assert [line for line in PINS if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", line)] == []
    assert sorted(PINS, key=str.upper) == PINS
    assert len(PINNED) == len(PINS)


def test_every_requirement_is_pinned_to_a_version_that_it_allows() -> None:
    wrong = [str(r) for r in declared() if not r.specifier.contains(PINNED.get(canonicalize_name(r.name), "0.dev0"))]
    assert wrong == []


def test_nothing_comes_along_unpinned() -> None:
    installed: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(r, "") for r in declared()]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        for wanted in ("", *requirement.extras):
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                found = distribution(name)
                installed[name] = found.version
                waiting += [(Requirement(text), wanted) for text in found.requires or ()]
    assert installed == {name: PINNED.get(name) for name in installed}


@pytest.mark.parametrize("name", ["Makefile", ".ci/run", "pyproject.toml", "constraints.txt"])
def test_no_registry_is_named(name: str) -> None:
    text = (CHECKOUT / name).read_text("utf-8")
    assert re.findall(r"https?://(?!127\.0\.0\.1)|index-url|find-links|file:", text) == []


def test_ci_runs_make_test_and_no_other_check() -> None:
    script = (CHECKOUT / ".ci" / "run").read_text("utf-8")
    assert "set -euo pipefail" in script
    assert script.splitlines()[-1] == "make test"
    assert re.findall(r"\b(pytest|mypy|ruff|lint-imports|make) ?\w*", "".join(script.splitlines()[-1:])) == ["make"]
    assert re.search(r"pytest|mypy|ruff|lint-imports|unittest", script) is None
    assert (CHECKOUT / ".ci" / "run").stat().st_mode & stat.S_IXUSR


def test_every_mark_says_what_it_needs() -> None:
    marks = {text.partition(":")[0] for text in PROJECT["tool"]["pytest"]["ini_options"]["markers"]}
    assert marks == set(NEEDS)


def test_every_file_begins_with_what_it_is_about() -> None:
    files = [path for room in (*ROOMS, "tests") for path in (CHECKOUT / room).rglob("*.py")]
    assert len(files) > 50
    assert [str(p) for p in files if not ast.get_docstring(ast.parse(p.read_text("utf-8")))] == []


STUB = """#!/bin/sh
case "$2" in "import fcntl,"*) ;; *) echo "$*" >> calls ;; esac
case "$1 $2" in
  "--version "*) echo "Python {version}" ;;
  "-c import sys;"*) {refuses} ;;
  "-c import fcntl,"*) exec python3 "$@" ;;
  "-m venv") mkdir -p "$3/bin" && printf '#!/bin/sh\\necho "$@" >> calls\\n[ ! -e pip-fails ]\\n' > "$3/bin/python"
    chmod +x "$3/bin/python" ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the Makefile and an interpreter `./python` that writes down what it is called for."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        copy(CHECKOUT / name, tmp_path / name)
    stub(tmp_path, version="3.11.9", refuses="exit 0")
    return tmp_path


def stub(folder: Path, *, version: str, refuses: str) -> None:
    path = folder / "python"
    path.write_text(STUB.format(version=version, refuses=refuses))
    path.chmod(0o755)


def make(folder: Path) -> "subprocess.Popen[str]":
    command = ["make", "PYTHON=./python", ".venv/made"]
    environment = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def made(folder: Path) -> tuple[int, str]:
    with make(folder) as running:
        said, _ = running.communicate(timeout=SECONDS)
    return running.returncode, said


def environments(folder: Path) -> int:
    return (folder / "calls").read_text().count("-m venv")


def test_make_refuses_an_old_python_in_one_clear_line(checkout: Path) -> None:
    stub(checkout, version="3.10.2", refuses="exit 1")
    code, said = made(checkout)
    assert code == 2
    assert said.splitlines()[0] == (
        "make: Homeroom needs Python 3.11 or later and ./python is Python 3.10.2: name another by PYTHON=..."
    )
    assert not (checkout / ".venv").exists()


def test_make_makes_the_environment_once(checkout: Path) -> None:
    assert made(checkout)[0] == 0
    assert made(checkout)[0] == 0
    assert environments(checkout) == 1
    assert (
        "-m pip install -q --disable-pip-version-check -c constraints.txt -e .[dev]" in (checkout / "calls").read_text()
    )


def test_make_builds_a_half_made_environment_again(checkout: Path) -> None:
    (checkout / "pip-fails").touch()
    assert made(checkout)[0] == 2
    (checkout / ".venv" / "leftover").touch()
    (checkout / "pip-fails").unlink()
    assert made(checkout)[0] == 0
    assert environments(checkout) == 2
    assert not (checkout / ".venv" / "leftover").exists()


def test_make_installs_again_where_the_requirements_are_newer(checkout: Path) -> None:
    assert made(checkout)[0] == 0
    stamp = (checkout / ".venv" / "made").stat().st_mtime
    os.utime(checkout / "constraints.txt", (stamp + 5, stamp + 5))
    os.utime(checkout / ".venv" / "made", (stamp, stamp))
    assert made(checkout)[0] == 0
    assert (checkout / "calls").read_text().count("pip install") == 2


def test_make_does_not_trust_an_environment_made_elsewhere(checkout: Path) -> None:
    assert made(checkout)[0] == 0
    (checkout / ".venv" / "made").write_text("/elsewhere\n")
    assert made(checkout)[0] == 0
    assert environments(checkout) == 2


def test_two_makes_at_once_make_one_environment(checkout: Path) -> None:
    with make(checkout) as first, make(checkout) as second:
        first.communicate(timeout=SECONDS)
        second.communicate(timeout=SECONDS)
    assert (first.returncode, second.returncode) == (0, 0)
    assert environments(checkout) == 1
