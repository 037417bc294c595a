"""How often somebody may try to log in: waits that grow per account and address, and a ceiling per address.

Kept in memory, not in the store: a guesser must not be able to make the one writer work, and a throttled attempt
should cost nothing. What that gives away is small: a restart forgives, and each worker process counts for itself.
Nothing is keyed on the account alone, so a stranger elsewhere cannot keep a family out of its own account.
"""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from resolvers.errors import RateLimited

_K = TypeVar("_K")
_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much is free, and how the wait grows; times in seconds.

    A school's network holds hundreds of parents behind one address, so an address may fail in bursts of
    `address_burst` and then `address_rate` times a second.
    """

    free_failures: int = 5
    first_wait: float = 5.0
    longest_wait: float = 3600.0
    forgotten_after: float = 7200.0
    address_burst: int = 300
    address_rate: float = 5.0
    kept: int = 50_000


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last_at: float = 0.0
    waits: float = 0.0


@dataclass(slots=True)
class _Level:
    failures: float = 0.0
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """A log-in that is being tried: counted as a failure until it is known to be none."""

    pair: tuple[str, str]
    network: str


@dataclass
class Throttle:
    """Counts failed log-ins on a monotonic clock, within bounded memory."""

    allowance: Allowance = field(default_factory=Allowance)
    clock: Callable[[], float] = time.monotonic
    _pairs: OrderedDict[tuple[str, str], _Failures] = field(default_factory=OrderedDict)
    _networks: OrderedDict[str, _Level] = field(default_factory=OrderedDict)

    def begin(self, username_key: str, address: str) -> Attempt:
        """An attempt, counted before its password is verified, so that many at once gain nothing.

        RateLimited with the seconds to wait, the same whether or not there is such an account.
        """
        now, network = self.clock(), _network(address)
        attempt = Attempt((username_key, network), network)
        pair, level = self._pair(attempt.pair, now), self._level(network, now)
        wait = max(pair.last_at + pair.waits - now, (level.failures + 1 - self._burst) / self.allowance.address_rate)
        if wait > 0:
            raise RateLimited("Too many log-ins failed here. Wait, then try again.", math.ceil(wait))
        pair.count += 1
        pair.last_at = now
        pair.waits = self._wait(pair.count)
        level.failures += 1
        return attempt

    def succeeded(self, attempt: Attempt) -> None:
        """The password was right: this account and address start afresh."""
        self._pairs.pop(attempt.pair, None)
        self._uncount(attempt)

    def undecided(self, attempt: Attempt) -> None:
        """The attempt was broken off by us before it was decided, so it counts for nothing."""
        pair = self._pairs.get(attempt.pair)
        if pair is not None and pair.count > 0:
            pair.count -= 1
            pair.waits = self._wait(pair.count)
        self._uncount(attempt)

    @property
    def _burst(self) -> int:
        return self.allowance.address_burst

    def _wait(self, failures: int) -> float:
        beyond = failures - self.allowance.free_failures
        if beyond < 0:
            return 0.0
        return min(self.allowance.first_wait * 2.0 ** min(beyond, 30), self.allowance.longest_wait)

    def _pair(self, key: tuple[str, str], now: float) -> _Failures:
        found = self._pairs.get(key)
        if found is None or found.last_at + self.allowance.forgotten_after <= now:
            found = self._pairs[key] = _Failures(last_at=now)
        _keep(self._pairs, key, self.allowance.kept)
        return found

    def _level(self, network: str, now: float) -> _Level:
        found = self._networks.setdefault(network, _Level(at=now))
        found.failures = max(0.0, found.failures - (now - found.at) * self.allowance.address_rate)
        found.at = now
        _keep(self._networks, network, self.allowance.kept)
        return found

    def _uncount(self, attempt: Attempt) -> None:
        level = self._networks.get(attempt.network)
        if level is not None:
            level.failures = max(0.0, level.failures - 1)


def _keep(entries: OrderedDict[_K, _V], key: _K, limit: int) -> None:
    entries.move_to_end(key)
    while len(entries) > limit:
        entries.popitem(last=False)


def _network(address: str) -> str:
    """What one subscriber holds: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
