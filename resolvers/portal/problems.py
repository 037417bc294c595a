"""What an order refuses in the ordinary course of things: told to the client as data, each with a code of its own."""

from dataclasses import dataclass
from enum import Enum


class ProblemCode(Enum):
    """Why an order was refused."""

    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    INVALID_REFRESH_TOKEN = "INVALID_REFRESH_TOKEN"
    COOKIE_SLIDES_BY_ITSELF = "COOKIE_SLIDES_BY_ITSELF"
    COOKIE_NEEDS_HTTP = "COOKIE_NEEDS_HTTP"
    USERNAME_TOO_SHORT = "USERNAME_TOO_SHORT"
    USERNAME_TOO_LONG = "USERNAME_TOO_LONG"
    USERNAME_UNREADABLE = "USERNAME_UNREADABLE"
    USERNAME_TAKEN = "USERNAME_TAKEN"
    PASSWORD_TOO_SHORT = "PASSWORD_TOO_SHORT"
    PASSWORD_TOO_LONG = "PASSWORD_TOO_LONG"
    PASSWORD_NEEDS_LETTER = "PASSWORD_NEEDS_LETTER"
    PASSWORD_NEEDS_DIGIT = "PASSWORD_NEEDS_DIGIT"
    PASSWORD_NEEDS_SPECIAL = "PASSWORD_NEEDS_SPECIAL"
    PASSWORD_UNREADABLE = "PASSWORD_UNREADABLE"
    PASSWORD_COMMON = "PASSWORD_COMMON"
    PASSWORD_HOLDS_NAME = "PASSWORD_HOLDS_NAME"
    PASSWORD_UNCHANGED = "PASSWORD_UNCHANGED"
    PASSWORD_WRONG = "PASSWORD_WRONG"
    OWNER_AMBIGUOUS = "OWNER_AMBIGUOUS"
    CODE_WRONG = "CODE_WRONG"
    SECOND_FACTOR_MISSING = "SECOND_FACTOR_MISSING"
    SECOND_FACTOR_ENABLED = "SECOND_FACTOR_ENABLED"
    SECOND_FACTOR_OF_STAFF = "SECOND_FACTOR_OF_STAFF"


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal: its code, a sentence for people, and the input that it is about (empty: the whole order)."""

    code: ProblemCode
    message: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """An order that was not carried out, with everything that was wrong with it; never empty."""

    problems: tuple[Problem, ...]
