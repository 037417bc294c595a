"""How the handing over of a letter can fail; each message says what happened, without addresses."""

from datetime import timedelta


class Unreachable(Exception):
    """The letter could not be handed over now; another try may.

    `wait` is how long the other side asks us to stay away. A letter that was `held` back here, because of what was
    asked before, has not been tried.
    """

    def __init__(self, message: str, *, wait: timedelta = timedelta(0), held: bool = False) -> None:
        super().__init__(message)
        self.wait = wait
        self.held = held


class Undeliverable(Exception):
    """The letter will not be taken as it is; one that is `hopeless` never will be, whatever changes elsewhere."""

    def __init__(self, message: str, *, hopeless: bool = False) -> None:
        super().__init__(message)
        self.hopeless = hopeless


class Unwanted(Exception):
    """The letter is for nobody any more: its device is gone, or the right to what it tells of has ended."""
