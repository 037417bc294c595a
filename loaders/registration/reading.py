"""A district's form read from its TOML file: every fault is told at once, each with its place in the file."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from loaders.errors import LoaderError
from loaders.registration.form import (
    Choice,
    Condition,
    FieldKind,
    Form,
    Rule,
    RuleCode,
    Section,
    Text,
    Window,
)
from loaders.registration.form import Field as FormField
from loaders.registration.media import ENDINGS, MOST_BYTES, MOST_DOCUMENTS, USUAL_BYTES, USUAL_DOCUMENTS
from loaders.registration.patterns import pattern_fault
from loaders.registration.targets import EXPORTS, PREFILLS, export_faults
from loaders.registration.version import version_of

DEFAULT_FORM = Path(__file__).with_name("default.toml")

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Words = dict[str, Annotated[str, Field(min_length=1, max_length=4_000)]]


class FormInvalid(LoaderError):
    """A form's file cannot be used; the message names the file, and each place in it with what is wrong there."""

    code = "FORM_INVALID"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Choice(_Part):
    value: Annotated[str, Field(min_length=1, max_length=60)]
    label: Words


class _When(_Part):
    field: str
    values: tuple[str, ...] = ()


class _Field(_Part):
    id: Id
    kind: str
    label: Words
    help: Words = {}
    required: bool = False
    min_length: Annotated[int, Field(ge=1)] | None = None
    max_length: Annotated[int, Field(ge=1, le=10_000)] | None = None
    pattern: str | None = None
    min: str | int | None = None
    max: str | int | None = None
    earliest: date | str | None = None
    latest: date | str | None = None
    choices: tuple[_Choice, ...] = ()
    media_types: tuple[str, ...] = ()
    max_bytes: Annotated[int, Field(ge=1, le=MOST_BYTES)] | None = None
    max_documents: Annotated[int, Field(ge=1, le=MOST_DOCUMENTS)] | None = None
    when: _When | None = None
    prefill: str | None = None
    export: str | None = None


class _Section(_Part):
    id: Id
    title: Words
    help: Words = {}
    shared: bool = False
    least: Annotated[int, Field(ge=0)] = 1
    most: Annotated[int, Field(ge=1, le=20)] = 1
    fields: Annotated[tuple[_Field, ...], Field(min_length=1, max_length=60)]


class _Window(_Part):
    school: str | None = None
    opens_on: date
    closes_on: date


class _Form(_Part):
    school_year: Annotated[int, Field(ge=2000, le=2200)]
    languages: Annotated[tuple[str, ...], Field(min_length=1)]
    title: Words
    statement: Words
    sections: Annotated[tuple[_Section, ...], Field(min_length=1, max_length=30)]
    windows: tuple[_Window, ...] = ()


def read_forms(folder: Path) -> dict[int, Form]:
    """The forms in a folder's .toml files, by school year; FormInvalid where one is faulty, or none is there."""
    forms: dict[int, Form] = {}
    for path in sorted(folder.glob("*.toml")):
        form = read_form(path)
        if form.school_year in forms:
            raise FormInvalid(f"{path.name}: another file of the folder is for school year {form.school_year} too.")
        forms[form.school_year] = form
    if not forms:
        raise FormInvalid(f"{folder.name} holds no registration form: put one .toml file for each school year there.")
    return forms


def read_form(path: Path) -> Form:
    """The form in a file; FormInvalid lists everything that is wrong with it."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise FormInvalid(f"{path.name} cannot be read ({type(error).__name__}).") from error
    except UnicodeDecodeError as error:
        raise FormInvalid(f"{path.name}: {error}") from error
    return parse_form(path.name, text)


def parse_form(name: str, text: str) -> Form:
    """The form that a text is, under the file's name in what is told; FormInvalid as `read_form` raises it."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FormInvalid(f"{name}: {error}") from error
    try:
        parts = _Form.model_validate(_tuples(raw))
    except ValidationError as error:
        faults = [f"{_place(raw, each['loc'])}: {each['msg']}" for each in error.errors(include_url=False)]
        raise FormInvalid(_told(name, faults)) from error
    form = _form(parts)
    faults = list(_faults(parts, form))
    if faults:
        raise FormInvalid(_told(name, faults))
    return form


def _told(name: str, faults: list[str]) -> str:
    return "\n  ".join([f"{name} is no registration form:", *faults])


