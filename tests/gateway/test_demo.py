"""The demo as a newcomer meets it: one command, and the lines that it prints are true."""

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from graphql import parse, validate

from gateway.demo import LOG_IN, QUERY
from gateway.serving import listen
from loaders.demo import make_district
from schema.api import schema
from tests.processes import SECONDS, line, process


def test_what_it_offers_to_try_fits_the_schema() -> None:
    for document in (LOG_IN, QUERY):
        assert validate(schema._schema, parse(document)) == []


def test_the_demo_serves_what_it_says(tmp_path: Path) -> None:
    with closing(listen("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gateway.cli", "demo", "--students", "30"]
    with process("env", f"HOMEROOM_PORT={port}", *command, cwd=tmp_path) as started:
        said = [line(started) for _ in range(7)]
        assert said[0] == f"url: http://127.0.0.1:{port}/graphql"
        assert re.fullmatch(r"parent: \S+ \S+", said[1])
        assert re.fullmatch(r"staff: \S+ \S+", said[2])
        assert re.fullmatch(r"second factor: otpauth://totp/\S+secret=[A-Z2-7]{32}\S+", said[3])
        assert said[4] == "mail: .homeroom/mail"
        answers = [
            subprocess.run(["sh", "-c", text], capture_output=True, text=True, timeout=SECONDS, check=True).stdout
            for text in said[5:]
        ]
        started.terminate()
        rest, errors = started.communicate()
    assert '"LogInSuccess"' in answers[0]
    assert '"Rafael Peña Brooks"' in answers[1]
    assert '"errors"' not in answers[1]
    assert (rest, started.returncode) == ("", 0)
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["HOMEROOM_SIS_URL=sqlite:///gone.db"], "The SQLite database gone.db cannot be read"),
        (["HOMEROOM_SIS_URL=sqlite:///sis.db"], "portal.db is not there yet: run `homeroom migrate`"),
        (["HOMEROOM_SIS_URL=sqlite:///sis.db", "HOMEROOM_SIS_ADAPTER=rosariosis"], "HOMEROOM_SIS_ADAPTER"),
        (["HOMEROOM_SIS_URL=sqlite:///broken.db"], "student.sql of adapter home does not run on this database"),
    ],
)
def test_serve_says_in_one_line_why_it_cannot_start(settings: list[str], said: str, tmp_path: Path) -> None:
    for name in ("sis.db", "broken.db"):
        make_district(tmp_path / name, students=25, today=date(2026, 11, 23))
    with closing(sqlite3.connect(tmp_path / "broken.db")) as connection:
        connection.execute("alter table student rename column family_name to surname")
        connection.commit()
    command = ["env", "HOMEROOM_PORT=0", *settings, sys.executable, "-m", "gateway.cli", "serve"]
    with process(*command, cwd=tmp_path) as started:
        out, errors = started.communicate()
    assert (out, started.returncode) == ("", 1)
    assert errors.startswith("homeroom: ")
    assert said in errors
    assert errors.count("\n") == 1
