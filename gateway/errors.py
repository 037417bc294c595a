"""Errors as clients see them: a public message with a stable code, or nothing but a trace id."""

import logging
import traceback
from collections.abc import Sequence
from typing import Any

import structlog
from graphql import GraphQLError

from gateway.execution.codes import BAD_USER_INPUT, INTERNAL_SERVER_ERROR, SOURCE_UNAVAILABLE, TIMEOUT
from loaders.errors import LoaderError, SourceDown
from resolvers.errors import Refusal

MASKED = "Something went wrong here."
LATE = "This took too long. Ask for less at once, or try again."
AWAY = "The school's records cannot be read right now. Try again soon."
FRAMES = 12

# Strawberry's own logger prints excerpts of documents, and with them what people typed into them. A filter stays when
# logging is configured again; `disabled` does not.
logging.getLogger("strawberry.execution").addFilter(lambda record: False)

log = structlog.get_logger("homeroom.errors")


def present(
    error: GraphQLError, *, trace_id: str, operation: str | None = None, document: str | None = None
) -> dict[str, Any]:
    """The error's wire form; what may not speak is masked, and logged once under the trace id.

    `operation` is the operation's name and `document` its hash: the log never gets a document's text or variables.
    """
    cause = _cause(error)
    extensions = _spoken(error, cause)
    if extensions is None:
        log.error("operation failed", trace_id=trace_id, operation=operation, document=document, **_evidence(cause))
        return _wire(error, MASKED, {"code": INTERNAL_SERVER_ERROR, "traceId": trace_id})
    message = extensions.pop("message", error.message)
    return _wire(error, message, extensions)


def present_all(
    errors: Sequence[GraphQLError], *, trace_id: str, operation: str | None = None, document: str | None = None
) -> list[dict[str, Any]]:
    """All errors of an answer; one cause that failed in many places is logged once."""
    masked: set[int] = set()
    shown = []
    for error in errors:
        cause = _cause(error)
        if id(cause) in masked:
            shown.append(_wire(error, MASKED, {"code": INTERNAL_SERVER_ERROR, "traceId": trace_id}))
            continue
        wire = present(error, trace_id=trace_id, operation=operation, document=document)
        if wire["extensions"]["code"] == INTERNAL_SERVER_ERROR:
            masked.add(id(cause))
        shown.append(wire)
    return shown


def _cause(error: GraphQLError) -> BaseException:
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _spoken(error: GraphQLError, cause: BaseException) -> dict[str, Any] | None:
    """Code and other extensions of an error that may speak, and its message where another stands for it."""
    if error.path is None and error.extensions and "code" in error.extensions:
        return {"code": error.extensions["code"]}
    if isinstance(cause, Refusal):
        later = {} if cause.retry_after is None else {"retryAfter": cause.retry_after}
        return {"message": str(cause), "code": cause.code, **later}
    if isinstance(cause, TimeoutError) or (isinstance(cause, LoaderError) and cause.code == "STATEMENT_TIMEOUT"):
        return {"message": LATE, "code": TIMEOUT}
    if isinstance(cause, SourceDown):
        return {"message": AWAY, "code": SOURCE_UNAVAILABLE}
    if type(cause) is GraphQLError and cause.nodes and cause is not error:
        # Only graphql-core raises errors that know their place in the document: an argument that cannot be read.
        return {"code": BAD_USER_INPUT}
    return None


def _evidence(cause: BaseException) -> dict[str, Any]:
    """What the log may hold: the class and the places in the code; a message only where loaders wrote it for us."""
    frames = traceback.extract_tb(cause.__traceback__)[-FRAMES:]
    seen = {
        "error": type(cause).__name__,
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    return seen | {"detail": str(cause)} if isinstance(cause, LoaderError) else seen


def _wire(error: GraphQLError, message: str, extensions: dict[str, Any]) -> dict[str, Any]:
    wire: dict[str, Any] = {"message": message}
    if error.locations:
        wire["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path is not None:
        wire["path"] = list(error.path)
    return wire | {"extensions": extensions}
