"""What people type into forms: brought into one form, and everything that is wrong with it told at once."""

import re
import unicodedata

from resolvers.portal.common_passwords import is_common
from resolvers.portal.problems import Problem, ProblemCode
from resolvers.portal.texts import readable

_LINES = "\n\r\t"
#: Normalizing takes time that grows with the square of a run of combining marks: no run may be longer.
_MARKS = re.compile(r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{5}")

_WORD = r"(?:pass\s?-?word|passwd|pass\s?code|pwd|pw|contrase[nñ]a|clave)"
_LABELLED = re.compile(rf"\b{_WORD}\s*[:=]\s*\S{{3}}", re.I)
_SAID = re.compile(rf"\b{_WORD}\s+(?:is|was|es|era|fue)\s*:?\s*[\"'“«]?(\S+)", re.I)
_QUOTED = re.compile(rf"\b{_WORD}\s+(?:(?:is|was|es|era|fue)\s+)?[\"“«']\S", re.I)
_HARMLESS = re.compile(
    r"[^@\s]+@[^@\s]+\.\w+|\w+://\S+|www\.\S+|[\w.-]+\.(?:com|org|net|edu|us|gov)(?:/\S*)?"
    r"|\d{4}-\d\d-\d\d[Tt ]\S*|\d{1,2}:\d\d(?:[ap]\.?m\.?)?(?:[-–]\d{1,2}:\d\d(?:[ap]\.?m\.?)?)?"
    r"|\d+(?:st|nd|rd|th)[-/–][a-z-]+|[a-z]+-\d{1,3}|[0-9A-Z]{4}-[0-9A-Z]{4}",
    re.I,
)
_SHORTEST = 8


def typed(
    given: str, most: int, path: tuple[str, ...], problems: list[Problem], *, least: int = 1, lines: bool = False
) -> str:
    """The text in NFKC and without space around it; what is wrong with it is added to the problems.

    With `lines`, it may have several. A text of fewer than `least` characters is missing; 0 lets it be empty.
    """
    if len(given) > 4 * most:
        problems.append(_too_long(most, path))
        return ""
    if any("\ud800" <= character <= "\udfff" for character in given) or _MARKS.search(given):
        problems.append(_unreadable(path))
        return ""
    text = unicodedata.normalize("NFKC", given).replace("\r\n", "\n").strip()
    inside = "".join(character for character in text if character not in _LINES) if lines else text
    if not readable(inside):
        problems.append(_unreadable(path))
    elif len(text) < least:
        words = "This must be filled in." if least == 1 else f"Use at least {least} characters."
        problems.append(Problem(ProblemCode.TEXT_MISSING, words, path))
    elif len(text) > most:
        problems.append(_too_long(most, path))
    return text


def refuse_password(text: str, path: tuple[str, ...], problems: list[Problem], *, words: bool = False) -> None:
    """Adds a problem where the text says a password, or with `words`, where one of its words has the form of one.

    The problem says where, and never repeats it.
    """
    said = _SAID.search(text)
    if _LABELLED.search(text) or _QUOTED.search(text) or (said is not None and _telling(said[1])):
        problems.append(
            Problem(
                ProblemCode.PASSWORD_IN_TEXT,
                "Take the password out of this text: nobody here needs it, and nobody will ask for it.",
                path,
            )
        )
        return
    for number, word in enumerate(text.split(), 1) if words else ():
        if _like_a_password(word):
            problems.append(
                Problem(
                    ProblemCode.PASSWORD_IN_TEXT,
                    f"Word {number} of this text looks like a password: take it out, or write it otherwise.",
                    path,
                )
            )
            return


def _telling(word: str) -> bool:
    """Whether the word behind `password is` is one: `wrong` is not, `maple7` and `iloveyou` are."""
    bare = word.strip(".,;:!?\"'”»")
    plain = bare.isalpha() and bare.casefold() in _SAYS_NOTHING
    return bool(bare) and not plain and (not bare.isalpha() or is_common(bare))


def _like_a_password(word: str) -> bool:
    bare = word.strip("\"'“”«»()[]{}<>").rstrip(".,;:?")
    if len(bare) < _SHORTEST or _HARMLESS.fullmatch(bare):
        return False
    kinds = {unicodedata.category(character)[0] for character in bare}
    return "L" in kinds and "N" in kinds and bool(kinds - {"L", "N", "M"})


def _too_long(most: int, path: tuple[str, ...]) -> Problem:
    return Problem(ProblemCode.TEXT_TOO_LONG, f"Use at most {most:,} characters.", path)


def _unreadable(path: tuple[str, ...]) -> Problem:
    return Problem(ProblemCode.TEXT_UNREADABLE, "Use only characters that can be typed and read.", path)


_WORDS = (
    "wrong lost forgotten expired incorrect invalid missing unknown not no never always refused rejected correct right "
    "the a an my too on in of to for and also still now gone good bad new old set reset being incorrecta errónea "
    "equivocada incorrecto correcta olvidada perdida vencida inválida muy la el mi una nueva vieja"
)
_SAYS_NOTHING = frozenset(_WORDS.split())
