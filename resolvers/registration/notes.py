"""What the school has written to a family about a registration, and what of it the family may change for that."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from loaders.portal import registration_review as rows
from loaders.portal import registrations
from loaders.portal.registration_review import Note
from loaders.portal.registration_sections import OF_STUDENT
from loaders.portal.registrations import Registration, RegistrationState
from loaders.portal.transaction import Reading
from loaders.registration.form import Form, Section
from resolvers.context import Context
from resolvers.portal.service import Portal
from resolvers.registration.validation import Entry, Fault

#: What the notes to families are sealed for.
SEALED_FOR_NOTE = "registration note"


@dataclass(frozen=True, slots=True)
class Written:
    """Something that the school has written to the family; `section` None is about the registration as a whole."""

    state: RegistrationState
    written_at: datetime
    by: str | None
    text: str
    section: str | None = None
    entry: int | None = None
    field: str | None = None
    guardian_id: str | None = None


class Unlocked:
    """What of a section may be changed: all of it, or some fields by their names; none of them: nothing."""

    __slots__ = ("fields", "whole")

    def __init__(self, fields: Collection[str] = (), *, whole: bool = False) -> None:
        self.whole = whole
        self.fields = frozenset(fields)

    def __bool__(self) -> bool:
        return self.whole or bool(self.fields)


async def written_of(context: Context, registration: Registration) -> list[Written]:
    """All that the school has written to the family, in its order; to a guardian nothing of another's household."""
    portal: Portal = context.portal
    viewer = context.signed_in()
    own = None if viewer.guardian_key is None else {OF_STUDENT, str(viewer.guardian_key)}
    notes: dict[int, list[Note]] = {}
    for each in await rows.notes_of(portal.writer, registration.id):
        if own is None or each.guardian_id in own:
            notes.setdefault(each.step_id, []).append(each)
    found = []
    for step in await registrations.steps_of(portal.writer, registration.id):
        if step.note_sealed is not None:
            text = portal.sealer.open(SEALED_FOR_NOTE, step.note_sealed)
            found.append(Written(step.state, step.happened_at, step.by_name, text))
        for each in notes.get(step.id, ()):
            text = portal.sealer.open(SEALED_FOR_NOTE, each.text_sealed)
            whose = each.guardian_id or None
            found.append(
                Written(step.state, step.happened_at, step.by_name, text, each.section, each.entry, each.field, whose)
            )
    return found


async def unlocked(
    store: Reading, registration: Registration, form: Form, section: Section, guardian: str, faults: Sequence[Fault]
) -> Unlocked:
    """What a guardian may change of a section now: all of a draft, and of what was sent back what was asked for.

    Where the school has named nothing, everything; and whatever is wrong by now, for without it nothing can be signed.
    """
    if registration.state is RegistrationState.DRAFT:
        return Unlocked(whole=True)
    steps = await registrations.steps_of(store, registration.id)
    asked = [step.id for step in steps if step.state is RegistrationState.NEEDS_CHANGES][-1:]
    notes = [each for each in await rows.notes_of(store, registration.id) if each.step_id in asked]
    if not notes:
        return Unlocked(whole=True)
    own = [each for each in notes if each.section == section.id and each.guardian_id in (OF_STUDENT, guardian)]
    broken = [fault for fault in faults if fault.section == section.id]
    if any(each.field is None for each in own) or any(fault.field is None for fault in broken):
        return Unlocked(whole=True)
    names = {each.field for each in own} | {fault.field for fault in broken}
    return Unlocked(_with_dependents(form, section, {name for name in names if name}, notes))


def changes_beyond(allowed: Unlocked, before: Sequence[Entry], after: Sequence[Entry]) -> list[str]:
    """The fields that differ although they may not; entries come and go only where the whole section may change."""
    if allowed.whole:
        return []
    found: dict[str, None] = {}
    for n in range(max(len(before), len(after))):
        old, new = (_at(entries, n) for entries in (before, after))
        for name in dict.fromkeys([*old, *new]):
            if list(old.get(name, ())) != list(new.get(name, ())) and name not in allowed.fields:
                found[name] = None
    return list(found)


def _at(entries: Sequence[Entry], n: int) -> Mapping[str, Sequence[str]]:
    return entries[n] if n < len(entries) else {}


def _with_dependents(form: Form, section: Section, names: set[str], notes: Sequence[Note]) -> set[str]:
    """With the fields that are asked for only by what another unlocked one says, for they come and go with it."""
    open_ = {(each.section, each.field) for each in notes} | {(section.id, name) for name in names}
    wide = {each.section for each in notes if each.field is None}
    for at, each in form.fields():
        when = each.when
        if when is not None and ((when.section, when.field) in open_ or when.section in wide):
            open_.add((at.id, each.id))
    return {name for at, name in open_ if at == section.id and name is not None}
