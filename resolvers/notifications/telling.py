"""Telling: what has settled and is wanted now leaves by the channels that the guardian chose, once.

Rights are asked again, and what stands there is read again. That a notice is told, the list's entry, the pushes and the
mail are one transaction: whoever dies in between has told nothing, and whoever comes after tells it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from loaders.portal import notices as rows
from loaders.portal.guardian_accounts import guardian_accounts
from loaders.portal.notices import WaitingNotice
from loaders.source import Source
from loaders.statement import Key
from resolvers.audience import Audience
from resolvers.changes import previous_of
from resolvers.notifications.composing import Item, Told
from resolvers.notifications.deciding import Guard
from resolvers.notifications.delivering import Closing, Delivery, Group, Moved, deliver
from resolvers.notifications.folding import Verdict, is_undone, ripe, verdict
from resolvers.notifications.moments import after_quiet, family_zone
from resolvers.notifications.own_standing import own_standings
from resolvers.notifications.recipients import Recipient, contacts_of, names_of, recipients_of
from resolvers.notifications.rules import AREAS, HELD_IN_SCHOOL, NotificationKind, NotificationMode, Rule
from resolvers.notifications.school_hours import school_is_out_at
from resolvers.notifications.standing import PARTS, Standing, Thing, read_standings, thing_of
from resolvers.portal.service import Portal

#: How many accounts are told at once, and how much of what waits for one is gone through.
ACCOUNTS, NOTICES = 50, 2_000

#: What a notice's tag is made for.
TAG = "what was told"


@dataclass(slots=True)
class _Sorted:
    """What waits for an account, sorted: what may be told now, what is over, and what waits on until when."""

    ready: list[tuple[Rule, WaitingNotice]]
    passed: list[WaitingNotice]
    later: list[tuple[WaitingNotice, datetime]]


class Teller:
    """Tells guardians what is due; `window` is how long a thing must rest before it is told."""

    def __init__(self, portal: Portal, source: Source, audience: Audience, guard: Guard, window: timedelta) -> None:
        self._portal = portal
        self._source = source
        self._audience = audience
        self._guard = guard
        self._window = window

    async def tell_due(self) -> int:
        """Tells everybody who has something due; how many notifications that made. SourceDown where rights are unknown.

        Accounts whose notices have moved meanwhile are left to the next time.
        """
        told, moved = 0, set[int]()
        while True:
            due = await rows.due_accounts(self._portal.writer, self._source.now(), NOTICES)
            asked = [account for account in due if account not in moved][:ACCOUNTS]
            if not asked:
                return told
            told += await self._tell(asked, moved)

    async def _tell(self, ids: Sequence[int], moved: set[int]) -> int:
        """Tells these accounts; those to which it could not be told are added to `moved`."""
        now = self._source.now()
        accounts = await guardian_accounts(self._portal.writer, ids)
        recipients = await recipients_of(self._portal, self._source, self._audience, accounts)
        waiting = {each: await rows.waiting_of(self._portal.writer, each, NOTICES) for each in ids}
        sorted_of = {each: await self._sort(recipients.get(each), waiting[each], now) for each in ids}
        things = {
            notice.id: thing
            for sort in sorted_of.values()
            for _, notice in sort.ready
            if (thing := self._thing(notice)) is not None
        }
        standings = await read_standings(self._source, set(things.values()))
        names = await names_of(self._source, [thing.student for thing in things.values()])
        contacts = await contacts_of(self._source, recipients.values())
        told = 0
        for each in ids:
            sort, recipient = sorted_of[each], recipients.get(each)
            delivery = Delivery([Closing(notice, notice.seen_tag) for notice in sort.passed], sort.later, [])
            if recipient is not None:
                shown = {notice.id: standings.get(things[notice.id]) for _, notice in sort.ready if notice.id in things}
                await self._add(delivery, recipient, sort.ready, shown, names)
            try:
                told += await deliver(self._portal, self._guard, delivery, recipient, contacts.get(each))
            except Moved:
                moved.add(each)
        return told

    async def _sort(self, recipient: Recipient | None, waiting: Sequence[WaitingNotice], now: datetime) -> _Sorted:
        """What of that may be told now; all is over for who can log in no more."""
        sort = _Sorted([], [], [])
        groups: dict[tuple[str, str], list[WaitingNotice]] = defaultdict(list)
        for notice in waiting:
            groups[notice.kind, notice.student_id].append(notice)
        for (name, student_id), group in groups.items():
            kind = NotificationKind(name)
            rule = None if recipient is None else recipient.rules.rule(kind, student_id)
            if recipient is None or rule is None or not rule.tells or not self._may_know(recipient, kind, student_id):
                sort.passed += group
                continue
            await self._sort_group(sort, recipient, rule, student_id, group, now)
        return sort

    async def _sort_group(
        self,
        sort: _Sorted,
        recipient: Recipient,
        rule: Rule,
        student_id: str,
        group: Sequence[WaitingNotice],
        now: datetime,
    ) -> None:
        student = self._source.adapter.parse_key("student", student_id) if student_id else None
        zone = family_zone(recipient.habits, recipient.zone(student))
        found = ripe(group, rule, recipient.habits, zone, now, self._window)
        settled = {notice.id for notice in found.now}
        if found.again_at is not None:
            sort.later += [(notice, found.again_at) for notice in group if notice.id not in settled]
        news = [notice for notice in found.now if not is_undone(notice)]
        sort.passed += [notice for notice in found.now if is_undone(notice)]
        if not news:
            return
        free = after_quiet(now, recipient.habits, zone)
        if (
            free == now
            and student is not None
            and recipient.habits.holds_in_school
            and rule.mode is NotificationMode.INSTANT
            and rule.kind in HELD_IN_SCHOOL
        ):
            free = await school_is_out_at(recipient.context, student, recipient.zone(student), now)
        if free > now:
            sort.later += [(notice, free) for notice in news]
        else:
            sort.ready += [(rule, notice) for notice in news]

    def _may_know(self, recipient: Recipient, kind: NotificationKind, student_id: str) -> bool:
        if kind not in AREAS:
            return True
        student = self._source.adapter.parse_key("student", student_id)
        return student is not None and recipient.may_read(student, AREAS[kind])

    def _thing(self, notice: WaitingNotice) -> Thing | None:
        kind = NotificationKind(notice.kind)
        if kind not in PARTS:
            return None
        return thing_of(self._source.adapter, kind, notice.student_id, notice.entity)

    async def _add(
        self,
        delivery: Delivery,
        recipient: Recipient,
        ready: Sequence[tuple[Rule, WaitingNotice]],
        shown: dict[int, Standing | None],
        names: dict[Key, str],
    ) -> None:
        """Adds to what is delivered what of the ready notices is news, by kind, student, and whether it corrects."""
        groups: dict[tuple[NotificationKind, str, bool], list[tuple[Rule, Item]]] = defaultdict(list)
        mine = [notice for rule, notice in ready if rule.kind not in PARTS]
        own = await own_standings(self._source, recipient.context, mine)
        for rule, notice in ready:
            standing = own.get(notice.id) if rule.kind not in PARTS else shown.get(notice.id)
            tag = self._tag(notice, standing)
            found = verdict(notice, rule, standing, self._previous(notice), tag)
            delivery.closings.append(Closing(notice, tag, told=found is not Verdict.PASSED))
            if found is not Verdict.PASSED:
                corrects = found is not Verdict.NEWS
                groups[rule.kind, notice.student_id, corrects].append((rule, Item(standing, found)))
        for (kind, student_id, corrects), of in groups.items():
            student = self._source.adapter.parse_key("student", student_id) if student_id else None
            name = None if student is None else names.get(student)
            told = Told(kind, name, corrects, [item for _, item in of])
            delivery.groups.append(Group(told, student_id, of[0][0].channels))

    def _previous(self, notice: WaitingNotice) -> Decimal | None:
        return previous_of(self._portal.sealer, notice.previous_sealed)[0]

    def _tag(self, notice: WaitingNotice, standing: Standing | None) -> str:
        """A keyed tag of what stands there, the same for the same."""
        facts = ("gone",) if standing is None else ("there", *standing.facts)
        text = "\0".join((str(notice.account_id), notice.kind, notice.student_id, notice.entity, *facts))
        return self._portal.sealer.tag(TAG, text)[:32]
