"""The scalars: one meaning per name, strict on input, each with the document that specifies it."""

import datetime
import re
from decimal import Decimal as PythonDecimal
from decimal import InvalidOperation
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

URL = NewType("URL", str)
EmailAddress = NewType("EmailAddress", str)

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_TIME = re.compile(r"\d{2}:\d{2}(:\d{2})?", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,15}(\.\d{1,10})?", re.ASCII)
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")


def _text(value: Any, pattern: re.Pattern[str], what: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise GraphQLError(what)
    return value


def _parse_date(value: Any) -> datetime.date:
    what = "Date must be a text like 2026-11-23."
    try:
        return datetime.date.fromisoformat(_text(value, _DATE, what))
    except ValueError:
        raise GraphQLError(what) from None


def _parse_instant(value: Any) -> datetime.datetime:
    what = "DateTime must be a text like 2026-11-23T14:05:00Z."
    try:
        return datetime.datetime.fromisoformat(_text(value, _INSTANT, what).upper()).astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        raise GraphQLError(what) from None


def _parse_time(value: Any) -> datetime.time:
    what = "LocalTime must be a text like 08:15."
    try:
        return datetime.time.fromisoformat(_text(value, _TIME, what))
    except ValueError:
        raise GraphQLError(what) from None


def _parse_decimal(value: Any) -> PythonDecimal:
    what = 'Decimal must be a text like "92.50".'
    try:
        return PythonDecimal(_text(value, _DECIMAL, what))
    except InvalidOperation:
        raise GraphQLError(what) from None


def _instant_text(value: Any) -> str:
    """RFC 3339 in UTC with a `Z`."""
    text: str = value.astimezone(datetime.UTC).isoformat()
    return text.removesuffix("+00:00") + "Z"


def _decimal_text(value: PythonDecimal) -> str:
    if not value.is_finite():
        raise GraphQLError("A decimal number must be finite.")
    return format(value, "f")


SCALARS: dict[object, ScalarDefinition] = {
    datetime.date: strawberry.scalar(
        name="Date",
        description="A day as the school counts it, like `2026-11-23`.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
        serialize=lambda value: value.isoformat(),
        parse_value=_parse_date,
    ),
    datetime.datetime: strawberry.scalar(
        name="DateTime",
        description="An instant by RFC 3339, always in UTC on the way out, like `2026-11-23T14:05:00Z`.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=_instant_text,
        parse_value=_parse_instant,
    ),
    datetime.time: strawberry.scalar(
        name="LocalTime",
        description="A time of day where the school is, like `08:15`.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
        serialize=lambda value: value.isoformat(timespec="minutes"),
        parse_value=_parse_time,
    ),
    PythonDecimal: strawberry.scalar(
        name="Decimal",
        description='An exact decimal number as a text, like `"92.50"`; grades are never floats.',
        specified_by_url="https://speleotrove.com/decimal/daconvs.html",
        serialize=_decimal_text,
        parse_value=_parse_decimal,
    ),
    URL: strawberry.scalar(
        name="URL",
        description="An absolute URL.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3986",
        serialize=str,
        parse_value=lambda value: URL(_text(value, re.compile(r"https?://\S{1,2000}"), "URL must be absolute.")),
    ),
    EmailAddress: strawberry.scalar(
        name="EmailAddress",
        description="An e-mail address, like `ana@example.org`.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc5322#section-3.4.1",
        serialize=str,
        parse_value=lambda value: EmailAddress(
            _text(value, _EMAIL, "EmailAddress must be an address like ana@example.org.")
        ),
    ),
}
