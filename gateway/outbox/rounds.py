"""How often what waits is tried, and how long between."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Rounds:
    """How an outbox goes round: the longest wait between tries doubles, and after the last a letter is given up.

    A wait is drawn evenly from nothing to that longest one (full jitter), so that what failed together does not come
    back together. `look_every` is for letters that another process posted; of our own it hears at once. A try
    that has not ended after `lease` is taken for lost; a lease outlasts a whole handful of letters (`at_once`) that
    each take the longest that a try may take.
    """

    look_every: timedelta = timedelta(seconds=30)
    lease: timedelta = timedelta(minutes=5)
    first_wait: timedelta = timedelta(minutes=2)
    longest_wait: timedelta = timedelta(hours=4)
    most_tries: int = 16
    at_once: int = 10
    draw: Callable[[], float] = random.random

    def wait_after(self, tries: int, asked: timedelta = timedelta(0)) -> timedelta:
        """How long a letter waits that was tried so often; never shorter than the other side `asked` for."""
        doubled: timedelta = self.first_wait * 2 ** min(tries - 1, 20)
        return max(asked, min(doubled, self.longest_wait) * self.draw())


PLAIN = Rounds()
