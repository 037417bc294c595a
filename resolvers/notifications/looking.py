"""Looking: what no change tells of, found once a day: work that is missing or due soon, and documents that were issued.

Nobody is told of work that was due, or a document that was issued, before their account was made, or before the first
day of all.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from loaders.assignments import AssignmentFilter, assignments_of_students
from loaders.documents import documents_of_students
from loaders.portal import notices as rows
from loaders.portal.accounts import guardians_after
from loaders.portal.guardian_accounts import accounts_of_guardians
from loaders.portal.notices import NewNotice, Place
from loaders.scores import ScoreFlag, ScoreState
from loaders.source import Source
from loaders.statement import Key
from resolvers.audience import Audience
from resolvers.notifications.deciding import Guard
from resolvers.notifications.moments import instant_of
from resolvers.notifications.recipients import Recipient, recipients_of
from resolvers.notifications.rules import AREAS, MOST_DAYS_AHEAD, NotificationKind, Rule
from resolvers.notifications.standing import entity
from resolvers.portal.service import Portal

#: When the record is looked through, where the district is: after school, and before the usual hour of digests.
LOOKED_AT = time(15, 30)
#: How far back work may have been due, and a document issued, that is still news.
NEWS = timedelta(days=14)

_PAGE = 200
_KINDS = (NotificationKind.MISSING_WORK, NotificationKind.DUE_SOON, NotificationKind.DOCUMENT)

#: Of a student, what was found of each kind: its name, its version, and its day.
Found = dict[tuple[Key, NotificationKind], list[tuple[str, str, date]]]


class Looker:
    """Looks through the records of all students whose guardians can be told of them, once a day."""

    def __init__(self, portal: Portal, source: Source, audience: Audience, guard: Guard) -> None:
        self._portal = portal
        self._source = source
        self._audience = audience
        self._guard = guard

    async def look_if_due(self) -> bool:
        """Looks if it is time and was not done today; whether it did. One that is cut short is begun anew."""
        place = await rows.place(self._portal.writer)
        now, today = self._source.now(), self._source.today()
        if place is None or place.looked_on == today:
            return False
        if now < instant_of(today, LOOKED_AT, self._source.adapter.time_zone):
            return False
        after = ""
        while page := await guardians_after(self._portal.writer, after, _PAGE):
            after = page[-1]
            await self._look_at(page, place, now, today)
        async with self._portal.writer.transaction() as transaction:
            await self._guard(transaction)
            await rows.note_look(transaction, today)
        return True

    async def _look_at(self, guardians: Sequence[str], place: Place, now: datetime, today: date) -> None:
        accounts = await accounts_of_guardians(self._portal.writer, guardians)
        recipients = await recipients_of(self._portal, self._source, self._audience, accounts)
        wanted = [(each, *want) for each in recipients.values() for want in _wants(each)]
        found = await self._found([(student, kind) for _, student, kind, _ in wanted], today)
        zone = self._source.adapter.time_zone
        async with self._portal.writer.transaction() as transaction:
            await self._guard(transaction)
            for recipient, student, kind, rule in wanted:
                since = max(place.begun_on, recipient.account.created_at.astimezone(zone).date())
                for name, version, day in found.get((student, kind), ()):
                    if _is_news(rule, day, since, today):
                        await rows.put_notice(transaction, _notice(recipient, student, kind, name, version, now))

    async def _found(self, wanted: Sequence[tuple[Key, NotificationKind]], today: date) -> Found:
        found: Found = {}
        of = {kind: list(dict.fromkeys(student for student, each in wanted if each is kind)) for kind in _KINDS}
        missing = AssignmentFilter(flags=(ScoreFlag.MISSING,), due_from=today - NEWS, due_to=today)
        due = AssignmentFilter(
            states=(ScoreState.NOT_DUE,), due_from=today, due_to=today + timedelta(days=MOST_DAYS_AHEAD)
        )
        await self._find_work(found, NotificationKind.MISSING_WORK, of[NotificationKind.MISSING_WORK], missing)
        await self._find_work(found, NotificationKind.DUE_SOON, of[NotificationKind.DUE_SOON], due)
        students = of[NotificationKind.DOCUMENT]
        if students and self._source.adapter.has("document"):
            names = ("student_key", "key", "version", "issued_on")
            (answer,) = await self._source.fetch([documents_of_students(students)], [list(names)], heavy=True)
            for student, key, version, issued_on in answer.layout.several(names, answer.raw):
                if issued_on is not None:
                    place = found.setdefault((student, NotificationKind.DOCUMENT), [])
                    place.append((entity(key), str(version), issued_on))
        return found

    async def _find_work(
        self, found: Found, kind: NotificationKind, students: Sequence[Key], which: AssignmentFilter
    ) -> None:
        if not students or not self._source.adapter.has("assignment", "enrollment", "score"):
            return
        names = ("student_key", "section_key", "assignment_key", "due_on")
        (answer,) = await self._source.fetch([assignments_of_students(students, which)], [list(names)], heavy=True)
        for student, section, key, due_on in answer.layout.several(names, answer.raw):
            # Work whose day is moved is due anew; missing it is once.
            version = due_on.isoformat() if kind is NotificationKind.DUE_SOON else kind.value
            found.setdefault((student, kind), []).append((entity(section, key), version, due_on))


def _wants(recipient: Recipient) -> list[tuple[Key, NotificationKind, Rule]]:
    """Of which students the recipient wants to be told what, as far as a look can find it."""
    return [
        (student, kind, rule)
        for student in recipient.scope.students
        for kind in _KINDS
        if (rule := recipient.rules.rule(kind, str(student))).tells and recipient.may_read(student, AREAS[kind])
    ]


def _is_news(rule: Rule, day: date, since: date, today: date) -> bool:
    if rule.kind is NotificationKind.DUE_SOON:
        return today <= day <= today + timedelta(days=rule.days_ahead or 0)
    return max(since, today - NEWS) <= day <= today


def _notice(
    recipient: Recipient, student: Key, kind: NotificationKind, name: str, version: str, now: datetime
) -> NewNotice:
    return NewNotice(
        account_id=recipient.account.id,
        kind=kind.value,
        student_id=str(student),
        entity=name,
        seq=0,
        version_before="",
        version=version,
        previous_sealed=None,
        happened_at=now,
        due_at=now,
    )
