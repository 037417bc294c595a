"""Approved registrations as rows of OneRoster: what the standard can carry of them, and ids that stay the same."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import NAMESPACE_OID, uuid5

from loaders.oneroster.columns import RACES
from loaders.oneroster.writing import Record, instant
from loaders.registration.form import Form
from resolvers.portal.sealing import Sealer
from resolvers.registration.validation import BLANK, Answers, is_asked

ACTIVE, GONE = "active", "tobedeleted"


@dataclass(frozen=True, slots=True)
class Leaving:
    """A registration that goes out: as an addition or correction, or, where it is not `active`, as a retraction.

    `user` is the student's id in the bundle: the SIS's key, or for one whom it does not know one of ours; `known` are
    the names and the number that the SIS has.
    """

    user: str
    new: bool
    school: str
    active: bool
    since: datetime
    columns: Mapping[str, str]
    known: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Year:
    """A school year with its first and last day."""

    ends_in: int
    starts_on: date
    ends_on: date

    @property
    def title(self) -> str:
        """As people say it."""
        return f"{self.ends_in - 1}-{self.ends_in}"


#: Makes an id that is the same for the same thing, and no other district's.
MakeId = Callable[[str], str]


def ids_of(sealer: Sealer) -> MakeId:
    """Ids of what only this district's registrations know, the same for as long as its key is the same."""
    return lambda thing: str(uuid5(NAMESPACE_OID, sealer.tag("OneRoster", thing)))


def exported_columns(form: Form, answers: Answers) -> dict[str, str]:
    """What the form sends to columns of OneRoster, of what is answered and asked; by `file.column`."""
    found: dict[str, str] = {}
    for section, field in form.fields():
        entry = next(iter(answers.get(section.id, ())), {})
        if field.export is None or not is_asked(field, section, entry, answers):
            continue
        values = [value.strip(BLANK) for value in entry.get(field.id, ()) if value.strip(BLANK)]
        if field.export == "demographics.race":
            found |= _races(values)
        elif values:
            found[field.export] = ",".join(values)
    return found


def files_of(
    leaving: Sequence[Leaving], year: Year, district: str, schools: Mapping[str, str], make_id: MakeId
) -> dict[str, list[Record]]:
    """The rows of each file of the bundle; whatever a row refers to is in it too."""
    latest = {each.school: max(one.since for one in leaving if one.school == each.school) for each in leaving}
    newest = max(latest.values())
    year_id, district_id = make_id(f"year:{year.ends_in}"), make_id("district")
    head = {"status": ACTIVE, "dateLastModified": instant(newest)}
    session = {
        "sourcedId": year_id, **head, "title": year.title, "type": "schoolYear", "startDate": str(year.starts_on),
        "endDate": str(year.ends_on), "schoolYear": str(year.ends_in),
    }  # fmt: skip
    orgs: list[Record] = [{"sourcedId": district_id, **head, "name": district, "type": "district"}]
    courses: list[Record] = []
    classes: list[Record] = []
    for school in sorted(latest):
        at = {"status": ACTIVE, "dateLastModified": instant(latest[school])}
        course_id, title = make_id(f"course:{school}:{year.ends_in}"), f"Registration {year.title}"
        orgs.append(
            {"sourcedId": school, **at, "name": schools[school], "type": "school", "parentSourcedId": district_id}
        )
        courses.append(
            {"sourcedId": course_id, **at, "schoolYearSourcedId": year_id, "title": title, "orgSourcedId": school}
        )
        classes.append(
            {
                "sourcedId": make_id(f"class:{school}:{year.ends_in}"), **at, "title": title,
                "courseSourcedId": course_id, "classType": "homeroom", "schoolSourcedId": school,
                "termSourcedIds": year_id,
            }
        )  # fmt: skip
    return {
        "academicSessions": [session],
        "classes": classes,
        "courses": courses,
        "demographics": [row for each in leaving for row in _demographics(each)],
        "enrollments": [_enrollment(each, year, make_id) for each in leaving],
        "orgs": orgs,
        "roles": [_role(each, year, make_id) for each in leaving],
        "users": [row for each in leaving for row in _user(each)],
    }


def _user(leaving: Leaving) -> Iterable[Record]:
    """A student's row; whom the school had before stays, whatever becomes of the registration."""
    if not leaving.active and not leaving.new:
        return
    columns = {name.removeprefix("users."): value for name, value in leaving.columns.items() if "users." in name}
    yield {
        **leaving.known,
        **columns,
        "sourcedId": leaving.user,
        **_head(leaving),
        "enabledUser": "true",
        "username": leaving.known.get("identifier") or leaving.user,
        "primaryOrgSourcedId": leaving.school,
    }


def _demographics(leaving: Leaving) -> Iterable[Record]:
    if not leaving.active and not leaving.new:
        return
    columns = {
        name.removeprefix("demographics."): value
        for name, value in leaving.columns.items()
        if name.startswith("demographics.")
    }
    if columns:
        yield {**columns, "sourcedId": leaving.user, **_head(leaving)}


def _role(leaving: Leaving, year: Year, make_id: MakeId) -> Record:
    return {
        "sourcedId": make_id(f"role:{leaving.user}:{leaving.school}:{year.ends_in}"),
        **_head(leaving),
        "userSourcedId": leaving.user,
        "roleType": "primary",
        "role": "student",
        "beginDate": str(year.starts_on),
        "orgSourcedId": leaving.school,
    }


def _enrollment(leaving: Leaving, year: Year, make_id: MakeId) -> Record:
    return {
        "sourcedId": make_id(f"enrollment:{leaving.user}:{leaving.school}:{year.ends_in}"),
        **_head(leaving),
        "classSourcedId": make_id(f"class:{leaving.school}:{year.ends_in}"),
        "schoolSourcedId": leaving.school,
        "userSourcedId": leaving.user,
        "role": "student",
        "beginDate": str(year.starts_on),
    }


def _head(leaving: Leaving) -> dict[str, str]:
    return {"status": ACTIVE if leaving.active else GONE, "dateLastModified": instant(leaving.since)}


def _races(values: Sequence[str]) -> dict[str, str]:
    """A column of its own for each race; none is said where none was chosen."""
    if not values:
        return {}
    told = {f"demographics.{race}": str(race in values).lower() for race in RACES}
    return {**told, "demographics.demographicRaceTwoOrMoreRaces": str(len(values) > 1).lower()}
