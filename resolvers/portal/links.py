"""Links that are mailed: a token good once and for a while, behind the portal's address, where no log sees it."""

import secrets
from dataclasses import dataclass, field

from resolvers.portal.problems import Problem, ProblemCode
from resolvers.portal.service import Portal
from resolvers.portal.tokens import token_hash

NOT_VALID = Problem(ProblemCode.LINK_NOT_VALID, "This link is not valid, or no more. Ask for a new one.", ("token",))


@dataclass(frozen=True, slots=True)
class Link:
    """A new link, and the hash by which its token is known."""

    url: str = field(repr=False)
    hash: str


def new_link(portal: Portal, path: str) -> Link:
    """A link to a page of the portal; the token stands in the fragment, which browsers send to nobody."""
    token = secrets.token_urlsafe(32)
    return Link(f"{portal.letterhead.portal_url}{path}#{token}", token_hash(token))
