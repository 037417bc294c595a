"""What a guardian reads of notifications: the rules that hold, the habits, and the list of what they were told."""

from dataclasses import dataclass
from datetime import datetime

from loaders import people
from loaders.ids import node_id
from loaders.portal import notifications as rows
from loaders.portal.notification_rules import habits_of_accounts, rules_of_accounts
from loaders.portal.notifications import StoredNotification, Visible
from loaders.statement import Key
from resolvers.access import readable, scope_of
from resolvers.context import Context
from resolvers.notifications.moments import Habits, habits_of
from resolvers.notifications.recipients import names_of
from resolvers.notifications.rules import AREAS, OWN_KINDS, NotificationKind, Rule, RuleBook
from resolvers.notifications.wording import sentence
from resolvers.paging import page_of
from resolvers.portal.listing import Listing, listing, number, place_in
from resolvers.portal.service import Portal
from resolvers.portal.wording import language_of


@dataclass(frozen=True, slots=True)
class GuardianRule:
    """The rule that holds for a guardian: about one student, or (None) about all or none."""

    student_key: Key | None
    rule: Rule


@dataclass(frozen=True, slots=True)
class Notification:
    """What the viewer was told, in a sentence that names no grade, and the ids of what it told of."""

    id: str
    kind: NotificationKind
    student_key: Key | None
    corrects: bool
    number: int
    text: str
    subject_ids: tuple[str, ...]
    told_at: datetime
    read_at: datetime | None


async def rules_of_viewer(context: Context) -> list[GuardianRule]:
    """The rules that hold: of each student of the viewer's one of each kind that concerns students, then the others."""
    context.guardian()
    book = await _book(context)
    scope = await scope_of(context)
    return [
        *[
            GuardianRule(student, book.rule(kind, str(student)))
            for student in scope.students
            for kind in NotificationKind
            if kind in AREAS
        ],
        *[GuardianRule(None, book.rule(kind)) for kind in OWN_KINDS],
    ]


async def rule_of(context: Context, kind: NotificationKind, student: Key | None) -> GuardianRule:
    """The rule of a kind that holds, about that student or about all."""
    return GuardianRule(student, (await _book(context)).rule(kind, "" if student is None else str(student)))


async def own_habits(context: Context) -> Habits:
    """When and how the viewer is told, whatever the rule."""
    context.guardian()
    portal: Portal = context.portal
    account_id = context.signed_in().account_id
    return habits_of((await habits_of_accounts(portal.writer, [account_id])).get(account_id))


async def notifications_of_viewer(
    context: Context, first: int | None, after: str | None, *, unread: bool | None = None
) -> Listing[Notification]:
    """What the viewer was told, the newest first; nothing of a student whose area is closed to them now."""
    context.guardian()
    portal: Portal = context.portal
    page = page_of(first, after)
    place = place_in(page.after, number)
    account_id = context.signed_in().account_id
    found = await rows.notifications_of(
        portal.writer,
        account_id,
        await _visible(context),
        None if place is None else place[0],
        page.first + 1,
        unread=unread,
    )
    told = await _told(context, found)
    return listing(
        [((each.id,), one) for each, one in zip(found, told, strict=True)], page.first, earlier=place is not None
    )


async def notification_count(context: Context, *, unread: bool | None = None) -> int:
    """How many the viewer can see."""
    context.guardian()
    portal: Portal = context.portal
    visible = await _visible(context)
    return await rows.count_notifications(portal.writer, context.signed_in().account_id, visible, unread=unread)


async def _book(context: Context) -> RuleBook:
    portal: Portal = context.portal
    account_id = context.signed_in().account_id
    return RuleBook((await rules_of_accounts(portal.writer, [account_id])).get(account_id, ()))


async def _visible(context: Context) -> Visible:
    students = [(kind.value, [str(key) for key in await readable(context, area)]) for kind, area in AREAS.items()]
    return Visible(students, [kind.value for kind in OWN_KINDS])


async def _told(context: Context, found: list[StoredNotification]) -> list[Notification]:
    if not found:
        return []
    adapter = context.source.adapter
    keys = [adapter.parse_key("student", each.student_id) if each.student_id else None for each in found]
    names = await names_of(context.source, [key for key in keys if key is not None])
    language = await _language(context)
    told = []
    for each, key in zip(found, keys, strict=True):
        kind = NotificationKind(each.kind)
        student = None if key is None else names.get(key)
        told.append(
            Notification(
                id=node_id("Notification", each.id),
                kind=kind,
                student_key=key,
                corrects=each.corrects,
                number=each.number,
                text=sentence(kind, each.number, student, language, corrects=each.corrects),
                subject_ids=tuple(each.subject_ids),
                told_at=each.told_at,
                read_at=each.read_at,
            )
        )
    return told


async def _language(context: Context) -> str:
    (rows,) = await context.source.fetch([people.guardians([context.guardian()])], [["preferred_language"]])
    return language_of(next(iter(rows.layout.values("preferred_language", rows.raw)), None))
