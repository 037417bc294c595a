"""Guardians found for the office: by parts of names, at one school, and those of a school who have the portal."""

from collections.abc import Sequence

from loaders.contract import Kind
from loaders.people import GUARDIAN
from loaders.rights import HOLDS
from loaders.statement import Computed, Key, Order, Shape, Statement, Template

#: All found guardians are one group, so that the group's first rows are the answer's.
_FOUND = Shape({"group": Computed("1", Kind.INTEGER), **GUARDIAN.columns}, GUARDIAN.derived)

_GUARDIANS = Template(
    _FOUND,
    "from {guardian} as guardian\nwhere guardian.id is not null",
    key="group",
    order=(Order("guardian.family_name"), Order("guardian.given_name"), Order("guardian.id")),
)

_OF_SCHOOL = Template(
    Shape({"school_key": "school_enrollment.school_id", "guardian_key": "guardian_student.guardian_id"}),
    "from {school_enrollment} as school_enrollment\n"
    "join {guardian_student} as guardian_student on guardian_student.student_id = school_enrollment.student_id\n"
    f"where {HOLDS}\n"
    "  and (school_enrollment.starts_on is null or school_enrollment.starts_on <= :today)\n"
    "  and (school_enrollment.ends_on is null or school_enrollment.ends_on >= :today)\n"
    "  and school_enrollment.school_id in :school_ids",
    key="school_key",
    distinct=True,
)

_SCHOOLS = Template(
    Shape({"key": "school.id", "name": "school.name"}),
    "from {school} as school\nwhere school.id is not null",
    key="key",
    order=(Order("school.name"), Order("school.id")),
)


def guardians_called(names: Sequence[str], student_names: Sequence[str], school: Key | None, limit: int) -> Statement:
    """The guardians each of whose `names` begins their given or family name, by name; at most `limit`.

    With `student_names` only those of a student who is called so; with a school only those of a student of it.
    """
    statement = _GUARDIANS(group=1)
    for n, name in enumerate(names):
        statement = statement.having(_called("guardian", f"name_{n}"), **_patterns(f"name_{n}", name))
    if student_names or school is not None:
        conditions = [_called("student", f"student_{n}") for n, _ in enumerate(student_names)]
        params = {
            key: text for n, name in enumerate(student_names) for key, text in _patterns(f"student_{n}", name).items()
        }
        at_school = "" if school is None else " and school_enrollment.school_id in :school_ids"
        statement = statement.having(
            "exists (select 1 from {guardian_student} as guardian_student\n"
            "  join {student} as student on student.id = guardian_student.student_id\n"
            "  join {school_enrollment} as school_enrollment on school_enrollment.student_id = student.id\n"
            f"  where guardian_student.guardian_id = guardian.id{at_school}"
            f"{''.join(f' and {condition}' for condition in conditions)})",
            **params,
            **({} if school is None else {"school_ids": (school,)}),
        )
    return statement.cut(limit)


def guardians_of_school(school: Key) -> Statement:
    """The guardians whose portal right to a student of the school holds today, each once."""
    return _OF_SCHOOL(school_ids=(school,))


def all_schools() -> Statement:
    """Every school of the source, by name."""
    return _SCHOOLS()


def _called(relation: str, name: str) -> str:
    """That a name begins the given or the family name; SQLite lowers no letter beyond ASCII, so an initial stays."""
    return (
        "("
        + " or ".join(
            f"lower({relation}.{column}) like :{name} escape '!' or {relation}.{column} like :{name}_initial escape '!'"
            for column in ("given_name", "family_name")
        )
        + ")"
    )


def _patterns(name: str, text: str) -> dict[str, str]:
    escaped = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return {name: f"{escaped.lower()}%", f"{name}_initial": f"{escaped[:1].upper()}{escaped[1:].lower()}%"}
