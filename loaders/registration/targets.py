"""Where a field's first value can come from in the source, and where in a OneRoster file its last one goes."""

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
