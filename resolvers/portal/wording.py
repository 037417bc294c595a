"""The words of mails: one file a mail and language, its first line the subject; English where there is no other.

A file is a template of `string.Template`: `$username` stands for a value. What a template names must be given, and
what is given is text: a value can bring in no line of its own into a subject.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

from resolvers.portal.texts import label

FOLDER = Path(__file__).parent / "mails"
LANGUAGES = ("en", "es")
_SUBJECT_LIMIT = 200
_VALUE_LIMIT = 2000


@dataclass(frozen=True, slots=True)
class Worded:
    """A mail's words in one language."""

    subject: str
    text: str


def language_of(preferred: str | None) -> str:
    """The language in which somebody is written to, by the BCP 47 tag that they prefer; English where it is unknown."""
    primary = (preferred or "").replace("_", "-").partition("-")[0].lower()
    return primary if primary in LANGUAGES else LANGUAGES[0]


def worded(template: str, language: str, values: Mapping[str, str]) -> Worded:
    """The mail's subject and text with these values; KeyError where the template names one that is not given."""
    subject, text = _template(template, language)
    kept = {name: label(value, _VALUE_LIMIT) for name, value in values.items()}
    return Worded(label(subject.substitute(kept), _SUBJECT_LIMIT), text.substitute(kept))


@cache
def _template(name: str, language: str) -> tuple[Template, Template]:
    subject, blank, text = (FOLDER / language / f"{name}.txt").read_text("utf-8").split("\n", 2)
    if not subject or blank:
        raise ValueError(f"The mail {name} in {language} begins with its subject and an empty line.")
    return Template(subject), Template(text)
