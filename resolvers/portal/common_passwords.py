"""Passwords that many people have: 30,000 of the most common ones out of breaches, known without asking anybody.

The list is that of the zxcvbn package. A password much like a listed one is guessed right after it, so it is compared
without case, with its digits and signs read as the letters that they stand for, and without what is hung on its end.
"""

import re
from functools import cache

from zxcvbn.frequency_lists import FREQUENCY_LISTS

_STANDS_FOR = str.maketrans("@4831!05$7+", "aabeiiosstt")
_FEWEST_KINDS = 4
_SHORTEST_STEM = 4


def is_common(password: str) -> bool:
    """Whether the password, or what is left of it without its ornaments, is one of the common ones."""
    text = password.casefold()
    if len(text) > 1 and len(set(text)) < _FEWEST_KINDS:
        return True
    return any(form in _listed() for form in _forms(text))


def _forms(text: str) -> set[str]:
    """The text, and the stems that people put digits and signs around."""
    forms = {text, text.translate(_STANDS_FOR)}
    bare = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)
    # An ornament's letter may be the word's own last one: `p@$$w0rd!1`.
    for stem in (bare, re.sub(r"[\W\d_]+$", "", text), re.sub(r"\W+\d*$|\d+\W*$", "", text)):
        if len(stem) >= _SHORTEST_STEM:
            forms |= {stem, stem.translate(_STANDS_FOR)}
    return forms


@cache
def _listed() -> frozenset[str]:
    return frozenset(FREQUENCY_LISTS["passwords"])
