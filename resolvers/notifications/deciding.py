"""Deciding: what of the change log may have to be told whom, each change once, whichever process does it.

The log is gone through from a place that is kept beside what was decided, in one transaction: what stands before it
was decided, what stands behind it was not. The first place is the log's end of that day: nobody is told of what was.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog

from loaders.portal import notices as rows
from loaders.portal.change_log import LoggedChange, LogState, begin_log, changes_after, log_state
from loaders.portal.notices import NewNotice
from loaders.portal.transaction import Transaction
from loaders.source import Source
from resolvers.audience import Audience
from resolvers.changes import ChangeEvent, event_of
from resolvers.notifications.folding import score_part, window_of
from resolvers.notifications.recipients import Recipient, accounts_around, recipients_of
from resolvers.notifications.rules import AREAS, NotificationKind
from resolvers.portal.service import Portal

#: How many changes are gone through at once.
PAGE = 200

#: Which kinds a change to each subject of the log may be told as.
KINDS_OF: dict[str, tuple[NotificationKind, ...]] = {
    "grade": (NotificationKind.GRADE_POSTED, NotificationKind.GRADE_CROSSED),
    "assignment": (NotificationKind.ASSIGNMENT_SCORED,),
    "attendance": (NotificationKind.ATTENDANCE,),
    "message": (NotificationKind.MESSAGE,),
}

log = structlog.get_logger("homeroom.notifications")

#: Returns where this process may still decide; raises where another has taken its place.
Guard = Callable[[Transaction], Awaitable[None]]


class Decider:
    """Goes through the change log, and notes what each guardian may have to be told once it has rested a `window`."""

    def __init__(self, portal: Portal, source: Source, audience: Audience, guard: Guard, window: timedelta) -> None:
        self._portal = portal
        self._source = source
        self._audience = audience
        self._guard = guard
        self._window = window

    async def decide(self) -> int:
        """Goes through the next page of the log; how many changes stood on it. SourceDown where rights are unknown."""
        store = self._portal.writer
        place, state = await rows.place(store), await log_state(store)
        if place is None or state is None or place.epoch != state.epoch or place.seq > state.head:
            await self._begin()
            return 0
        if place.seq == state.head:
            return 0
        if place.seq < state.forgotten:
            log.warning("changes were forgotten before they were told", changes=state.forgotten - place.seq)
        changes = await changes_after(store, place.seq, PAGE)
        found = await self._notices(state, changes)
        async with store.transaction() as transaction:
            await self._guard(transaction)
            for notice in found:
                await rows.put_notice(transaction, notice)
            await rows.go_on_at(transaction, changes[-1].seq if changes else state.head)
        return len(changes)

    async def _begin(self) -> None:
        """Begins at the end of the log, whatever log that is: nobody is told of what was before."""
        async with self._portal.writer.transaction() as transaction:
            await self._guard(transaction)
            state = await begin_log(transaction)
            await rows.begin_at(transaction, state.epoch, state.head, self._source.today())

    async def _notices(self, state: LogState, changes: Sequence[LoggedChange]) -> list[NewNotice]:
        read = [(event_of(self._source.adapter, self._portal.sealer, state.epoch, each), each) for each in changes]
        events = [(event, change) for event, change in read if event is not None and event.subject in KINDS_OF]
        students = [event.student_key for event, _ in events if event.student_key is not None]
        guardians = [event.guardian_key for event, _ in events if event.guardian_key is not None]
        around, own = await accounts_around(self._portal, self._source, students, guardians)
        accounts = {account.id: account for of in (*around.values(), *own.values()) for account in of}
        recipients = await recipients_of(self._portal, self._source, self._audience, list(accounts.values()))
        found = []
        for event, change in events:
            concerned = (
                own.get(event.guardian_key, ())  # type: ignore[arg-type]
                if event.student_key is None
                else around.get(event.student_key, ())
            )
            for account in concerned:
                if account.id in recipients:
                    found += self._of(recipients[account.id], event, change)
        return found

    def _of(self, recipient: Recipient, event: ChangeEvent, change: LoggedChange) -> list[NewNotice]:
        """What the recipient may have to be told of a change."""
        student_id = change.student_id or ""
        found = []
        for kind in KINDS_OF[event.subject]:
            if not recipient.rules.rule(kind, student_id).tells:
                continue
            if event.student_key is not None and not recipient.may_read(event.student_key, AREAS[kind]):
                continue
            if kind is NotificationKind.ASSIGNMENT_SCORED and _same_score(change):
                continue
            found.append(
                NewNotice(
                    account_id=recipient.account.id,
                    kind=kind.value,
                    student_id=student_id,
                    entity=change.entity,
                    seq=change.seq,
                    version_before=change.version_before,
                    version=change.version,
                    previous_sealed=change.previous_sealed,
                    happened_at=change.occurred_at,
                    due_at=change.occurred_at + window_of(kind, self._window),
                )
            )
        return found


def _same_score(change: LoggedChange) -> bool:
    """Whether an assignment has changed, and its score has not."""
    return score_part(change.version_before) == score_part(change.version)