def _tuples(value: Any) -> Any:
    """TOML's arrays as tuples, which strict models want."""
    if isinstance(value, list):
        return tuple(_tuples(each) for each in value)
    return {name: _tuples(each) for name, each in value.items()} if isinstance(value, dict) else value


def _place(raw: Any, location: tuple[int | str, ...]) -> str:
    """`sections.student.birth_date.label`: by the ids that people gave, not by numbers."""
    words: list[str] = []
    for step in location:
        try:
            raw = raw[step]
        except (KeyError, IndexError, TypeError):
            raw = None
        if isinstance(step, int):
            words.append(str(raw["id"]) if isinstance(raw, dict) and "id" in raw else str(step + 1))
        elif step != "fields":
            words.append(step)
    return ".".join(words)


def _form(parts: _Form) -> Form:
    sections = tuple(
        Section(
            section.id,
            section.title,
            section.help,
            tuple(_field(section, each) for each in section.fields),
            section.shared,
            section.least,
            section.most,
        )
        for section in parts.sections
    )
    windows = tuple(Window(each.school, each.opens_on, each.closes_on) for each in parts.windows)
    form = Form(parts.school_year, parts.languages, parts.title, parts.statement, sections, windows)
    return replace(form, version=version_of(form))


def _field(section: _Section, given: _Field) -> FormField:
    kind = FieldKind(given.kind) if given.kind in FieldKind.__members__ else FieldKind.TEXT
    bounds = {
        RuleCode.MIN_LENGTH: given.min_length,
        RuleCode.MAX_LENGTH: given.max_length or _LONGEST.get(kind),
        RuleCode.PATTERN: given.pattern,
        RuleCode.MIN: given.min,
        RuleCode.MAX: given.max,
        RuleCode.EARLIEST: given.earliest,
        RuleCode.LATEST: given.latest,
    }
    rules = [Rule(RuleCode.REQUIRED)] if given.required else []
    rules += [Rule(code, str(value)) for code, value in bounds.items() if value is not None]
    if kind is FieldKind.DOCUMENT:
        rules.append(Rule(RuleCode.MEDIA_TYPES, " ".join(given.media_types or ENDINGS)))
        rules.append(Rule(RuleCode.MAX_BYTES, str(given.max_bytes or USUAL_BYTES)))
        rules.append(Rule(RuleCode.MAX_DOCUMENTS, str(given.max_documents or USUAL_DOCUMENTS)))
    choices = tuple(Choice(each.value, each.label) for each in given.choices)
    return FormField(
        given.id, kind, given.label, given.help, tuple(rules), choices, _condition(section, given), given.prefill,
        given.export,
    )  # fmt: skip


#: What a text may hold where the form says nothing.
_LONGEST = {FieldKind.TEXT: 200, FieldKind.LONG_TEXT: 2_000, FieldKind.EMAIL: 254, FieldKind.PHONE: 40}


def _condition(section: _Section, given: _Field) -> Condition | None:
    if given.when is None:
        return None
    at, _, name = given.when.field.rpartition(".")
    return Condition(at or section.id, name, given.when.values)


_FITTING: dict[str, frozenset[FieldKind]] = {
    "min_length": frozenset({FieldKind.TEXT, FieldKind.LONG_TEXT}),
    "max_length": frozenset({FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.EMAIL, FieldKind.PHONE}),
    "pattern": frozenset({FieldKind.TEXT, FieldKind.PHONE}),
    "min": frozenset({FieldKind.INTEGER, FieldKind.DECIMAL}),
    "max": frozenset({FieldKind.INTEGER, FieldKind.DECIMAL}),
    "earliest": frozenset({FieldKind.DATE}),
    "latest": frozenset({FieldKind.DATE}),
    "choices": frozenset({FieldKind.CHOICE, FieldKind.CHOICES}),
    "media_types": frozenset({FieldKind.DOCUMENT}),
    "max_bytes": frozenset({FieldKind.DOCUMENT}),
    "max_documents": frozenset({FieldKind.DOCUMENT}),
}


