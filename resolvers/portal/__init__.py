"""Orders: everything that changes anything; each checks, then does, in one transaction with its audit row."""

from resolvers.portal.service import Letterhead, Lifetimes, Portal

__all__ = ["Letterhead", "Lifetimes", "Portal"]
