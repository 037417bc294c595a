"""The words on printed papers, in the languages in which families are written to."""

from collections.abc import Mapping

from loaders.contract import GradeLevel
from resolvers.portal.wording import language_of

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "report_card": "Report card",
        "transcript": "Unofficial transcript",
        "unofficial": "UNOFFICIAL",
        "unofficial_note": "UNOFFICIAL. An official transcript comes sealed from the school.",
        "card_note": "Printed from the school's records; it is not the report card that the school issues.",
        "page": "Page",
        "student": "Student",
        "number": "Student number",
        "school": "School",
        "grade_level": "Grade",
        "term": "Term",
        "printed_on": "Printed on",
        "grades": "Grades",
        "course": "Course",
        "teachers": "Teachers",
        "task": "Task",
        "letter": "Grade",
        "percent": "Percent",
        "comments": "Comments",
        "attendance": "Attendance",
        "absent_periods": "Periods absent",
        "absent_days": "Days absent",
        "tardies": "Tardies",
        "early_releases": "Early releases",
        "excused": "Excused",
        "unexcused": "Unexcused",
        "code": "Code",
        "attempted": "Attempted",
        "earned": "Earned",
        "points": "Points",
        "remarks": "Remarks",
        "in_progress": "In progress",
        "transfer": "Taken elsewhere",
        "not_in_gpa": "Not in the average",
        "credits": "Credits by area",
        "area": "Area",
        "required": "Required",
        "other_area": "Other",
        "averages": "Grade point averages and rank",
        "average": "Average",
        "value": "Value",
        "scale": "Scale",
        "basis": "Basis",
        "UNWEIGHTED": "Unweighted",
        "WEIGHTED": "Weighted",
        "SOURCE": "School's records",
        "COMPUTED": "Computed from the courses above",
        "rank": "Class rank: {value} of {of}, as of {as_of}",
        "no_entries": "No course stands on this transcript yet.",
    },
    "es": {
        "report_card": "Boleta de calificaciones",
        "transcript": "Expediente académico no oficial",
        "unofficial": "NO OFICIAL",
        "unofficial_note": "NO OFICIAL. El expediente oficial lo entrega la escuela, sellado.",
        "card_note": "Impreso de los registros de la escuela; no es la boleta que emite la escuela.",
        "page": "Página",
        "student": "Estudiante",
        "number": "Número de estudiante",
        "school": "Escuela",
        "grade_level": "Grado",
        "term": "Período",
        "printed_on": "Impreso el",
        "grades": "Calificaciones",
        "course": "Curso",
        "teachers": "Maestros",
        "task": "Evaluación",
        "letter": "Nota",
        "percent": "Porcentaje",
        "comments": "Comentarios",
        "attendance": "Asistencia",
        "absent_periods": "Clases ausente",
        "absent_days": "Días ausente",
        "tardies": "Tardanzas",
        "early_releases": "Salidas tempranas",
        "excused": "Justificadas",
        "unexcused": "Injustificadas",
        "code": "Código",
        "attempted": "Cursados",
        "earned": "Obtenidos",
        "points": "Puntos",
        "remarks": "Notas",
        "in_progress": "En curso",
        "transfer": "Cursado en otra escuela",
        "not_in_gpa": "Fuera del promedio",
        "credits": "Créditos por área",
        "area": "Área",
        "required": "Requeridos",
        "other_area": "Otra",
        "averages": "Promedios y lugar en la clase",
        "average": "Promedio",
        "value": "Valor",
        "scale": "Escala",
        "basis": "Fuente",
        "UNWEIGHTED": "Sin ponderar",
        "WEIGHTED": "Ponderado",
        "SOURCE": "Registros de la escuela",
        "COMPUTED": "Calculado de los cursos anteriores",
        "rank": "Lugar en la clase: {value} de {of}, al {as_of}",
        "no_entries": "Todavía no hay cursos en este expediente.",
    },
}


def words_in(preferred: str | None) -> tuple[str, Mapping[str, str]]:
    """The language nearest to the one somebody prefers, and its words."""
    language = language_of(preferred)
    return language, _WORDS[language]


def grade_text(level: GradeLevel | None) -> str | None:
    """A grade level as schools write it; None where it says nothing."""
    if level is None or level is GradeLevel.OTHER:
        return None
    code = level.value.removeprefix("G").lstrip("0")
    return "K" if level is GradeLevel.KG else code or level.value
