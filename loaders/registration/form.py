"""What a registration form is: sections of fields with kinds, rules and conditions, and when schools take it.

A form is data that a district owns (see reading.py). It is served as it stands, so that a front end can draw and check
it, and the gateway checks by the same rules.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from functools import cached_property


class FieldKind(Enum):
    """What a field asks for; a value travels as text, in the form that is named here."""

    TEXT = "TEXT"
    LONG_TEXT = "LONG_TEXT"
    INTEGER = "INTEGER"
    DECIMAL = "DECIMAL"
    DATE = "DATE"
    BOOLEAN = "BOOLEAN"
    CHOICE = "CHOICE"
    CHOICES = "CHOICES"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    AGREEMENT = "AGREEMENT"
    DOCUMENT = "DOCUMENT"


class RuleCode(Enum):
    """What is demanded of a value. KIND is what the kind itself demands; the others name their bound.

    Of documents, MEDIA_TYPES and MAX_BYTES are held when one is handed in, EXAMINED by the gateway alone.
    """

    KIND = "KIND"
    REQUIRED = "REQUIRED"
    MIN_LENGTH = "MIN_LENGTH"
    MAX_LENGTH = "MAX_LENGTH"
    PATTERN = "PATTERN"
    MIN = "MIN"
    MAX = "MAX"
    EARLIEST = "EARLIEST"
    LATEST = "LATEST"
    MIN_ENTRIES = "MIN_ENTRIES"
    MAX_ENTRIES = "MAX_ENTRIES"
    MEDIA_TYPES = "MEDIA_TYPES"
    MAX_BYTES = "MAX_BYTES"
    MAX_DOCUMENTS = "MAX_DOCUMENTS"
    EXAMINED = "EXAMINED"


#: A text in the form's languages, by BCP 47 tag; the form's first language is always there.
Text = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One demand, and its bound as text; `today` is a day's bound that moves."""

    code: RuleCode
    value: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value that can be chosen, and what it is called."""

    value: str
    label: Text


@dataclass(frozen=True, slots=True)
class Condition:
    """The field is asked only where another one, earlier in the form, holds one of these values (none: any value)."""

    section: str
    field: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that is asked. `prefill` and `export` name what it comes from in the source, and where it goes."""

    id: str
    kind: FieldKind
    label: Text
    help: Text
    rules: tuple[Rule, ...] = ()
    choices: tuple[Choice, ...] = ()
    when: Condition | None = None
    prefill: str | None = None
    export: str | None = None

    @property
    def required(self) -> bool:
        """Whether it must be filled in where it is asked."""
        return any(rule.code is RuleCode.REQUIRED for rule in self.rules)

    def bound(self, code: RuleCode) -> str:
        """The bound of one of its rules; empty where it has no such rule."""
        return next((rule.value for rule in self.rules if rule.code is code), "")


@dataclass(frozen=True, slots=True)
class Section:
    """Some fields under one title; `shared` ones are copied from a sibling, repeated ones have several entries."""

    id: str
    title: Text
    help: Text
    fields: tuple[Field, ...]
    shared: bool = False
    least: int = 1
    most: int = 1

    @property
    def repeats(self) -> bool:
        """Whether it has a list of entries in place of one."""
        return (self.least, self.most) != (1, 1)

    def field(self, name: str) -> Field | None:
        """The field of that name."""
        return next((each for each in self.fields if each.id == name), None)


@dataclass(frozen=True, slots=True)
class Window:
    """The days, both included, on which a school takes registrations; `school` None stands for every other school."""

    school: str | None
    opens_on: date
    closes_on: date


@dataclass(frozen=True)
class Form:
    """One school year's form. `version` is the hash of what it asks: a draft says which one it was filled in by."""

    school_year: int
    languages: tuple[str, ...]
    title: Text
    statement: Text
    sections: tuple[Section, ...]
    windows: tuple[Window, ...]
    version: str = field(default="", compare=False)

    @cached_property
    def by_id(self) -> Mapping[str, Section]:
        """The sections by their ids."""
        return {section.id: section for section in self.sections}

    def text(self, text: Text, language: str | None) -> str:
        """A text in a language, or in its language without the region, or in the form's first; empty where none is."""
        wanted = (language or "").replace("_", "-")
        return text.get(wanted) or text.get(wanted.split("-")[0]) or text.get(self.languages[0], "")

    def language(self, wanted: str | None) -> str:
        """The language that is spoken to somebody who wants that one: it, without its region, or the form's first."""
        tag = (wanted or "").replace("_", "-")
        return next((each for each in (tag, tag.split("-")[0]) if each in self.languages), self.languages[0])

    def windows_of(self, school: str) -> list[Window]:
        """When a school takes registrations: by its own windows, or else by those of every school; in their order."""
        own = [window for window in self.windows if window.school == school]
        return sorted(own or [window for window in self.windows if window.school is None], key=lambda w: w.opens_on)

    def window_on(self, school: str, day: date) -> Window | None:
        """The window of a school that is open on a day."""
        return next((w for w in self.windows_of(school) if w.opens_on <= day <= w.closes_on), None)

    def opens_after(self, school: str, day: date) -> date | None:
        """The first day after this one on which a window of the school opens."""
        return next((w.opens_on for w in self.windows_of(school) if w.opens_on > day), None)

    def fields(self) -> Iterator[tuple[Section, Field]]:
        """Every field with its section, in the form's order."""
        return ((section, each) for section in self.sections for each in section.fields)
