"""What a broken rule and a state are called, in the languages that families read: sentences that can be shown."""

from loaders.portal.registrations import RegistrationState
from loaders.registration.form import FieldKind, Rule, RuleCode
from resolvers.portal.wording import language_of

_KINDS = {
    "en": {
        FieldKind.TEXT: "Write this on one line.",
        FieldKind.LONG_TEXT: "Use only characters that can be read.",
        FieldKind.INTEGER: "Give a whole number.",
        FieldKind.DECIMAL: "Give a number, with at most four decimals.",
        FieldKind.DATE: "Give a date as year, month and day: 2019-04-30.",
        FieldKind.BOOLEAN: "Answer yes or no.",
        FieldKind.CHOICE: "Choose one of the list.",
        FieldKind.CHOICES: "Choose from the list, each once.",
        FieldKind.EMAIL: "Give an e-mail address.",
        FieldKind.PHONE: "Give a telephone number.",
        FieldKind.AGREEMENT: "This must be agreed to.",
        FieldKind.DOCUMENT: "Hand in a document.",
    },
    "es": {
        FieldKind.TEXT: "Escriba esto en una sola línea.",
        FieldKind.LONG_TEXT: "Use solo caracteres que se puedan leer.",
        FieldKind.INTEGER: "Dé un número entero.",
        FieldKind.DECIMAL: "Dé un número, con cuatro decimales como máximo.",
        FieldKind.DATE: "Dé una fecha con año, mes y día: 2019-04-30.",
        FieldKind.BOOLEAN: "Responda sí o no.",
        FieldKind.CHOICE: "Elija una opción de la lista.",
        FieldKind.CHOICES: "Elija de la lista, cada opción una vez.",
        FieldKind.EMAIL: "Dé una dirección de correo electrónico.",
        FieldKind.PHONE: "Dé un número de teléfono.",
        FieldKind.AGREEMENT: "Debe aceptar esto.",
        FieldKind.DOCUMENT: "Entregue un documento.",
    },
}
_RULES = {
    "en": {
        RuleCode.REQUIRED: "This must be filled in.",
        RuleCode.MIN_LENGTH: "Use at least {bound} characters.",
        RuleCode.MAX_LENGTH: "Use at most {bound} characters.",
        RuleCode.PATTERN: "This has not the form that is asked for.",
        RuleCode.MIN: "Give {bound} or more.",
        RuleCode.MAX: "Give {bound} or less.",
        RuleCode.EARLIEST: "Give {bound} or a later day.",
        RuleCode.LATEST: "Give {bound} or an earlier day.",
        RuleCode.MIN_ENTRIES: "Fill in at least {bound}.",
        RuleCode.MAX_ENTRIES: "Fill in at most {bound}.",
        RuleCode.MEDIA_TYPES: "Hand in files of these types: {bound}.",
        RuleCode.MAX_BYTES: "Hand in files of at most {bound} bytes.",
        RuleCode.MAX_DOCUMENTS: "Hand in at most {bound} documents.",
        RuleCode.EXAMINED: "This document is being examined for viruses; wait until that is done.",
    },
    "es": {
        RuleCode.REQUIRED: "Debe completar esto.",
        RuleCode.MIN_LENGTH: "Use al menos {bound} caracteres.",
        RuleCode.MAX_LENGTH: "Use {bound} caracteres como máximo.",
        RuleCode.PATTERN: "Esto no tiene la forma que se pide.",
        RuleCode.MIN: "Dé {bound} o más.",
        RuleCode.MAX: "Dé {bound} o menos.",
        RuleCode.EARLIEST: "Dé {bound} o un día posterior.",
        RuleCode.LATEST: "Dé {bound} o un día anterior.",
        RuleCode.MIN_ENTRIES: "Complete al menos {bound}.",
        RuleCode.MAX_ENTRIES: "Complete {bound} como máximo.",
        RuleCode.MEDIA_TYPES: "Entregue archivos de estos tipos: {bound}.",
        RuleCode.MAX_BYTES: "Entregue archivos de {bound} bytes como máximo.",
        RuleCode.MAX_DOCUMENTS: "Entregue {bound} documentos como máximo.",
        RuleCode.EXAMINED: "Se está comprobando que este documento no tenga virus; espere a que termine.",
    },
}
_STATES = {
    "en": {
        RegistrationState.DRAFT: "It is begun.",
        RegistrationState.SUBMITTED: "It was signed and submitted.",
        RegistrationState.IN_REVIEW: "The school looks at it.",
        RegistrationState.NEEDS_CHANGES: "The school asks you to change something.",
        RegistrationState.HOLD: "The school waits for something before it decides.",
        RegistrationState.APPROVED: "The school has approved it.",
        RegistrationState.DENIED: "The school has denied it.",
        RegistrationState.WITHDRAWN: "It was withdrawn.",
        RegistrationState.EXPORTED: "It has gone into the school's own system.",
    },
    "es": {
        RegistrationState.DRAFT: "Está empezada.",
        RegistrationState.SUBMITTED: "Se firmó y se envió.",
        RegistrationState.IN_REVIEW: "La escuela la está revisando.",
        RegistrationState.NEEDS_CHANGES: "La escuela le pide que cambie algo.",
        RegistrationState.HOLD: "La escuela espera algo antes de decidir.",
        RegistrationState.APPROVED: "La escuela la ha aprobado.",
        RegistrationState.DENIED: "La escuela la ha denegado.",
        RegistrationState.WITHDRAWN: "Se retiró.",
        RegistrationState.EXPORTED: "Ha pasado al sistema de la escuela.",
    },
}
_TODAY = {"en": "today", "es": "hoy"}


def said(rule: Rule, language: str | None) -> str:
    """What is demanded where the rule is broken, in a language; English where it is none of ours."""
    spoken = language_of(language)
    if rule.code is RuleCode.KIND:
        return _KINDS[spoken][FieldKind(rule.value)]
    bound = _TODAY[spoken] if rule.value == "today" else rule.value
    return _RULES[spoken][rule.code].format(bound=bound)


def state_said(state: RegistrationState, language: str | None) -> str:
    """What a state is called in a mail, in a language; English where it is none of ours."""
    return _STATES[language_of(language)][state]
