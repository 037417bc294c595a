"""The registration form as it is served: all that a front end needs to draw it, and to check it as the gateway does."""

import datetime

import strawberry

from loaders.registration import form as forms
from loaders.registration.form import FieldKind, RuleCode
from schema.enums import described
from schema.levels import SIZE

described(
    FieldKind,
    "RegistrationFieldKind",
    "What a field asks for. A value travels as text, in the form that is named here; read a kind you do not know as "
    "TEXT.",
    {
        FieldKind.TEXT: "One line of text.",
        FieldKind.LONG_TEXT: "Text of several lines.",
        FieldKind.INTEGER: "A whole number: up to nine digits, with a minus before them or not.",
        FieldKind.DECIMAL: "A number: up to nine digits, and up to four behind a point.",
        FieldKind.DATE: "A date: 2019-04-30.",
        FieldKind.BOOLEAN: "`true` or `false`.",
        FieldKind.CHOICE: "One of `choices`.",
        FieldKind.CHOICES: "Some of `choices`, each once: a field of several values.",
        FieldKind.EMAIL: "An e-mail address: something, an @, and a name with a dot, without spaces.",
        FieldKind.PHONE: "A telephone number: 7 to 40 digits, spaces and ( ) . / -, a plus before them or not.",
        FieldKind.AGREEMENT: "`true`: what must be agreed to.",
        FieldKind.DOCUMENT: "Documents that were handed in for the field, by their ids: a field of several values.",
    },
)
described(
    RuleCode,
    "RegistrationRuleCode",
    "What is demanded of a value; one that is empty, or holds spaces, tabs and line ends alone, breaks REQUIRED alone. "
    "Lengths count Unicode code points.",
    {
        RuleCode.KIND: "The value is of the field's kind.",
        RuleCode.REQUIRED: "It is filled in.",
        RuleCode.MIN_LENGTH: "It has so many characters at the least.",
        RuleCode.MAX_LENGTH: "It has so many characters at the most.",
        RuleCode.PATTERN: "All of it matches the pattern, as by ECMAScript with the `u` flag.",
        RuleCode.MIN: "It is this number or more.",
        RuleCode.MAX: "It is this number or less.",
        RuleCode.EARLIEST: "It is this day or a later one.",
        RuleCode.LATEST: "It is this day or an earlier one.",
        RuleCode.MIN_ENTRIES: "The section has so many entries at the least.",
        RuleCode.MAX_ENTRIES: "The section has so many entries at the most.",
        RuleCode.MEDIA_TYPES: "A document is of one of these media types, which stand with spaces between them; held "
        "when it is handed in.",
        RuleCode.MAX_BYTES: "A document has so many bytes at the most; held when it is handed in.",
        RuleCode.MAX_DOCUMENTS: "There are so many documents at the most.",
        RuleCode.EXAMINED: "A document that must be there was examined and is clean; told by the gateway alone.",
    },
)


@strawberry.type(description="One demand that a field makes.")
class RegistrationRule:
    code: RuleCode = strawberry.field(description="Which.")
    value: str = strawberry.field(
        description="Its bound as text, empty where it has none; `today` is a day's that moves."
    )


@strawberry.type(description="One value that can be chosen.")
class RegistrationChoice:
    value: str = strawberry.field(description="What is saved.")
    label: str = strawberry.field(description="What it is called.")


@strawberry.type(
    description="When a field is asked: where another one holds one of these values. A hidden field is not checked."
)
class RegistrationCondition:
    section: str = strawberry.field(description="The other field's section; in the field's own, of the same entry.")
    field: str = strawberry.field(description="The other field.")
    values: list[str] = strawberry.field(description="One of these; any value where the list is empty.")


@strawberry.type(description="One thing that is asked.")
class RegistrationField:
    id: str = strawberry.field(description="Its name in the section: what `AnswerInput.field` takes.")
    kind: FieldKind = strawberry.field(description="What is asked for.")
    label: str = strawberry.field(description="What it is called.")
    help: str = strawberry.field(description="What else is to be said of it; empty where nothing is.")
    required: bool = strawberry.field(description="Whether it must be filled in where it is asked.")
    rules: list[RegistrationRule] = strawberry.field(
        description="What is demanded of its values besides the kind.", metadata={SIZE: 2}
    )
    choices: list[RegistrationChoice] = strawberry.field(description="What can be chosen, in this order.")
    condition: RegistrationCondition | None = strawberry.field(description="When it is asked; null: always.")


@strawberry.type(description="Some fields under one title.")
class RegistrationFormSection:
    id: str = strawberry.field(description="Its name: what `SaveRegistrationInput.section` takes.")
    title: str = strawberry.field(description="What it is called.")
    help: str = strawberry.field(description="What else is to be said of it; empty where nothing is.")
    shared: bool = strawberry.field(
        description="Whether it is a household's: its guardian alone sees what stands in it, and a sibling's "
        "registration starts with a copy."
    )
    least: int = strawberry.field(description="How many entries it has at the least.")
    most: int = strawberry.field(description="How many entries it has at the most; with `least` 1 and 1 it is no list.")
    fields: list[RegistrationField] = strawberry.field(description="What is asked, in this order.")


@strawberry.type(description="The days on which a school takes registrations.")
class RegistrationWindow:
    school_sourced_id: str | None = strawberry.field(
        description="The school by its key in the source; null: every school that has no window of its own."
    )
    opens_on: datetime.date = strawberry.field(description="The first day.")
    closes_on: datetime.date = strawberry.field(description="The last day.")


@strawberry.type(description="A school year's registration form, in one language.")
class RegistrationForm:
    school_year: int = strawberry.field(description="The year in which the school year ends.")
    version: str = strawberry.field(description="Another one as soon as anything else is asked.")
    language: str = strawberry.field(description="The language of its texts, by BCP 47.")
    languages: list[str] = strawberry.field(description="The languages that it is there in.")
    title: str = strawberry.field(description="What it is called.")
    statement: str = strawberry.field(description="What a guardian signs.")
    sections: list[RegistrationFormSection] = strawberry.field(description="What is asked, in this order.")
    windows: list[RegistrationWindow] = strawberry.field(description="When it is taken.")

    @classmethod
    def of(cls, form: forms.Form, language: str | None) -> "RegistrationForm":
        """The form in a language, or its first where it is not there in that."""

        def said(text: forms.Text) -> str:
            return form.text(text, language)

        return cls(
            school_year=form.school_year,
            version=form.version,
            language=form.language(language),
            languages=list(form.languages),
            title=said(form.title),
            statement=said(form.statement),
            sections=[
                RegistrationFormSection(
                    id=section.id,
                    title=said(section.title),
                    help=said(section.help),
                    shared=section.shared,
                    least=section.least,
                    most=section.most,
                    fields=[_field(form, field, language) for field in section.fields],
                )
                for section in form.sections
            ],
            windows=[
                RegistrationWindow(school_sourced_id=w.school, opens_on=w.opens_on, closes_on=w.closes_on)
                for w in form.windows
            ],
        )


def _field(form: forms.Form, field: forms.Field, language: str | None) -> RegistrationField:
    when = field.when
    return RegistrationField(
        id=field.id,
        kind=field.kind,
        label=form.text(field.label, language),
        help=form.text(field.help, language),
        required=field.required,
        rules=[RegistrationRule(code=rule.code, value=rule.value) for rule in field.rules],
        choices=[RegistrationChoice(value=c.value, label=form.text(c.label, language)) for c in field.choices],
        condition=None
        if when is None
        else RegistrationCondition(section=when.section, field=when.field, values=list(when.values)),
    )
