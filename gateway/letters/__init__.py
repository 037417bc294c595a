"""Letters on paper: printed into a PDF, a page a letter, by a writer that goes through the ordered jobs."""

from gateway.letters.printing import printed
from gateway.letters.writer import LetterWriter

__all__ = ["LetterWriter", "printed"]
