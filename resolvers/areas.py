"""The areas of a student's record: for which rights are given apart, and why one can be closed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from loaders.contract import Area

__all__ = ["PROVIDED_BY", "SWITCHED", "Area", "AreaReason", "AreaState", "AreaStatus"]


class AreaState(Enum):
    """Whether an area can be read now."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


class AreaReason(Enum):
    """Why an area is closed."""

    NO_RIGHT = "NO_RIGHT"
    SCHOOL_SETTING = "SCHOOL_SETTING"
    GRADING_WINDOW = "GRADING_WINDOW"
    SUMMER = "SUMMER"
    REGISTRATION_WINDOW = "REGISTRATION_WINDOW"
    ELIGIBLE_STUDENT = "ELIGIBLE_STUDENT"
    SOURCE_DOWN = "SOURCE_DOWN"
    NOT_PROVIDED = "NOT_PROVIDED"


#: The reasons that a school's own switch or window gives.
SWITCHED = frozenset(
    {AreaReason.SCHOOL_SETTING, AreaReason.GRADING_WINDOW, AreaReason.SUMMER, AreaReason.REGISTRATION_WINDOW}
)

#: The relations of which a source must have at least one for an area to be there at all.
PROVIDED_BY: Mapping[Area, tuple[str, ...]] = {
    Area.GRADES: ("grade", "assignment", "enrollment"),
    Area.ATTENDANCE: ("attendance",),
    Area.HEALTH: ("immunization", "immunization_status", "immunization_exemption"),
    Area.DOCUMENTS: ("document", "grade"),
    Area.TRANSCRIPT: ("transcript_entry",),
    Area.SCHEDULE: ("meeting",),
    Area.MESSAGES: ("message",),
    Area.REGISTRATION: (),
}


@dataclass(frozen=True, slots=True)
class AreaStatus:
    """The state of one area of one student's record; `reopens_at` where it is known when it opens again."""

    area: Area
    state: AreaState
    reason: AreaReason | None
    as_of: datetime
    stale: bool
    reopens_at: datetime | None = None
