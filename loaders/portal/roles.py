"""The roles of staff, as the portal store keeps them."""

from collections.abc import Iterable
from enum import Enum


class StaffRole(Enum):
    """What a member of staff is there for; none includes another, and each door names those that it opens to."""

    OFFICE = "OFFICE"
    TEACHER = "TEACHER"
    SUPPORT = "SUPPORT"
    ADMIN = "ADMIN"


def roles_of(text: str | None) -> frozenset[StaffRole]:
    """The roles that a stored text names, separated by commas; a role that is not known opens nothing."""
    known = StaffRole.__members__
    return frozenset(known[name] for name in (text or "").split(",") if name in known)


def roles_text(roles: Iterable[StaffRole]) -> str:
    """Roles as they are stored: by the order of the enumeration, each once."""
    given = set(roles)
    return ",".join(role.value for role in StaffRole if role in given)
