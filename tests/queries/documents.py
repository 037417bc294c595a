"""The documents whose SQL is written down, and the family that asks each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests import documents

CLOSED = """{
  me { students {
    id sourcedId areas { area state reason }
    grades { id percent } attendance(first: 3) { totalCount nodes { id date status } }
  } }
}"""

NODES = """query Again($ids: [ID!]!, $student: ID!) {
  student(id: $student) { name courses { title } }
  nodes(ids: $ids) { id ... on Student { gradeLevel } ... on Course { title teachers { name } } }
}"""

SCHEDULE = """{
  me { students { name schedule(date: "2026-11-18") {
    notice { code }
    days { date dayName bellSchedule meetings { period startsAt room status course { title } teachers { name } } }
  } } }
}"""

NEXT_PAGE = """query Next($after: String) {
  me { messages(first: 2, after: $after) { totalCount pageInfo { hasNextPage hasPreviousPage } nodes { id subject } } }
}"""

IDS = "{ me { students { id courses { id } } } }"
CURSOR = "{ me { messages(first: 2) { pageInfo { endCursor } } } }"


@dataclass(frozen=True)
class Asked:
    """A document, and the case of the made district whose guardian asks it."""

    text: str
    case: str = "parent"


#: By the name of its file.
ASKED = {
    **{name.replace(" ", "_"): Asked(text) for name, text in documents.ALL.items()},
    "gradebook": Asked(documents.GRADEBOOK, "kindergartner"),  # few courses: a person can read the answer
    "closed_area": Asked(CLOSED, "blocked_guardian"),
    "nodes": Asked(NODES),
    "next_page": Asked(NEXT_PAGE),
    "schedule": Asked(SCHEDULE),
    "first_screen": Asked(documents.FIRST_SCREEN_OF_SOURCE, "kindergartner"),
}


def variables_of(name: str, ids: Mapping[str, Any], cursor: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of a document, made of the answers to IDS and CURSOR."""
    match name:
        case "nodes":
            [first, second, *_] = ids["me"]["students"]
            again = [second["id"], first["courses"][0]["id"], first["courses"][1]["id"], second["id"]]
            return {"student": first["id"], "ids": again}
        case "first_screen":
            return {"from": "2026-11-23", "to": "2026-12-04"}
        case "next_page":
            return {"after": cursor["me"]["messages"]["pageInfo"]["endCursor"]}
        case _:
            return {}
