"""The log: one line for what happened, JSON for machines or plain words on a terminal, on standard error.

Who logs names things by ids, hashes and codes. As a second fence, values under a name that speaks of a secret are
struck out here, and foreign loggers may only warn: some of them print documents and URLs.
"""

import logging
import re
import sys
import traceback
from typing import Any, Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

STRUCK_OUT = "[removed]"
FRAMES = 12

_SECRET = re.compile(
    r"password|token|secret|cookie|authorization|pepper|variables|(^|_)(key|query|body|sql|url|dsn)$"
    r"|^(document_text|source_text)$",
    re.IGNORECASE,
)
_URL_USER = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.\-]*://)[^\s/@]*@", re.IGNORECASE)


def set_up_log(log_format: Literal["auto", "console", "json"] = "auto", level: int = logging.INFO) -> None:
    """Send structlog's lines, and the standard library's, to standard error in that format."""
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        places_only,
        strike_out,
    ]
    render: Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if console
        else structlog.processors.JSONRenderer(default=str)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("homeroom").setLevel(level)
    for name in ("uvicorn", "uvicorn.error"):
        foreign = logging.getLogger(name)
        foreign.handlers.clear()
        foreign.setLevel(logging.NOTSET)
        foreign.propagate, foreign.disabled = True, False
    logging.getLogger("strawberry.execution").disabled = True


def places_only(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The event with its exception as a class and places in the code: messages may quote what people typed."""
    info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
        event["error"] = type(error).__name__
        event["frames"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return event


def strike_out(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The event without the values of secret names, and without the users of URLs in its texts."""
    return {name: STRUCK_OUT if _SECRET.search(name) else _without_users(value) for name, value in event.items()}


def _without_users(value: Any) -> Any:
    match value:
        case str():
            return _URL_USER.sub(r"\g<scheme>", value)
        case dict():
            return {k: STRUCK_OUT if _SECRET.search(str(k)) else _without_users(v) for k, v in value.items()}
        case list() | tuple():
            return [_without_users(item) for item in value]
        case _:
            return value
