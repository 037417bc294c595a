"""The rules of the form: laws over drawn answers, and that the served form says the same to a front end."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders.registration.form import Field, FieldKind, Form, Rule, RuleCode
from resolvers.registration.validation import Answers, broken, faults_of
from resolvers.registration.wording import said
from schema.api import schema
from tests.portal import House
from tests.registration import demo_form, guardian, open_forms, right_entry
from tests.world import TODAY, World

FORM = demo_form()
SCRIPT = Path(__file__).parents[2] / "node" / "registration.js"
CASES = 60
SERVED = """{ me { registrationForms(language: "en") { sections { id least most fields {
  id kind rules { code value } choices { value } condition { section field values } } } } } }"""
_TYPED = [
    *("", " ", "true", "false", "x", "Maple Falls", "MO", "mo", "65101", "651011", "0", "-3", "12.5", "12.50001"),
    *("2015-02-29", "2016-02-29", "2026-11-23", "2026-11-24", "1999-01-01", "573-555-0142", "12", "+1 (573) 555-0142"),
    *("dana@families.example", "dana@families", "two\nlines", "tab\there", "\x07", "é" * 41, "😀" * 121, "٣", "1" * 19),
]


def drawn(form: Form) -> st.SearchStrategy[dict[str, list[dict[str, list[str]]]]]:
    """Answers that are right, wrong, too many and too few, of every field."""

    def value(field: Any) -> st.SearchStrategy[str]:
        known = [choice.value for choice in field.choices]
        return st.sampled_from([*known, *_TYPED] if known else _TYPED) | st.text(
            st.characters(codec="utf-8"), max_size=4
        )

    def entry(section: Any) -> st.SearchStrategy[dict[str, list[str]]]:
        right = right_entry(section)
        fields = {
            field.id: st.just(right.get(field.id, [])) | st.lists(value(field), max_size=2) for field in section.fields
        }
        return st.fixed_dictionaries({}, optional=fields) | st.fixed_dictionaries(fields)

    return st.fixed_dictionaries({}, optional={s.id: st.lists(entry(s), max_size=s.most + 1) for s in form.sections})


def told(answers: Answers) -> list[tuple[Any, ...]]:
    return [(f.section, f.entry, f.field, f.rule.code.value, f.rule.value) for f in faults_of(FORM, answers, TODAY)]


def test_what_is_right_has_no_fault_and_what_is_empty_breaks_what_is_required_alone() -> None:
    assert told({section.id: [right_entry(section)] for section in FORM.sections}) == []
    empty = faults_of(FORM, {}, TODAY)
    assert {fault.rule.code for fault in empty} == {RuleCode.REQUIRED, RuleCode.MIN_ENTRIES}
    conditional = {(section.id, field.id) for section, field in FORM.fields() if field.when is not None}
    assert not {(fault.section, fault.field) for fault in empty} & conditional


@given(drawn(FORM))
@settings(max_examples=40)
def test_every_fault_is_of_a_field_that_is_asked_and_of_a_rule_that_is_served(answers: Answers) -> None:
    for fault in faults_of(FORM, answers, TODAY):
        section = FORM.by_id[fault.section]
        field = section.field(fault.field) if fault.field else None
        if field is None:
            assert fault.rule.code in (RuleCode.MIN_ENTRIES, RuleCode.MAX_ENTRIES)
        else:
            assert fault.rule in field.rules or fault.rule.code is RuleCode.KIND
        assert said(fault.rule, "en") != said(fault.rule, "es-MX")
        assert "{" not in said(fault.rule, "es")
    assert told(answers) == told(json.loads(json.dumps(answers)))


@given(drawn(FORM), st.sampled_from(FORM.sections))
@settings(max_examples=40)
def test_what_stands_in_one_section_is_of_no_concern_to_those_that_do_not_ask_for_it(
    answers: Answers, changed: Any
) -> None:
    asking = {s.id for s, f in FORM.fields() if f.when is not None and f.when.section == changed.id} | {changed.id}
    other = {**answers, changed.id: [right_entry(changed)]}
    assert [each for each in told(answers) if each[0] not in asking] == [
        each for each in told(other) if each[0] not in asking
    ]


#: A field's kind, a rule of it, and values that keep and break it, each just so.
BOUNDS = [
    (FieldKind.TEXT, Rule(RuleCode.MIN_LENGTH, "2"), "ab", "a"),
    (FieldKind.TEXT, Rule(RuleCode.MAX_LENGTH, "2"), "😀é", "abc"),
    (FieldKind.TEXT, Rule(RuleCode.PATTERN, "[A-Z]{2}"), "MO", "MOX"),
    (FieldKind.INTEGER, Rule(RuleCode.MIN, "3"), "3", "2"),
    (FieldKind.DECIMAL, Rule(RuleCode.MAX, "2.5"), "2.5000", "2.5001"),
    (FieldKind.DATE, Rule(RuleCode.EARLIEST, "2003-01-01"), "2003-01-01", "2002-12-31"),
    (FieldKind.DATE, Rule(RuleCode.LATEST, "today"), "2026-11-23", "2026-11-24"),
]


@pytest.mark.parametrize(("kind", "rule", "kept", "against"), BOUNDS)
def test_each_bound_holds_to_the_last_value_that_it_allows(
    kind: FieldKind, rule: Rule, kept: str, against: str
) -> None:
    field = Field("x", kind, {}, {}, (rule,))
    assert [*broken(field, [kept], TODAY)] == []
    assert [*broken(field, [against], TODAY)] == [rule]
    assert [*broken(field, ["", " \n"], TODAY)] == []


def test_documents_are_counted_and_blank_ones_are_none() -> None:
    rule = Rule(RuleCode.MAX_DOCUMENTS, "2")
    field = Field("x", FieldKind.DOCUMENT, {}, {}, (rule,))
    assert [*broken(field, ["1", "", "2"], TODAY)] == []
    assert [*broken(field, ["1", "2", "3"], TODAY)] == [rule]


@pytest.mark.node
async def test_a_front_end_that_has_the_served_form_alone_finds_the_same_faults(
    house: House, world: World, node: str
) -> None:
    open_forms(world.source)
    answer = await schema.execute(SERVED, context_value=await guardian(house, world.source, 3))
    assert not answer.errors, answer.errors
    assert answer.data is not None
    (form,) = answer.data["me"]["registrationForms"]
    cases: list[Any] = []

    @given(drawn(FORM))
    @settings(max_examples=CASES)
    def collect(answers: Answers) -> None:
        cases.append(answers)

    collect()
    for section, field in FORM.fields():
        cases += [{section.id: [{**right_entry(section), field.id: [value]}]} for value in _TYPED]
    given_ = json.dumps({"form": form, "today": TODAY.isoformat(), "cases": cases})
    process = await asyncio.create_subprocess_exec(
        node, str(SCRIPT), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate(given_.encode())
    assert process.returncode == 0
    found = json.loads(output)
    assert len(found) == len(cases) >= CASES
    for case, theirs in zip(cases, found, strict=True):
        assert [tuple(each) for each in theirs] == told(case), case
    codes = {each[3] for each in (fault for faults in found for fault in faults)}
    assert {"KIND", "REQUIRED", "MAX_LENGTH", "PATTERN", "EARLIEST", "LATEST", "MAX_ENTRIES"} <= codes
