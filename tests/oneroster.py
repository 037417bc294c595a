"""A reader of OneRoster 1.2 deltas that is told nothing by the writer: what the standard demands, file by file."""

import csv
import io
import re
import zipfile
from datetime import date, datetime

Rows = dict[str, list[dict[str, str]]]

_HEAD = "sourcedId,status,dateLastModified"
_HEADERS = {
    "academicSessions": f"{_HEAD},title,type,startDate,endDate,parentSourcedId,schoolYear",
    "orgs": f"{_HEAD},name,type,identifier,parentSourcedId",
    "courses": f"{_HEAD},schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes",
    "classes": f"{_HEAD},title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,"
    "subjects,subjectCodes,periods",
    "users": f"{_HEAD},enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,"
    "agentSourcedIds,grades,password,userMasterIdentifier,resourceSourcedIds,preferredGivenName,preferredMiddleName,"
    "preferredFamilyName,primaryOrgSourcedId,pronouns",
    "roles": f"{_HEAD},userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId",
    "enrollments": f"{_HEAD},classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate",
    "demographics": f"{_HEAD},birthDate,sex,americanIndianOrAlaskaNative,asian,blackOrAfricanAmerican,"
    "nativeHawaiianOrOtherPacificIslander,white,demographicRaceTwoOrMoreRaces,hispanicOrLatinoEthnicity,"
    "countryOfBirthCode,stateOfBirthAbbreviation,cityOfBirth,publicSchoolResidenceStatus",
}
_REQUIRED = {
    "academicSessions": "title type startDate endDate schoolYear",
    "orgs": "name type",
    "courses": "title orgSourcedId",
    "classes": "title courseSourcedId classType schoolSourcedId termSourcedIds",
    "users": "enabledUser username givenName familyName",
    "roles": "userSourcedId roleType role orgSourcedId",
    "enrollments": "classSourcedId schoolSourcedId userSourcedId role",
    "demographics": "",
}
_BOOLEAN = "true|false"
_VALUES = {
    "status": "active|tobedeleted",
    "dateLastModified": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "enabledUser": _BOOLEAN,
    "classType": "homeroom|scheduled",
    "roleType": "primary|secondary",
    "sex": "male|female|unspecified|other",
    **dict.fromkeys(_HEADERS["demographics"].split(",")[5:12], _BOOLEAN),
    **dict.fromkeys(("birthDate", "startDate", "endDate", "beginDate"), r"\d{4}-\d\d-\d\d"),
    "schoolYear": r"\d{4}",
    "grades": r"(IT|PR|PK|TK|KG|0[1-9]|1[0-3]|PS|UG|Other)(,(IT|PR|PK|TK|KG|0[1-9]|1[0-3]|PS|UG|Other))*",
}
_TYPES = {
    ("academicSessions", "type"): "gradingPeriod|semester|schoolYear|term",
    ("orgs", "type"): "department|school|district|local|state|national",
    ("roles", "role"): "aide|counselor|districtAdministrator|guardian|parent|principal|proctor|relative|"
    "siteAdministrator|student|systemAdministrator|teacher",
    ("enrollments", "role"): "administrator|proctor|student|teacher",
}
_REFERENCES = {
    ("orgs", "parentSourcedId"): "orgs",
    ("courses", "schoolYearSourcedId"): "academicSessions",
    ("courses", "orgSourcedId"): "orgs",
    ("classes", "courseSourcedId"): "courses",
    ("classes", "schoolSourcedId"): "orgs",
    ("classes", "termSourcedIds"): "academicSessions",
    ("users", "primaryOrgSourcedId"): "orgs",
    ("roles", "orgSourcedId"): "orgs",
    ("enrollments", "classSourcedId"): "classes",
    ("enrollments", "schoolSourcedId"): "orgs",
}
_FILES = (
    "academicSessions categories classes classResources courses courseResources demographics enrollments "
    "lineItemLearningObjectiveIds lineItems lineItemScoreScales orgs resources resultLearningObjectiveIds results "
    "resultScoreScales roles scoreScales userProfiles userResources users"
)


def read_delta(content: bytes) -> Rows:
    """The rows of each file; AssertionError names whatever the standard does not allow in a delta."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        texts = {name: archive.read(name).decode("utf-8") for name in archive.namelist()}
    for name, text in texts.items():
        assert not text.startswith("\ufeff"), name
        assert text.endswith("\r\n"), name
    manifest = texts.pop("manifest.csv").split("\r\n")
    assert manifest[0] == "propertyName,value"
    told = dict(line.split(",", 1) for line in manifest[1:-1])
    assert (told["manifest.version"], told["oneroster.version"]) == ("1.0", "1.2")
    modes = {name.removeprefix("file."): mode for name, mode in told.items() if name.startswith("file.")}
    assert set(modes) == set(_FILES.split())
    assert {f"{name}.csv" for name, mode in modes.items() if mode == "delta"} == set(texts)
    assert set(modes.values()) <= {"absent", "delta"}
    rows = {name.removesuffix(".csv"): _rows(name.removesuffix(".csv"), text) for name, text in texts.items()}
    for (name, column), to in _REFERENCES.items():
        known = {row["sourcedId"] for row in rows[to]}
        for row in rows[name]:
            assert set(filter(None, row[column].split(","))) <= known, (name, column, row)
    for row in rows["demographics"]:
        assert row["sourcedId"] in {user["sourcedId"] for user in rows["users"]}
    return rows


def _rows(name: str, text: str) -> list[dict[str, str]]:
    read = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert ",".join(read[0]) == _HEADERS[name]
    rows = [dict(zip(read[0], row, strict=True)) for row in read[1:]]
    ids = [row["sourcedId"] for row in rows]
    assert len(set(ids)) == len(ids)
    for row in rows:
        assert all(row[column] for column in ("sourcedId", "status", "dateLastModified", *_REQUIRED[name].split())), row
        assert len(row["sourcedId"]) <= 255
        datetime.fromisoformat(row["dateLastModified"])
        for column, value in row.items():
            allowed = _TYPES.get((name, column)) or _VALUES.get(column)
            assert not value or allowed is None or re.fullmatch(allowed, value, re.ASCII), (name, column, value)
            if value and column in ("birthDate", "startDate", "endDate", "beginDate"):
                date.fromisoformat(value)
            assert not re.match(r"[=@\t\r]|[+-](?![0-9() ./-]+$)", value), (name, column, value)
    return rows
