"""Secrets that must be read again: sealed with a key that is not in the store, so that a copy of it opens nothing."""

from dataclasses import dataclass
from typing import Protocol


class SealBroken(Exception):
    """A sealed text was made with another key, or changed since."""


class KeyMissing(Exception):
    """Something had to be sealed where no key was given."""


class Sealer(Protocol):
    """Seals texts and bytes, makes keyed tags; a `purpose` keeps what is made for one from passing for another."""

    def seal(self, purpose: str, text: str) -> str:
        """The text so that only the holder of the key can read it, different each time."""
        ...

    def open(self, purpose: str, sealed: str) -> str:
        """The text that was sealed for this purpose; SealBroken where it was not."""
        ...

    def seal_bytes(self, purpose: str, content: bytes) -> bytes:
        """The bytes so that only the holder of the key can read them, different each time."""
        ...

    def open_bytes(self, purpose: str, sealed: bytes) -> bytes:
        """The bytes that were sealed for this purpose; SealBroken where they were not."""
        ...

    def tag(self, purpose: str, text: str) -> str:
        """The same for the same text: it can be compared, and without the key neither read nor guessed."""
        ...


@dataclass(frozen=True, slots=True)
class NoKey:
    """Where nothing is to be sealed: a command that makes accounts has no key."""

    def seal(self, purpose: str, text: str) -> str:
        """Refuses."""
        raise KeyMissing(f"There is no key to seal {purpose} with.")

    def open(self, purpose: str, sealed: str) -> str:
        """Refuses."""
        raise KeyMissing(f"There is no key to open {purpose} with.")

    def seal_bytes(self, purpose: str, content: bytes) -> bytes:
        """Refuses."""
        raise KeyMissing(f"There is no key to seal {purpose} with.")

    def open_bytes(self, purpose: str, sealed: bytes) -> bytes:
        """Refuses."""
        raise KeyMissing(f"There is no key to open {purpose} with.")

    def tag(self, purpose: str, text: str) -> str:
        """Refuses."""
        raise KeyMissing(f"There is no key to tag {purpose} with.")


NO_KEY = NoKey()
