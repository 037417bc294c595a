"""The doors of staff: who may enter, by role, once a second factor is proven."""

from loaders.portal.roles import StaffRole
from resolvers.context import Context, Viewer
from resolvers.errors import Forbidden, SecondFactorRequired


def staff_member(context: Context) -> Viewer:
    """The member of staff who asks, whatever their roles; Unauthenticated without a session, Forbidden for parents.

    What stands behind this door alone may tell a member of staff about their own account and nothing else.
    """
    viewer = context.signed_in()
    if viewer.guardian_key is not None or not viewer.roles:
        raise Forbidden("This is for staff.")
    return viewer


def staff(context: Context, *roles: StaffRole) -> Viewer:
    """The member of staff who asks, in one of these roles and with a second factor proven in this session.

    Unauthenticated without a session, Forbidden for parents and for other roles, SecondFactorRequired for the rest.
    """
    viewer = staff_member(context)
    if viewer.roles.isdisjoint(roles):
        raise Forbidden(f"This is for staff in the role {' or '.join(role.value for role in roles)}.")
    if not viewer.second_factor:
        raise SecondFactorRequired("Prove your second factor first: staff work with children's records.")
    return viewer
