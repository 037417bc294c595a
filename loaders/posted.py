"""The keys of messages that were sent from here: kept apart from those of the source, whose keys may be any text."""

from collections.abc import Sequence
from dataclasses import dataclass

from loaders.adapter import Adapter
from loaders.statement import Key

#: What stands before a message's number wherever a key is written as texts: the source's keys are one text.
HERE = "portal"


@dataclass(frozen=True, slots=True)
class Posted:
    """The key of a message of the portal's own."""

    number: int

    @property
    def texts(self) -> tuple[str, str]:
        """The key as texts."""
        return HERE, str(self.number)

    @classmethod
    def read(cls, texts: tuple[str, ...]) -> "Posted | None":
        """The key that these texts are; None where they are none."""
        if len(texts) != 2 or texts[0] != HERE:
            return None
        number = texts[1]
        known = number.isascii() and number.isdecimal() and 0 < len(number) <= 18 and number[0] != "0"
        return cls(int(number)) if known else None


MessageKey = Key | Posted


def message_key(adapter: Adapter, texts: Sequence[str]) -> MessageKey | None:
    """The key of a message of either origin that was written as texts; None where they are none of this source."""
    posted = Posted.read(tuple(texts))
    return posted if posted is not None or len(texts) != 1 else adapter.parse_key("message", texts[0])
