"""Orders: everything that changes anything; each checks, then does, in one transaction with its audit row."""

from resolvers.portal.service import Lifetimes, Portal

__all__ = ["Lifetimes", "Portal"]
