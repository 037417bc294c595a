"""The roles of staff."""

from loaders.portal.roles import StaffRole
from schema.enums import described

__all__ = ["StaffRole"]

described(
    StaffRole,
    "StaffRole",
    "What a member of staff is there for; no role includes another.",
    {
        StaffRole.OFFICE: "The school office: portal requests, activation keys, and registrations of the own schools.",
        StaffRole.TEACHER: "Teaching: the students of the own courses.",
        StaffRole.SUPPORT: "The support desk: requests of families that are stuck.",
        StaffRole.ADMIN: "The portal itself: its mail and its accounts of staff.",
    },
)
