"""The words of notifications, in the languages that families read: a sentence for each kind, and a line for each thing.

A sentence says what there is and of whom, and no grade; what stands there is a line's `detail`, for who wants it told.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from loaders.contract import AttendanceExcuse, AttendanceStatus
from resolvers.notifications.folding import Verdict
from resolvers.notifications.rules import NotificationKind
from resolvers.notifications.standing import Standing
from resolvers.portal.texts import label
from resolvers.portal.wording import language_of

LONGEST_NAME = 120

#: Of each kind: of one thing, of several; then, where it can be so, of one and of several that were corrected.
_SENTENCES: Mapping[str, Mapping[NotificationKind, Sequence[str]]] = {
    "en": {
        NotificationKind.GRADE_POSTED: (
            "A new grade for {student}",
            "{n} new grades for {student}",
            "A grade of {student} was corrected",
            "{n} grades of {student} were corrected",
        ),
        NotificationKind.GRADE_CROSSED: (
            "A grade of {student} has crossed the line that you set",
            "{n} grades of {student} have crossed the line that you set",
        ),
        NotificationKind.ASSIGNMENT_SCORED: (
            "A new score for {student}",
            "{n} new scores for {student}",
            "A score of {student} was corrected",
            "{n} scores of {student} were corrected",
        ),
        NotificationKind.MISSING_WORK: (
            "A piece of work of {student} is missing",
            "{n} pieces of work of {student} are missing",
        ),
        NotificationKind.DUE_SOON: (
            "A piece of work of {student} is due soon",
            "{n} pieces of work of {student} are due soon",
        ),
        NotificationKind.ATTENDANCE: (
            "A new attendance mark for {student}",
            "{n} new attendance marks for {student}",
            "An attendance mark of {student} was corrected",
            "{n} attendance marks of {student} were corrected",
        ),
        NotificationKind.DOCUMENT: (
            "A new document for {student}",
            "{n} new documents for {student}",
            "A document of {student} was corrected",
            "{n} documents of {student} were corrected",
        ),
        NotificationKind.MESSAGE: ("A new message from school", "{n} new messages from school"),
        NotificationKind.REGISTRATION: ("There is news of a registration", "There is news of {n} registrations"),
        NotificationKind.SUPPORT: ("The support desk has answered", "The support desk has given {n} answers"),
    },
    "es": {
        NotificationKind.GRADE_POSTED: (
            "Una calificación nueva de {student}",
            "{n} calificaciones nuevas de {student}",
            "Se corrigió una calificación de {student}",
            "Se corrigieron {n} calificaciones de {student}",
        ),
        NotificationKind.GRADE_CROSSED: (
            "Una calificación de {student} ha cruzado el límite que usted fijó",
            "{n} calificaciones de {student} han cruzado el límite que usted fijó",
        ),
        NotificationKind.ASSIGNMENT_SCORED: (
            "Una nota nueva de {student}",
            "{n} notas nuevas de {student}",
            "Se corrigió una nota de {student}",
            "Se corrigieron {n} notas de {student}",
        ),
        NotificationKind.MISSING_WORK: (
            "Falta un trabajo de {student}",
            "Faltan {n} trabajos de {student}",
        ),
        NotificationKind.DUE_SOON: (
            "{student} debe entregar pronto un trabajo",
            "{student} debe entregar pronto {n} trabajos",
        ),
        NotificationKind.ATTENDANCE: (
            "Un registro de asistencia nuevo de {student}",
            "{n} registros de asistencia nuevos de {student}",
            "Se corrigió un registro de asistencia de {student}",
            "Se corrigieron {n} registros de asistencia de {student}",
        ),
        NotificationKind.DOCUMENT: (
            "Un documento nuevo de {student}",
            "{n} documentos nuevos de {student}",
            "Se corrigió un documento de {student}",
            "Se corrigieron {n} documentos de {student}",
        ),
        NotificationKind.MESSAGE: ("Un mensaje nuevo de la escuela", "{n} mensajes nuevos de la escuela"),
        NotificationKind.REGISTRATION: (
            "Hay novedades de una inscripción",
            "Hay novedades de {n} inscripciones",
        ),
        NotificationKind.SUPPORT: (
            "La mesa de ayuda ha respondido",
            "La mesa de ayuda ha dado {n} respuestas",
        ),
    },
}
_STATUS = {
    "en": {
        AttendanceStatus.ABSENT: "absent",
        AttendanceStatus.TARDY: "tardy",
        AttendanceStatus.EARLY_RELEASE: "left early",
        AttendanceStatus.PRESENT: "present",
    },
    "es": {
        AttendanceStatus.ABSENT: "ausente",
        AttendanceStatus.TARDY: "tarde",
        AttendanceStatus.EARLY_RELEASE: "salió antes",
        AttendanceStatus.PRESENT: "presente",
    },
}
_EXCUSE = {
    "en": {
        AttendanceExcuse.EXCUSED: "excused",
        AttendanceExcuse.UNEXCUSED: "unexcused",
        AttendanceExcuse.EXEMPT: "exempt",
    },
    "es": {
        AttendanceExcuse.EXCUSED: "justificado",
        AttendanceExcuse.UNEXCUSED: "sin justificar",
        AttendanceExcuse.EXEMPT: "exento",
    },
}
_SAID = {
    "en": {
        "due": "due {day}",
        "gone": "taken back",
        "child": "your child",
        "several": "{n} pieces of news",
        "hello": "Hello {name},",
        "see": "Log in to see it: {portal}",
        "why": "You are told this by the notification rules of your account at {district}. To change them, or to be "
        "told nothing more, log in and open your notification settings.",
    },
    "es": {
        "due": "para el {day}",
        "gone": "retirado",
        "child": "su hijo o hija",
        "several": "{n} novedades",
        "hello": "Hola, {name}:",
        "see": "Inicie sesión para verlo: {portal}",
        "why": "Recibe este aviso por las reglas de notificación de su cuenta en {district}. Para cambiarlas, o para "
        "no recibir más avisos, inicie sesión y abra los ajustes de notificaciones.",
    },
}


def sentence(kind: NotificationKind, number: int, student: str | None, language: str, *, corrects: bool = False) -> str:
    """What there is, and of whom."""
    spoken = language_of(language)
    forms = _SENTENCES[spoken][kind]
    form = forms[(2 if corrects and len(forms) > 2 else 0) + (number != 1)]
    return form.format(n=number, student=label(student, LONGEST_NAME) or _SAID[spoken]["child"])


def said(what: str, language: str, **values: object) -> str:
    """One of the words around it."""
    return _SAID[language_of(language)][what].format(**values)


def line(
    kind: NotificationKind, standing: Standing | None, verdict: Verdict, language: str, *, detail: bool
) -> str | None:
    """A thing in one line: what it is called, and with `detail` what stands there; None where that is nothing."""
    spoken = language_of(language)
    if standing is None:
        return said("gone", spoken) if verdict is Verdict.TAKEN_BACK else None
    name = _name(standing)
    value = None
    if verdict is Verdict.TAKEN_BACK:
        value = said("gone", spoken)
    elif kind in (NotificationKind.DUE_SOON, NotificationKind.MISSING_WORK) and standing.day is not None:
        value = said("due", spoken, day=standing.day.isoformat())
    elif detail:
        value = _value(standing, spoken)
    return ": ".join(part for part in (name, value) if part) or None


def _name(standing: Standing) -> str:
    if standing.status is not None:
        return _when(standing.day, standing.period)
    named = standing.title or standing.course or ""
    return f"{named} ({standing.course})" if standing.title and standing.course else named


def _when(day: date | None, period: str | None) -> str:
    parts = [
        "" if day is None else day.isoformat(),
        period or "",
    ]
    return ", ".join(part for part in parts if part)


def _value(standing: Standing, language: str) -> str | None:
    if standing.status is not None:
        words = [_STATUS[language].get(standing.status), _EXCUSE[language].get(standing.excuse)]  # type: ignore[arg-type]
        return ", ".join(word for word in words if word)
    parts = []
    if standing.percent is not None:
        parts.append(f"{_plain(standing.percent)} %")
    if standing.points is not None:
        possible = "" if standing.points_possible is None else f"/{_plain(standing.points_possible)}"
        parts.append(f"{_plain(standing.points)}{possible}")
    if standing.letter:
        parts.append(standing.letter)
    return ", ".join(parts) or None


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
