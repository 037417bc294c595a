"""The password policy: the rule of the district's quick reference, on the password in its NFKC form.

NIST SP 800-63B-4 (3.1.1.2) and OWASP ASVS 5.0 (6.2.5) advise length over composition; the rule here is the one that
the district publishes to its parents, and the throttle on failures stands beside it.
"""

import unicodedata
from dataclasses import dataclass
from typing import Protocol

from resolvers.portal.problems import Problem, ProblemCode
from resolvers.portal.texts import normalized, readable


@dataclass(frozen=True, slots=True)
class Policy:
    """What a password must hold; lengths in characters, inclusive."""

    min_length: int = 8
    max_length: int = 128
    letters: bool = True
    digits: bool = True
    special: bool = True


POLICY = Policy()


class Hasher(Protocol):
    """Makes and verifies password hashes, away from the event loop; raises Overloaded where too many wait for it."""

    async def hash(self, password: str) -> str:
        """The hash of a password, to be stored."""
        ...

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether the password made the stored hash; None takes the same work and is never right."""
        ...

    def needs_rehash(self, stored: str) -> bool:
        """Whether the hash was made in a way that is no longer ours."""
        ...


def broken_rules(password: str, policy: Policy = POLICY) -> list[Problem]:
    """Every rule that the password breaks, in the order in which people read them; it is never cut or changed."""
    text = normalized(password)
    if text is None and len(password) > policy.max_length:
        return [_problem(ProblemCode.PASSWORD_TOO_LONG, f"Use at most {policy.max_length} characters.")]
    if text is None or not readable(text):
        return [_problem(ProblemCode.PASSWORD_UNREADABLE, "Use only characters that can be typed and read.")]
    kinds = {_kind(character) for character in text}
    rules = (
        (
            len(text) < policy.min_length,
            ProblemCode.PASSWORD_TOO_SHORT,
            f"Use at least {policy.min_length} characters.",
        ),
        (len(text) > policy.max_length, ProblemCode.PASSWORD_TOO_LONG, f"Use at most {policy.max_length} characters."),
        (policy.letters and "letter" not in kinds, ProblemCode.PASSWORD_NEEDS_LETTER, "Use at least one letter."),
        (policy.digits and "digit" not in kinds, ProblemCode.PASSWORD_NEEDS_DIGIT, "Use at least one digit."),
        (
            policy.special and "special" not in kinds,
            ProblemCode.PASSWORD_NEEDS_SPECIAL,
            "Use at least one special character, such as @, #, $ or %.",
        ),
    )
    return [_problem(code, message) for broken, code, message in rules if broken]


def _kind(character: str) -> str:
    """`letter` with its marks, `digit`, or `special`, which is everything else."""
    category = unicodedata.category(character)
    if category[0] in "LM":
        return "letter"
    return "digit" if category == "Nd" else "special"


def _problem(code: ProblemCode, message: str) -> Problem:
    return Problem(code, message, ("password",))
