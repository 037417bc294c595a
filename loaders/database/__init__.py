"""Databases: held connections that read (`Readers`), and the one that writes the portal store (`Writer`)."""

from loaders.database.readers import Readers
from loaders.database.writer import Transaction, Writer

__all__ = ["Readers", "Transaction", "Writer"]
