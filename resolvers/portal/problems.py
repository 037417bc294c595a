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
    SESSION_NOT_FOUND = "SESSION_NOT_FOUND"
    TEXT_MISSING = "TEXT_MISSING"
    TEXT_TOO_LONG = "TEXT_TOO_LONG"
    TEXT_UNREADABLE = "TEXT_UNREADABLE"
    TOO_MANY_STUDENTS = "TOO_MANY_STUDENTS"
    REQUEST_NOT_FOUND = "REQUEST_NOT_FOUND"
    STATE_WRONG = "STATE_WRONG"
    PASSWORD_IN_TEXT = "PASSWORD_IN_TEXT"
    ACCOUNT_NOT_FOUND = "ACCOUNT_NOT_FOUND"
    ACCOUNT_NOT_STAFF = "ACCOUNT_NOT_STAFF"
    OWN_ACCOUNT = "OWN_ACCOUNT"
    ROLES_MISSING = "ROLES_MISSING"


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
