"""What the school has ordered here of who may see what: a snapshot beside the source, under which every scope is read.

No operation asks the portal store for it. The source's mark counts the orders, so that nothing that was answered under
earlier ones is given again.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from loaders.portal.access_rules import Eligibility, EligibilityKind, Orders, Switch, read_orders, version_of
from loaders.portal.transaction import Reading
from loaders.source import Source
from loaders.statement import Key

#: Somewhere it is still yesterday.
_ELSEWHERE = timedelta(days=1)


class Rules:
    """The school's orders, each to be found by whom it is about."""

    __slots__ = ("_blocks", "_eligibilities", "_switches", "switching", "version")

    def __init__(self, orders: Orders) -> None:
        self.version = orders.version
        self._blocks: dict[tuple[str, str], list[tuple[date, date | None]]] = defaultdict(list)
        self._switches: dict[str, list[Switch]] = defaultdict(list)
        self._eligibilities: dict[str, list[Eligibility]] = defaultdict(list)
        for block in orders.blocks:
            self._blocks[block.guardian_id, block.student_id].append((block.starts_on, block.ends_on))
        for switch in orders.switches:
            self._switches[switch.area].append(switch)
        for each in orders.eligibilities:
            self._eligibilities[each.student_id].append(each)
        #: Whether any area is closed somewhere, now, before or later.
        self.switching = bool(self._switches)

    @property
    def blocks(self) -> bool:
        """Whether anybody is kept from anybody."""
        return bool(self._blocks)

    def blocked(self, guardian: Key, student: Key, today: date) -> bool:
        """Whether the guardian is kept from the student today, as a court or the school has it."""
        if not self._blocks:
            return False
        return any(_holds(start, end, today) for start, end in self._blocks.get((str(guardian), str(student)), ()))

    def switches(self, area: str, school: Key | None) -> list[Switch]:
        """What closes the area at the school, now, before or later."""
        own = None if school is None else str(school)
        return [switch for switch in self._switches.get(area, ()) if switch.school_id in (None, own)]

    def keeps(self, guardian: Key, student: Key, today: date, *, by_source: bool) -> bool:
        """Whether the guardian keeps the right to a student of age: by consent, or as a tax dependent's parent.

        What the student has refused in writing stays refused, whatever else is on file (34 CFR 99.5, 99.31(a)(8)).
        """
        found = {
            each.kind
            for each in self._eligibilities.get(str(student), ())
            if each.guardian_id in (None, str(guardian)) and _holds(each.starts_on, each.ends_on, today)
        }
        return EligibilityKind.REFUSAL not in found and (by_source or bool(found))


NO_RULES = Rules(Orders(0))


def rules_of(source: Source) -> Rules:
    """The orders that hold over this source, as they were last read."""
    found: Rules = source.notes.get(Rules, NO_RULES)
    return found


async def renew_rules(source: Source, store: Reading) -> bool:
    """Reads the orders again where there have been others since; whether there were."""
    if await version_of(store) == rules_of(source).version:
        return False
    rules = Rules(await read_orders(store, source.now(), source.today() - _ELSEWHERE))
    source.notes[Rules] = rules
    source.orders = rules.version
    return True


def closing(switches: Iterable[Switch], now: datetime) -> Switch | None:
    """Of these switches the one that keeps the area closed now, and longest; None where it is open."""
    found = [each for each in switches if each.closes_at <= now and (each.reopens_at is None or now < each.reopens_at)]
    return max(found, key=_end, default=None)


def next_turn(switches: Iterable[Switch], now: datetime) -> datetime | None:
    """When the first of these switches next closes or opens something."""
    turns = [at for each in switches for at in (each.closes_at, each.reopens_at) if at is not None and at > now]
    return min(turns, default=None)


def _end(switch: Switch) -> tuple[bool, float, int]:
    end = switch.reopens_at
    return end is None, 0.0 if end is None else end.timestamp(), switch.id


def _holds(start: date, end: date | None, today: date) -> bool:
    return start <= today and (end is None or today <= end)
