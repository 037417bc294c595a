"""Databases: held connections that read (`Readers`), and the one that writes the portal store (`Writer`)."""

from loaders.database.readers import Readers

__all__ = ["Readers"]
