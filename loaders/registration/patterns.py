"""The patterns that a form may demand: few enough words that every language reads them alike and none takes long.

A pattern is matched against the whole value. It is a row of characters, sets and classes, each with its count; there
are no groups, no alternatives and at most one unbounded count, so that matching is linear on any machine.
"""

import re

_ATOM = re.compile(r"\\[dD./()+\\\[\]?*]|\[\^?(?:\\[\]\\\-d]|[^\\\[\]^])+\]|[A-Za-z0-9 ,:;@#&%_'\"\-/=!]")
_COUNT = re.compile(r"[?*+]|\{\d{1,3}(?:,\d{0,3})?\}")


def pattern_fault(pattern: str) -> str | None:
    """What keeps a pattern from being used; None where nothing does."""
    at, unbounded = 0, 0
    while at < len(pattern):
        atom = _ATOM.match(pattern, at)
        if atom is None:
            return f"{pattern[at]!r} at character {at + 1} is more than a form's pattern may use."
        at = atom.end()
        count = _COUNT.match(pattern, at)
        if count is not None:
            at = count.end()
            unbounded += count.group() in "*+" or count.group().endswith(",}")
    if unbounded > 1:
        return "more than one *, + or {n,}: bound all but one of them."
    try:
        re.compile(pattern, re.ASCII)
    except re.error as error:
        return f"{error}."
    return None


def matches(pattern: str, value: str) -> bool:
    """Whether the whole value is as the pattern says."""
    return re.fullmatch(pattern, value, re.ASCII) is not None