def _faults(parts: _Form, form: Form) -> Iterator[str]:
    """Everything that the shape alone does not show."""
    first = form.languages[0]
    for place, text in _texts(form):
        if first not in text:
            yield f"{place}: say it in {first}, the form's first language."
        for language in sorted(text.keys() - set(form.languages)):
            yield f"{place}: {language} is none of the form's languages."
    yield from _twice("sections", [section.id for section in form.sections])
    for section in parts.sections:
        place = f"sections.{section.id}"
        yield from _twice(place, [each.id for each in section.fields])
        if section.least > section.most:
            yield f"{place}: least is more than most."
        for given in section.fields:
            yield from (f"{place}.{given.id}{fault}" for fault in _field_faults(section, given))
    yield from _twice("export", [each.export for section in parts.sections for each in section.fields if each.export])
    yield from _condition_faults(form)
    for window in form.windows:
        if window.opens_on > window.closes_on:
            yield f"windows: one closes on {window.closes_on}, before it opens on {window.opens_on}."
    for school in {window.school for window in form.windows}:
        own = sorted((w for w in form.windows if w.school == school), key=lambda w: w.opens_on)
        for one, next_one in pairwise(own):
            if next_one.opens_on <= one.closes_on:
                yield f"windows: two of {school or 'every school'} lie over each other on {next_one.opens_on}."


def _field_faults(section: _Section, given: _Field) -> Iterator[str]:
    if given.kind not in FieldKind.__members__:
        yield f".kind: {given.kind!r} is none of {', '.join(FieldKind.__members__)}."
        return
    kind = FieldKind(given.kind)
    for name, kinds in _FITTING.items():
        if getattr(given, name) not in (None, ()) and kind not in kinds:
            yield f".{name}: a field of kind {kind.value} has none."
    if kind in _FITTING["choices"]:
        if not given.choices:
            yield ".choices: list what can be chosen."
        yield from (f".choices{fault}" for fault in _twice("", [each.value for each in given.choices]))
    for media_type in given.media_types:
        if media_type not in ENDINGS:
            yield f".media_types: {media_type!r} is none of {', '.join(ENDINGS)}."
    yield from (f".media_types{fault}" for fault in _twice("", list(given.media_types)))
    for name in ("min", "max"):
        if getattr(given, name) is not None and _number(getattr(given, name)) is None:
            yield f".{name}: {getattr(given, name)!r} is no number."
    for name in ("earliest", "latest"):
        value = getattr(given, name)
        if isinstance(value, str) and value != "today":
            yield f'.{name}: write a date without quotes, or "today".'
    fault = None if given.pattern is None else pattern_fault(given.pattern)
    if fault is not None:
        yield f".pattern: {fault}"
    if given.prefill is not None and given.prefill not in PREFILLS:
        yield f".prefill: {given.prefill!r} is none of {', '.join(sorted(PREFILLS))}."
    if given.export is not None and given.export not in EXPORTS:
        yield f".export: {given.export!r} is none of {', '.join(sorted(EXPORTS))}."
    elif given.export is not None:
        chosen = {choice.value for choice in given.choices}
        yield from (
            f".export: {fault}" for fault in export_faults(given.export, kind, chosen, several=section.most > 1)
        )
    if kind is FieldKind.AGREEMENT and not given.required:
        yield ".required: what is agreed to must be required; ask a BOOLEAN where no is an answer."


def _condition_faults(form: Form) -> Iterator[str]:
    seen: dict[tuple[str, str], FormField] = {}
    for section, each in form.fields():
        if each.when is not None:
            place = f"sections.{section.id}.{each.id}.when"
            on = seen.get((each.when.section, each.when.field))
            other = form.by_id.get(each.when.section)
            if on is None:
                yield f"{place}: {each.when.section}.{each.when.field} is no field that comes before this one."
            elif other is not None and other.repeats and other.id != section.id:
                yield f"{place}: {other.id} has several entries; name a field of a section that has one."
            elif on.choices:
                for value in sorted(set(each.when.values) - {choice.value for choice in on.choices}):
                    yield f"{place}: {value!r} cannot be chosen in {each.when.section}.{each.when.field}."
        seen[section.id, each.id] = each


def _texts(form: Form) -> Iterator[tuple[str, Text]]:
    yield "title", form.title
    yield "statement", form.statement
    for section in form.sections:
        place = f"sections.{section.id}"
        yield f"{place}.title", section.title
        if section.help:
            yield f"{place}.help", section.help
        for each in section.fields:
            yield f"{place}.{each.id}.label", each.label
            if each.help:
                yield f"{place}.{each.id}.help", each.help
            for choice in each.choices:
                yield f"{place}.{each.id}.choices.{choice.value}.label", choice.label


def _twice(place: str, names: list[str]) -> Iterator[str]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{place}: {name} is there twice."


def _number(value: str | int) -> Decimal | None:
    try:
        return Decimal(value) if not isinstance(value, str) or re.fullmatch(r"-?\d+(\.\d+)?", value) else None
    except InvalidOperation:
        return None
