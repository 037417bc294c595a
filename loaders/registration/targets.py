"""Where a field's first value can come from in the source, and where in a OneRoster file its last one goes."""

from collections.abc import Collection, Iterator

from loaders.oneroster.columns import GRADES, RACES, SEXES
from loaders.registration.form import FieldKind

#: From the student's own records, from the signed-in guardian's, and from where the student lives and learns.
PREFILLS = frozenset(
    {
        "student.given_name",
        "student.family_name",
        "student.preferred_name",
        "student.birth_date",
        "student.grade_level",
        "student.school",
        "guardian.given_name",
        "guardian.family_name",
        "guardian.email",
        "guardian.phone",
        "guardian.preferred_language",
        "guardian.relationship",
        "guardian.lives_with",
    }
)

#: Columns of OneRoster 1.2's users.csv, demographics.csv and enrollments.csv; what has none goes into the sidecar.
EXPORTS = frozenset(
    {
        "users.givenName",
        "users.familyName",
        "users.middleName",
        "users.preferredGivenName",
        "users.pronouns",
        "users.email",
        "users.phone",
        "users.sms",
        "users.grades",
        "demographics.birthDate",
        "demographics.sex",
        "demographics.americanIndianOrAlaskaNative",
        "demographics.asian",
        "demographics.blackOrAfricanAmerican",
        "demographics.nativeHawaiianOrOtherPacificIslander",
        "demographics.white",
        "demographics.demographicRaceTwoOrMoreRaces",
        # No column of the standard: one of CHOICES, whose values are the columns of races.
        "demographics.race",
        "demographics.hispanicOrLatinoEthnicity",
        "demographics.countryOfBirthCode",
        "demographics.stateOfBirthAbbreviation",
        "demographics.cityOfBirth",
        "demographics.publicSchoolResidenceStatus",
    }
)

_TEXTS = frozenset({FieldKind.TEXT, FieldKind.CHOICE})
_FLAGS = frozenset({FieldKind.BOOLEAN})
_CHOSEN = frozenset({FieldKind.CHOICE})
#: Which kinds of fields fit a column that takes no text, and which values it knows.
_EXPORTED: dict[str, tuple[frozenset[FieldKind], tuple[str, ...] | None]] = {
    "users.email": (frozenset({FieldKind.EMAIL}), None),
    "users.phone": (frozenset({FieldKind.PHONE}), None),
    "users.sms": (frozenset({FieldKind.PHONE}), None),
    "users.grades": (_CHOSEN, GRADES),
    "demographics.birthDate": (frozenset({FieldKind.DATE}), None),
    "demographics.sex": (_CHOSEN, SEXES),
    "demographics.race": (frozenset({FieldKind.CHOICES}), RACES),
    **{f"demographics.{race}": (_FLAGS, None) for race in RACES},
    "demographics.demographicRaceTwoOrMoreRaces": (_FLAGS, None),
    "demographics.hispanicOrLatinoEthnicity": (_FLAGS, None),
}


def export_faults(export: str, kind: FieldKind, chosen: Collection[str], *, several: bool) -> Iterator[str]:
    """Why what a field of that kind is answered could not stand in the column that it goes to.

    `chosen` are the values that can be chosen in it, `several` says that its section has several entries.
    """
    fitting, values = _EXPORTED.get(export, (_TEXTS, None))
    if kind not in fitting:
        yield f"{export} takes a field of kind {' or '.join(sorted(each.value for each in fitting))}."
    elif values is not None:
        for value in sorted(set(chosen) - set(values)):
            yield f"{export} knows no {value!r}: it knows {', '.join(values)}."
    if several:
        yield "a section with several entries has no one value to send on."
