"""The log: JSON lines or plain words on standard error, without anything that people typed."""

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from gateway.telemetry import set_up_log


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("homeroom").setLevel(logging.NOTSET)
    structlog.reset_defaults()


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_json_with_its_level_and_instant(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_log("json")
    structlog.get_logger("homeroom.test").info("operation served", trace_id="abc", document="1f2e", nodes=3)
    [line] = logged(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "operation served", "level": "info", "trace_id": "abc", "document": "1f2e", "nodes": 3}


def test_values_of_secret_names_and_users_of_urls_are_struck_out(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_log("json")
    structlog.get_logger("homeroom.test").warning(
        "at postgresql://reader:plover@host/sis",
        password="plover",
        access_token="plover",
        variables={"a": "plover"},
        cookie="plover",
        nested={"Authorization": "plover", "list": ["mysql://plover:plover@h/d"]},
    )
    [line] = logged(capsys)
    assert "plover" not in json.dumps(line)
    assert line["event"] == "at postgresql://host/sis"
    assert line["nested"] == {"Authorization": "[removed]", "list": ["mysql://h/d"]}


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_an_exception_is_its_class_and_its_places_and_not_its_words(
    log_format: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_log(log_format)
    try:
        raise ValueError("plover")
    except ValueError:
        structlog.get_logger("homeroom.test").exception("failed")
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    said = capsys.readouterr().err
    assert "plover" not in said.replace('raise ValueError("plover")', "")
    assert said.count("ValueError") == 2
    assert said.count("test_telemetry.py:") == 2


def test_foreign_loggers_may_only_warn(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_log("json")
    logging.getLogger("asyncpg").info("select plover")
    logging.getLogger("strawberry.execution").error("{ logIn(password: plover) }")
    logging.getLogger("uvicorn.error").warning("seen")
    assert [line["event"] for line in logged(capsys)] == ["seen"]


def test_auto_is_json_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    assert not sys.stderr.isatty()
    set_up_log("auto")
    structlog.get_logger("homeroom.test").info("served")
    assert logged(capsys)[0]["event"] == "served"
