"""What is wrong with a registration, by the rules that the form serves: section, entry, field and rule are named.

A value is a list of texts: none where nothing is filled in, one for most kinds, several for CHOICES and DOCUMENT.
Nothing here refuses a draft: a save keeps what was typed and tells the faults, a submission wants none.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from loaders.registration.form import Condition, Field, FieldKind, Form, Rule, RuleCode, Section
from loaders.registration.patterns import matches

#: One entry of a section: the values of its fields by their ids.
Entry = Mapping[str, Sequence[str]]
#: All that is filled in: the entries of each section by its id.
Answers = Mapping[str, Sequence[Entry]]

_EMPTY: Entry = {}
#: What fills nothing in. White space is spelled out, here and below, for languages do not agree on what is one.
BLANK = " \t\n\r"


@dataclass(frozen=True, slots=True)
class Fault:
    """One demand that is not met; `entry` counts from 0, `field` is None where the section as a whole is meant."""

    section: str
    entry: int
    field: str | None
    rule: Rule


def faults_of(form: Form, answers: Answers, today: date) -> list[Fault]:
    """Everything that is wrong, in the form's order; an empty list can be submitted."""
    return [fault for section in form.sections for fault in faults_of_section(section, answers, today)]


def faults_of_section(section: Section, answers: Answers, today: date) -> Iterator[Fault]:
    """Everything that is wrong with one section; what its conditions hide is not looked at."""
    entries = answers.get(section.id, ())
    if section.repeats:
        if len(entries) < section.least:
            yield Fault(section.id, len(entries), None, Rule(RuleCode.MIN_ENTRIES, str(section.least)))
        if len(entries) > section.most:
            yield Fault(section.id, section.most, None, Rule(RuleCode.MAX_ENTRIES, str(section.most)))
    else:
        entries = entries[:1] or (_EMPTY,)
    for number, entry in enumerate(entries[: section.most]):
        for field in section.fields:
            if is_asked(field, section, entry, answers):
                yield from (
                    Fault(section.id, number, field.id, rule) for rule in broken(field, entry.get(field.id, ()), today)
                )


def is_asked(field: Field, section: Section, entry: Entry, answers: Answers) -> bool:
    """Whether the field's condition, if it has one, holds; a field that is hidden itself holds nothing."""
    when = field.when
    return when is None or _holds(when, section, entry, answers)


def _holds(when: Condition, section: Section, entry: Entry, answers: Answers) -> bool:
    at = entry if when.section == section.id else next(iter(answers.get(when.section, ())), _EMPTY)
    values = [value for value in at.get(when.field, ()) if value]
    return bool(values) if not when.values else any(value in when.values for value in values)


def broken(field: Field, values: Sequence[str], today: date) -> Iterator[Rule]:
    """The rules that the values of one field break; an empty one breaks only REQUIRED."""
    filled = [value for value in values if value.strip(BLANK)]
    if not filled:
        yield from (rule for rule in field.rules if rule.code is RuleCode.REQUIRED)
        return
    if not _of_kind(field, filled):
        yield Rule(RuleCode.KIND, field.kind.value)
        return
    for rule in field.rules:
        if rule.code is RuleCode.MAX_DOCUMENTS and len(filled) > int(rule.value):
            yield rule
        check = _CHECKS.get(rule.code)
        if check is not None and not all(check(value, rule.value, today) for value in filled):
            yield rule


def _of_kind(field: Field, values: list[str]) -> bool:
    if len(values) > 1 and field.kind not in _SEVERAL:
        return False
    if field.choices:
        known = {choice.value for choice in field.choices}
        return len(set(values)) == len(values) and all(value in known for value in values)
    return all(_KINDS[field.kind](value) for value in values)


def _is_date(value: str) -> bool:
    try:
        return re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII) is not None and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _is_line(value: str) -> bool:
    return not re.search(r"[\x00-\x1f\x7f]", value)


_EMAIL = r"[^@\x00-\x20\x7f]+@[^@\x00-\x20\x7f.]+(\.[^@\x00-\x20\x7f.]+)+"
_SEVERAL = frozenset({FieldKind.CHOICES, FieldKind.DOCUMENT})
_KINDS: Mapping[FieldKind, Callable[[str], bool]] = {
    FieldKind.TEXT: _is_line,
    FieldKind.LONG_TEXT: lambda value: not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", value),
    FieldKind.INTEGER: lambda value: re.fullmatch(r"-?\d{1,9}", value, re.ASCII) is not None,
    FieldKind.DECIMAL: lambda value: re.fullmatch(r"-?\d{1,9}(\.\d{1,4})?", value, re.ASCII) is not None,
    FieldKind.DATE: _is_date,
    FieldKind.BOOLEAN: lambda value: value in ("true", "false"),
    FieldKind.EMAIL: lambda value: re.fullmatch(_EMAIL, value) is not None,
    FieldKind.PHONE: lambda value: re.fullmatch(r"\+?[0-9() ./-]{7,40}", value, re.ASCII) is not None,
    FieldKind.AGREEMENT: lambda value: value == "true",
    FieldKind.DOCUMENT: lambda value: re.fullmatch(r"[0-9]{1,18}", value, re.ASCII) is not None,
}


def _day(bound: str, today: date) -> date:
    return today if bound == "today" else date.fromisoformat(bound)


#: Lengths count code points, as Python and a front end's [...text].length do.
_CHECKS: Mapping[RuleCode, Callable[[str, str, date], bool]] = {
    RuleCode.MIN_LENGTH: lambda value, bound, _: len(value) >= int(bound),
    RuleCode.MAX_LENGTH: lambda value, bound, _: len(value) <= int(bound),
    RuleCode.PATTERN: lambda value, bound, _: matches(bound, value),
    RuleCode.MIN: lambda value, bound, _: Decimal(value) >= Decimal(bound),
    RuleCode.MAX: lambda value, bound, _: Decimal(value) <= Decimal(bound),
    RuleCode.EARLIEST: lambda value, bound, today: date.fromisoformat(value) >= _day(bound, today),
    RuleCode.LATEST: lambda value, bound, today: date.fromisoformat(value) <= _day(bound, today),
}
