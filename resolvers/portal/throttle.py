"""How often somebody may try: waits that grow per name and address, and a ceiling per address, for each purpose.

Kept in memory, not in the store: a guesser must not be able to make the one writer work, and a throttled attempt
should cost nothing. What that gives away is small: a restart forgives, and each worker process counts for itself.
Nothing is keyed on the account alone, so a stranger elsewhere cannot keep a family out of its own account; a device
that the family has logged in from is not kept out by a stranger in the same network either.
"""

import hashlib
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TypeVar

from resolvers.errors import RateLimited

_K = TypeVar("_K")
_V = TypeVar("_V")


class Purpose(Enum):
    """What somebody tries; what is tried for one counts for no other."""

    LOG_IN = "LOG_IN"
    REDEEM = "REDEEM"
    PORTAL_REQUEST = "PORTAL_REQUEST"
    PORTAL_REQUEST_STATUS = "PORTAL_REQUEST_STATUS"
    RECOVERY = "RECOVERY"
    RESET = "RESET"
    SUPPORT = "SUPPORT"
    CALENDAR = "CALENDAR"
    CALENDAR_FEED = "CALENDAR_FEED"


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much is free, and how the wait grows; times in seconds.

    A school's network holds hundreds of parents behind one address, so an address may fail in bursts of
    `address_burst` and then `address_rate` times a second. An address that fails for `spray_names` names within
    `spray_seconds` seems to try one password on many people.
    """

    free_failures: int = 5
    first_wait: float = 5.0
    longest_wait: float = 3600.0
    forgotten_after: float = 7200.0
    address_burst: int = 300
    address_rate: float = 5.0
    kept: int = 50_000
    spray_names: int = 40
    spray_seconds: float = 600.0


def _per_address(times: int, seconds: float) -> Allowance:
    """So many times at once, and again spread over those seconds, whoever is named."""
    return Allowance(free_failures=10**9, address_burst=times, address_rate=times / seconds)


ALLOWANCES: Mapping[Purpose, Allowance] = MappingProxyType(
    {
        Purpose.LOG_IN: Allowance(),
        Purpose.REDEEM: _per_address(10, 600.0),
        Purpose.PORTAL_REQUEST: _per_address(20, 3600.0),
        Purpose.PORTAL_REQUEST_STATUS: _per_address(60, 600.0),
        Purpose.RECOVERY: Allowance(address_burst=100, address_rate=100 / 600.0),
        Purpose.RESET: _per_address(20, 600.0),
        Purpose.SUPPORT: _per_address(5, 3600.0),
        Purpose.CALENDAR: _per_address(30, 600.0),
        Purpose.CALENDAR_FEED: _per_address(30, 600.0),
    }
)


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last_at: float = 0.0
    waits: float = 0.0


@dataclass(slots=True)
class _Level:
    failures: float = 0.0
    at: float = 0.0


@dataclass(slots=True)
class _Names:
    """The names for which an address failed since `since`; `told` once that was taken for a spray."""

    since: float
    names: set[str] = field(default_factory=set)
    told: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """Something that is being tried: counted as a failure until it is known to be none.

    `network` is None where the attempt comes from a known device, which has a count of its own.
    """

    purpose: Purpose
    key: str
    place: str
    network: str | None


@dataclass
class Throttle:
    """Counts failed attempts on a monotonic clock, within bounded memory."""

    allowances: Mapping[Purpose, Allowance] = field(default_factory=lambda: ALLOWANCES)
    clock: Callable[[], float] = time.monotonic
    _pairs: OrderedDict[tuple[Purpose, str, str], _Failures] = field(default_factory=OrderedDict)
    _networks: OrderedDict[tuple[Purpose, str], _Level] = field(default_factory=OrderedDict)
    _sprays: OrderedDict[str, _Names] = field(default_factory=OrderedDict)

    def begin(self, key: str, address: str, purpose: Purpose = Purpose.LOG_IN, *, device: str | None = None) -> Attempt:
        """An attempt, counted before it is decided, so that many at once gain nothing.

        `key` is the name that is tried, "" where there is none. `device` is the hash of a device that the account has
        logged in from: what others fail at its address neither delays it nor is delayed by it. RateLimited with the
        seconds to wait, the same whether or not there is such an account.
        """
        now, allowance, network = self.clock(), self.allowances[purpose], network_of(address)
        attempt = Attempt(purpose, key, f"device {device}" if device else network, None if device else network)
        pair = self._pair(attempt, now)
        wait = pair.last_at + pair.waits - now
        level = None
        if attempt.network is not None:
            level = self._level(purpose, attempt.network, now)
            wait = max(wait, (level.failures + 1 - allowance.address_burst) / allowance.address_rate)
        if wait > 0:
            raise RateLimited("This was tried too often from here. Wait, then try again.", math.ceil(wait))
        pair.count += 1
        pair.last_at = now
        pair.waits = _wait(allowance, pair.count)
        if level is not None:
            level.failures += 1
        return attempt

    def succeeded(self, attempt: Attempt) -> None:
        """It was right: this name and address start afresh."""
        self._pairs.pop((attempt.purpose, attempt.key, attempt.place), None)
        self._uncount(attempt)

    def undecided(self, attempt: Attempt) -> None:
        """The attempt was broken off by us before it was decided, so it counts for nothing."""
        pair = self._pairs.get((attempt.purpose, attempt.key, attempt.place))
        if pair is not None and pair.count > 0:
            pair.count -= 1
            pair.waits = _wait(self.allowances[attempt.purpose], pair.count)
        self._uncount(attempt)

    def failed(self, attempt: Attempt) -> bool:
        """It was wrong; True, once a while, where its address has now failed for so many names that it seems a spray.

        A name is remembered by its hash alone: what is typed in a name's place may be a password.
        """
        if attempt.network is None:
            return False
        now, allowance = self.clock(), self.allowances[attempt.purpose]
        seen = self._sprays.get(attempt.network)
        if seen is None or seen.since + allowance.spray_seconds <= now:
            seen = self._sprays[attempt.network] = _Names(now)
        _keep(self._sprays, attempt.network, allowance.kept)
        if seen.told:
            return False
        seen.names.add(hashlib.blake2b(attempt.key.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest())
        seen.told = len(seen.names) >= allowance.spray_names
        return seen.told

    def _pair(self, attempt: Attempt, now: float) -> _Failures:
        key, allowance = (attempt.purpose, attempt.key, attempt.place), self.allowances[attempt.purpose]
        found = self._pairs.get(key)
        if found is None or found.last_at + allowance.forgotten_after <= now:
            found = self._pairs[key] = _Failures(last_at=now)
        _keep(self._pairs, key, allowance.kept)
        return found

    def _level(self, purpose: Purpose, network: str, now: float) -> _Level:
        key, allowance = (purpose, network), self.allowances[purpose]
        found = self._networks.setdefault(key, _Level(at=now))
        found.failures = max(0.0, found.failures - (now - found.at) * allowance.address_rate)
        found.at = now
        _keep(self._networks, key, allowance.kept)
        return found

    def _uncount(self, attempt: Attempt) -> None:
        level = None if attempt.network is None else self._networks.get((attempt.purpose, attempt.network))
        if level is not None:
            level.failures = max(0.0, level.failures - 1)


def _wait(allowance: Allowance, failures: int) -> float:
    beyond = failures - allowance.free_failures
    if beyond < 0:
        return 0.0
    return min(allowance.first_wait * 2.0 ** min(beyond, 30), allowance.longest_wait)


def _keep(entries: OrderedDict[_K, _V], key: _K, limit: int) -> None:
    entries.move_to_end(key)
    while len(entries) > limit:
        entries.popitem(last=False)


def network_of(address: str) -> str:
    """What one subscriber holds: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
