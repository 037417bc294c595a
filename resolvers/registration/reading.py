"""A registration as its family sees it: the form, what is filled in of it by whom, and what is still wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

from loaders import people
from loaders.portal import registration_signatures
from loaders.portal import registrations as rows
from loaders.portal.registration_sections import OF_STUDENT, SavedSection, sections_of
from loaders.portal.registration_signatures import Signature
from loaders.portal.registrations import Registration, RegistrationStep
from loaders.portal.transaction import Reading
from loaders.registration.form import Form, Section
from resolvers.context import Context
from resolvers.portal.service import Portal
from resolvers.registration.answers import mark_of, opened
from resolvers.registration.forms import forms_of
from resolvers.registration.rights import registration_to_see, visible_registrations
from resolvers.registration.uploads import names_documents, unexamined, uploads_of_family, with_those_there
from resolvers.registration.validation import Answers, Entry, Fault, faults_of

#: What a signature's name is sealed for.
SEALED_FOR_SIGNATURE = "registration signature"


@dataclass(frozen=True, slots=True)
class Filled:
    """One section of the form with what is filled in, and the version to save it by; 0 where nothing was yet."""

    section: Section
    guardian_id: str
    version: int
    entries: Sequence[Entry]
    faults: Sequence[Fault]


@dataclass(frozen=True, slots=True)
class Seen:
    """A registration with its form and the sections that the viewer may see; no form is served any more: None, none.

    `mark` is the hash of the form's version and of all answers here: what the viewer would sign.
    """

    registration: Registration
    form: Form | None
    sections: Sequence[Filled]
    answers: Answers
    mark: str

    @property
    def complete(self) -> bool:
        """Whether it could be submitted as it is."""
        return self.form is not None and not any(filled.faults for filled in self.sections)

    @property
    def form_changed(self) -> bool:
        """Whether the form asks otherwise than when it was last filled in."""
        return self.form is not None and self.form.version != self.registration.form_version


@dataclass(frozen=True, slots=True)
class Signed:
    """The last signature under a registration; the name is for the signer and the office alone to read again."""

    signature: Signature
    own: bool
    name: str | None


@dataclass(frozen=True, slots=True)
class Holder:
    """What the source holds of the viewer."""

    given_name: str
    family_name: str
    email: str | None
    phone: str | None
    preferred_language: str | None


async def own_registrations(context: Context, school_year: int | None) -> list[Seen] | None:
    """Those that the viewer may see, the latest year first; None where the district takes none here."""
    found = await visible_registrations(context, school_year)
    portal: Portal = context.portal
    return None if found is None else [await seen(context, portal.writer, each) for each in found]


async def registration_of_id(context: Context, text: str) -> Seen | None:
    """The registration of an id; None where it is not there or the viewer may not see it, alike."""
    found = await registration_to_see(context, text)
    portal: Portal = context.portal
    return None if found is None else await seen(context, portal.writer, found)


async def seen(context: Context, store: Reading, registration: Registration) -> Seen:
    """A registration that the viewer may see, as they see it: the student's sections, and their own household's."""
    portal: Portal = context.portal
    guardian = str(context.guardian())
    form = forms_of(context.source).by_year.get(registration.school_year)
    if form is None:
        return Seen(registration, None, (), {}, "")
    saved = {(each.section, each.guardian_id): each for each in await sections_of(store, registration.id, [guardian])}
    found = {section.id: saved.get((section.id, owner(section, guardian))) for section in form.sections}
    answers: Answers = {
        name: opened(portal.sealer, registration.id, each) for name, each in found.items() if each is not None
    }
    uploads = await uploads_of_family(context, store, registration, form) if names_documents(form, answers) else []
    answers = with_those_there(form, answers, uploads)
    faults = [*faults_of(form, answers, context.today), *unexamined(form, answers, uploads)]
    return Seen(
        registration,
        form,
        [_filled(section, guardian, found[section.id], answers, faults) for section in form.sections],
        answers,
        mark_of(form, answers),
    )


def owner(section: Section, guardian_id: str) -> str:
    """Whose a section is: a household's belongs to the guardian who writes it, all else to the student."""
    return guardian_id if section.shared else OF_STUDENT


async def signature_of(context: Context, registration: Registration) -> Signed | None:
    """The last signature under it; None before there is one."""
    portal: Portal = context.portal
    found = await registration_signatures.signature_of(portal.writer, registration.id)
    if found is None:
        return None
    viewer = context.signed_in()
    own = found.account_id == viewer.account_id
    readable = own or viewer.guardian_key is None
    name = portal.sealer.open(SEALED_FOR_SIGNATURE, found.typed_name_sealed) if readable else None
    return Signed(found, own, name)


async def steps_of(context: Context, registration: Registration) -> list[tuple[RegistrationStep, bool]]:
    """The states that it has reached, in their order, each with whether the viewer brought it there."""
    portal: Portal = context.portal
    own = context.signed_in().account_id
    return [(step, step.account_id == own) for step in await rows.steps_of(portal.writer, registration.id)]


def forms_to_fill(context: Context) -> list[Form]:
    """The forms that the district takes registrations by, the latest year first; for guardians."""
    context.guardian()
    return sorted(forms_of(context.source).by_year.values(), key=lambda form: -form.school_year)


async def holder_of(context: Context) -> Holder:
    """What the source holds of the viewer, read once per operation; SourceDown where it is away."""
    if Holder not in context.loads:
        names = ("given_name", "family_name", "email", "phone", "preferred_language")
        (found,) = await context.source.fetch([people.guardians([context.guardian()])], [names])
        row = dict(zip(found.columns, found.rows[0], strict=True)) if found.rows else dict.fromkeys(names)
        context.loads[Holder] = Holder(
            row["given_name"] or "", row["family_name"] or "", row["email"], row["phone"], row["preferred_language"]
        )
    holder: Holder = context.loads[Holder]
    return holder


async def language_for(context: Context, asked: str | None) -> str | None:
    """The language to say something in: as asked for, or as the source has it of a guardian who asks."""
    if context.signed_in().guardian_key is None:
        return asked
    return asked or (await holder_of(context)).preferred_language


def _filled(
    section: Section, guardian: str, saved: SavedSection | None, answers: Answers, faults: Sequence[Fault]
) -> Filled:
    return Filled(
        section,
        owner(section, guardian),
        saved.version if saved else 0,
        answers.get(section.id, ()),
        [fault for fault in faults if fault.section == section.id],
    )
