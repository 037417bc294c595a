"""Whether two kinds of call take the same time: interleaved samples, and the test of Mann, Whitney and Wilcoxon."""

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random
from statistics import median
from time import perf_counter

MOST = 200
#: A difference counts where chance explains it in less than one case of a thousand, and somebody could use it.
CHANCE, MILLISECONDS, PART = 0.001, 8.0, 0.12

Call = Callable[[int], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Two medians in milliseconds, and how probable ranks as far apart as these are where both take the same time."""

    one: float
    other: float
    p: float

    @property
    def apart(self) -> bool:
        """Whether somebody could tell the two from each other by the clock."""
        gap = abs(self.one - self.other)
        return self.p < CHANCE and gap > MILLISECONDS and gap > PART * min(self.one, self.other)


async def compare(one: Call, other: Call, samples: int = 100) -> Verdict:
    """Calls both in pairs, each pair in an order drawn by lot, after one that warms up; `samples` pairs, 200 at most.

    A call is given its number, so that each can be about somebody else.
    """
    if samples > MOST:
        raise ValueError(f"Take {MOST} samples at the most.")
    chance, times = Random(1), ([], [])  # type: tuple[Random, tuple[list[float], list[float]]]
    for n in range(samples + 1):
        for which in chance.sample((0, 1), 2):
            started = perf_counter()
            await (one, other)[which](n)
            if n:
                times[which].append((perf_counter() - started) * 1000)
    return Verdict(median(times[0]), median(times[1]), same(*times))


def same(one: Sequence[float], other: Sequence[float]) -> float:
    """The two-sided p of the rank-sum test, by the normal approximation with its correction for ties."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    n, m, total = len(one), len(other), len(ranked)
    ranks = ties = 0.0
    at = 0
    while at < total:
        end = at
        while end < total and ranked[end][0] == ranked[at][0]:
            end += 1
        tied = end - at
        ties += tied**3 - tied
        ranks += sum(1 for _, which in ranked[at:end] if which == 0) * (at + 1 + end) / 2
        at = end
    spread = math.sqrt(n * m / 12 * (total + 1 - ties / (total * (total - 1))))
    if spread == 0:
        return 1.0
    distance = abs(ranks - n * (n + 1) / 2 - n * m / 2) - 0.5
    return math.erfc(max(distance, 0.0) / spread / math.sqrt(2))
