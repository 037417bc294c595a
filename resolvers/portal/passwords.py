"""The password policy: what a password must hold and must not be, on its NFKC form; every broken rule at once.

The profile `seed` is the rule of the district's quick reference (page 3), as it is told to parents; NIST SP 800-63B-4
(3.1.1.2) and OWASP ASVS 5.0 (6.2.5) advise length over composition, and `nist` is theirs.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from resolvers.portal.common_passwords import is_common
from resolvers.portal.problems import Problem, ProblemCode
from resolvers.portal.texts import normalized, readable


@dataclass(frozen=True, slots=True)
class Policy:
    """What a password must hold and must not be; lengths in characters, inclusive."""

    min_length: int = 8
    max_length: int = 128
    letters: bool = True
    digits: bool = True
    special: bool = True
    refuses_common: bool = True
    refuses_names: bool = True


SEED = Policy()
NIST = Policy(min_length=15, letters=False, digits=False, special=False)
PROFILES = {"seed": SEED, "nist": NIST}

_SHORT_NAME = 3


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


def broken_rules(
    password: str, policy: Policy = SEED, names: Iterable[str] = (), path: tuple[str, ...] = ("password",)
) -> list[Problem]:
    """Every rule that the password breaks, in the order in which people read them; it is never cut or changed.

    `names` are what people around the account are called, the account itself among them; `path` is the input that the
    problems are about.
    """
    return [Problem(code, message, path) for code, message in _broken(password, policy, names)]


def _broken(password: str, policy: Policy, names: Iterable[str]) -> list[tuple[ProblemCode, str]]:
    text = normalized(password)
    if text is None and len(password) > policy.max_length:
        return [(ProblemCode.PASSWORD_TOO_LONG, f"Use at most {policy.max_length} characters.")]
    if text is None or not readable(text):
        return [(ProblemCode.PASSWORD_UNREADABLE, "Use only characters that can be typed and read.")]
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
        (
            policy.refuses_common and is_common(text),
            ProblemCode.PASSWORD_COMMON,
            "This password, or one much like it, is known from other sites: use one that nobody else has.",
        ),
        (
            policy.refuses_names and holds_name(text, names),
            ProblemCode.PASSWORD_HOLDS_NAME,
            "Use no user name and no name of your family.",
        ),
    )
    return [(code, message) for broken, code, message in rules if broken]


def holds_name(password: str, names: Iterable[str]) -> bool:
    """Whether a word of these names is in the password, however it is cased.

    A word of three letters counts where it stands by itself, so that Ana may eat a banana; a shorter one never does.
    """
    text = password.casefold()
    alone = set(_words(text))
    words = {word for name in names for word in _words((normalized(name) or "").casefold())}
    return any(word in text if len(word) > _SHORT_NAME else word in alone for word in words if len(word) >= _SHORT_NAME)


def _words(text: str) -> list[str]:
    """The runs of letters in a text."""
    return "".join(character if _kind(character) == "letter" else " " for character in text).split()


def _kind(character: str) -> str:
    """`letter` with its marks, `digit`, or `special`, which is everything else."""
    category = unicodedata.category(character)
    if category[0] in "LM":
        return "letter"
    return "digit" if category == "Nd" else "special"
