"""A receipt as a sheet of texts: who signed what, and every answer section by section."""

from collections.abc import Mapping
from itertools import groupby

from gateway.papers.press import Part, Sheet
from resolvers.portal.wording import language_of
from resolvers.registration.receipts import Answered, Receipt

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "receipt": "Receipt",
        "student": "Student",
        "school": "School",
        "number": "Registration number",
        "question": "Question",
        "answer": "Answer",
        "signature": "Signature",
        "signed_by": "Signed by typing the full name",
        "signed_at": "Signed at",
        "session": "Session",
        "statement": "Statement",
        "statement_sha256": "SHA-256 of the statement",
        "answers_sha256": "SHA-256 of the answers",
        "form": "Version of the form",
        "note": "What was signed, as it was shown. Later answers do not change it.",
        "page": "Page",
    },
    "es": {
        "receipt": "Recibo",
        "student": "Estudiante",
        "school": "Escuela",
        "number": "Número de inscripción",
        "question": "Pregunta",
        "answer": "Respuesta",
        "signature": "Firma",
        "signed_by": "Firmado escribiendo el nombre completo",
        "signed_at": "Firmado el",
        "session": "Sesión",
        "statement": "Declaración",
        "statement_sha256": "SHA-256 de la declaración",
        "answers_sha256": "SHA-256 de las respuestas",
        "form": "Versión del formulario",
        "note": "Lo que se firmó, como se mostró. Las respuestas posteriores no lo cambian.",
        "page": "Página",
    },
}
_WIDTHS = (4, 6)


def sheet_of_receipt(receipt: Receipt) -> Sheet:
    """The sheet of a receipt, in the language in which it was signed."""
    language = language_of(receipt.language)
    words = _WORDS[language]
    signature = (
        (words["signed_by"], receipt.signed_by),
        (words["signed_at"], receipt.signed_at),
        (words["session"], str(receipt.session)),
        (words["statement"], receipt.statement),
        (words["statement_sha256"], receipt.statement_sha256),
        (words["answers_sha256"], receipt.answers_sha256),
        (words["form"], receipt.form_version),
    )
    columns = (words["question"], words["answer"])
    return Sheet(
        title=f"{words['receipt']}: {receipt.title}",
        district=receipt.district,
        language=language,
        head=(
            receipt.district,
            f"{words['student']}: {receipt.student}",
            f"{words['school']}: {receipt.school}",
            f"{words['number']}: {receipt.number}",
        ),
        parts=(
            *(
                _part(title, n, several, entry, columns)
                for title, entries in groupby(receipt.answered, key=lambda each: each.section)
                for several, n, entry in _numbered(list(entries))
            ),
            Part(words["signature"], columns, _WIDTHS, (), signature),
        ),
        footer=words["note"],
        page=words["page"],
    )


def _numbered(entries: list[Answered]) -> list[tuple[bool, int, Answered]]:
    return [(len(entries) > 1, n, entry) for n, entry in enumerate(entries, 1)]


def _part(title: str, n: int, several: bool, entry: Answered, columns: tuple[str, str]) -> Part:
    return Part(f"{title} {n}" if several else title, columns, _WIDTHS, (), entry.lines)
