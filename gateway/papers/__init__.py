"""Papers about students: printed as PDFs that everybody can read, or read from the folder of those issued."""

from gateway.papers.folder import PaperMissing, issued_pdf
from gateway.papers.press import Press

__all__ = ["PaperMissing", "Press", "issued_pdf"]
