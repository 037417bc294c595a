"""What clients and logs see of an error, over a real server."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
import strawberry
from graphql import GraphQLError
from structlog.testing import capture_logs

from gateway.errors import present, present_all
from gateway.execution.documents import Documents, GraphQLRequest
from gateway.execution.engine import Engine
from gateway.limits import Limits
from gateway.transport.protocol import failure_error
from loaders.errors import LoaderError, SourceDown, ValueInvalid
from resolvers.errors import Forbidden, Overloaded
from tests.gateway.stage import Served, serve
from tests.gateway.wire import run


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Served]:
    async with serve() as served:
        yield served


@pytest.fixture
def served(server: Served) -> Served:
    server.stage.forget()
    return server


@pytest.mark.parametrize(
    ("name", "message", "extensions"),
    [
        ("refused", "This is for parents.", {"code": "FORBIDDEN"}),
        ("busy", "Too many tries.", {"code": "RATE_LIMITED", "retryAfter": 30}),
        ("late", "This took too long. Ask for less at once, or try again.", {"code": "TIMEOUT"}),
        ("away", "The school's records cannot be read right now. Try again soon.", {"code": "SOURCE_UNAVAILABLE"}),
    ],
)
async def test_a_refusal_speaks_and_the_rest_of_the_answer_stays(
    served: Served, name: str, message: str, extensions: dict[str, Any]
) -> None:
    with capture_logs() as logged:
        members = await run(served, f"{{ greeting {name} }}")
    assert members["data"] == {"greeting": "Hello, you!", name: None}
    assert members["errors"] == [
        {"message": message, "locations": [{"line": 1, "column": 12}], "path": [name], "extensions": extensions}
    ]
    assert logged == []


async def test_what_nobody_expected_is_masked_and_logged_once_without_the_document(served: Served) -> None:
    with capture_logs() as logged:
        text = "query Mine($n: String!) { greeting(name: $n) crash }"
        members = await run(served, text, {"n": "pupil-name"})
    (error,) = members["errors"]
    assert error["message"] == "Something went wrong here."
    assert error["path"] == ["crash"]
    assert set(error["extensions"]) == {"code", "traceId"}
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    (entry,) = logged
    prepared = Documents(served.engine.schema, Limits()).prepare(GraphQLRequest(text, None, {"n": "x"}))
    assert (entry["operation"], entry["document"]) == ("Mine", prepared.hash)
    assert entry["trace_id"] == error["extensions"]["traceId"]
    assert entry["error"] == "RuntimeError"
    assert entry["frames"][-1].endswith(" crash")
    for secret in ("hunter2", "pupil-name", "greeting"):
        assert secret not in str(entry)
        assert secret not in str(members["errors"])


async def test_causes_of_their_own_share_the_trace_id_of_their_answer(served: Served) -> None:
    with capture_logs() as logged:
        text = "{ " + " ".join(f"a{n}: crash" for n in range(20)) + " }"
        members = await run(served, text)
    assert len(members["errors"]) == 20
    assert len({error["extensions"]["traceId"] for error in members["errors"]}) == 1
    assert len(logged) == 20


def test_one_cause_in_many_places_is_logged_once() -> None:
    failure = RuntimeError("x")
    errors = [GraphQLError("x", path=["a", n], original_error=failure) for n in range(3)]
    with capture_logs() as logged:
        shown = present_all(errors, trace_id="t")
    assert [error["path"] for error in shown] == [["a", 0], ["a", 1], ["a", 2]]
    assert len(logged) == 1


async def test_an_answer_has_twenty_errors_at_most() -> None:
    @strawberry.type
    class Thing:
        @strawberry.field
        def broken(self) -> str | None:
            raise Forbidden("No.")

    @strawberry.type
    class Query:
        @strawberry.field
        def things(self) -> list[Thing]:
            return [Thing() for _ in range(50)]

    engine = Engine(strawberry.Schema(Query))
    answer = await engine.execute(engine.prepare(GraphQLRequest("{ things { broken } }")), None)
    assert len(answer.errors) == 20
    assert answer.data == {"things": [{"broken": None}] * 50}


async def test_an_error_at_a_field_that_must_not_be_null_empties_the_answer(served: Served) -> None:
    members = await run(served, "{ crashes { name } }")
    assert members["data"] is None
    assert [error["extensions"]["code"] for error in members["errors"]] == ["INTERNAL_SERVER_ERROR"]


async def test_an_argument_that_turns_out_null_is_the_callers_mistake(served: Served) -> None:
    members = await run(served, 'query ($n: String = "a") { greeting(name: $n) }', {"n": None})
    assert [error["extensions"] for error in members["errors"]] == [{"code": "BAD_USER_INPUT"}]


def shown(error: GraphQLError) -> dict[str, Any]:
    with capture_logs():
        return present(error, trace_id="t")


def test_an_exception_cannot_speak_by_carrying_a_code() -> None:
    class Foreign(Exception):
        code = "FORBIDDEN"

    masked = {"message": "Something went wrong here.", "path": ["a"]}
    extensions = {"extensions": {"code": "INTERNAL_SERVER_ERROR", "traceId": "t"}}
    for failure in (
        Foreign("secret"),
        GraphQLError("secret", extensions={"code": "FORBIDDEN"}),
        ValueInvalid("secret"),
        KeyError("secret"),
    ):
        assert shown(GraphQLError(str(failure), path=["a"], original_error=failure)) == masked | extensions
        assert shown(failure_error(failure)) == {"message": masked["message"]} | extensions


def test_loaders_speak_in_our_words_and_tell_the_log_theirs() -> None:
    class StatementTimeout(LoaderError):
        code = "STATEMENT_TIMEOUT"

    late = shown(GraphQLError("x", path=["a"], original_error=StatementTimeout("select secret")))
    assert late["extensions"] == {"code": "TIMEOUT"}
    away = shown(GraphQLError("x", original_error=SourceDown("host secret")))
    assert away["extensions"] == {"code": "SOURCE_UNAVAILABLE"}
    assert "secret" not in f"{late}{away}"
    with capture_logs() as logged:
        present(GraphQLError("x", original_error=ValueInvalid("attendance.status: Q")), trace_id="t")
    assert logged[0]["detail"] == "attendance.status: Q"


def test_a_wait_is_told_in_seconds() -> None:
    error = GraphQLError("x", path=["a"], original_error=Overloaded("No room.", retry_after=2))
    assert shown(error)["extensions"] == {"code": "OVERLOADED", "retryAfter": 2}


async def test_strawberrys_own_logger_is_silent(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await run(served, 'mutation { note(text: "hunter2" }')
    await run(served, "{ crash }")
    await served.engine.schema.execute("{ crash }")
    assert "hunter2" not in caplog.text
    assert [record for record in caplog.records if record.name.startswith("strawberry")] == []
