"""Recipients: the guardians who can be told something, how each is reached, and what their rights are now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from loaders import people
from loaders.portal.guardian_accounts import GuardianAccount, accounts_of_guardians
from loaders.portal.notification_rules import habits_of_accounts, rules_of_accounts
from loaders.rights import rights_to_students
from loaders.source import Source
from loaders.statement import Key
from resolvers.access import Area, Scope, closed_in, take_scope
from resolvers.audience import Audience
from resolvers.context import Caller, Context, Viewer
from resolvers.notifications.moments import Habits, habits_of
from resolvers.notifications.rules import RuleBook
from resolvers.of_age import zone_of
from resolvers.portal.service import Portal
from resolvers.portal.wording import language_of

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Recipient:
    """An account with what its guardian has set, and an operation of theirs in which rights are as they are now."""

    account: GuardianAccount
    guardian: Key
    context: Context = field(repr=False)
    scope: Scope = field(repr=False)
    rules: RuleBook = field(repr=False)
    habits: Habits = field(repr=False)
    school_zones: Mapping[Key, tzinfo] = field(repr=False)

    def may_read(self, student: Key, area: Area) -> bool:
        """Whether the area of the student's record is open to the guardian now."""
        return student in self.scope and not closed_in(self.context, self.scope, area, [student])

    def zone(self, student: Key | None) -> tzinfo:
        """Where the student's school is, or the first of all, or the district."""
        zones = self.school_zones
        first = next(iter(zones.values()), self.context.source.adapter.time_zone)
        return first if student is None else zones.get(student, first)


@dataclass(frozen=True, slots=True)
class Contact:
    """How somebody is reached and called; `address` is None where no mail reaches them."""

    name: str
    address: str | None
    language: str


async def recipients_of(
    portal: Portal, source: Source, audience: Audience, accounts: Sequence[GuardianAccount]
) -> dict[int, Recipient]:
    """The recipients by account, with the rights of this moment; SourceDown where these cannot be read."""
    ids = [account.id for account in accounts]
    rules, habits = await rules_of_accounts(portal.writer, ids), await habits_of_accounts(portal.writer, ids)
    keys = {account.id: source.adapter.parse_key("guardian", account.guardian_id) for account in accounts}
    scopes = await audience.scopes(key for key in keys.values() if key is not None)
    found = {}
    for account in accounts:
        key = keys[account.id]
        if key is None:
            continue
        viewer = Viewer(account.id, 0, account.username, key, frozenset(), _NEVER)
        context = Context(source, viewer, Caller(transport="notification"), portal, live=None)
        rows = scopes.get(key)
        scope = take_scope(context, rows)
        zones: dict[Key, tzinfo] = {}
        if rows is not None:
            for student, zone in rows.layout.several(("student_key", "time_zone"), rows.raw):
                zones.setdefault(student, zone_of(zone, source.adapter.time_zone))
        found[account.id] = Recipient(
            account, key, context, scope, RuleBook(rules.get(account.id, ())), habits_of(habits.get(account.id)), zones
        )
    return found


async def accounts_around(
    portal: Portal, source: Source, students: Iterable[Key], guardians: Iterable[Key]
) -> tuple[dict[Key, list[GuardianAccount]], dict[Key, list[GuardianAccount]]]:
    """The accounts of all who have a right to each of these students, and those of these guardians."""
    asked, linked = list(dict.fromkeys(students)), dict[Key, list[Key]]()
    everybody = dict.fromkeys(guardians)
    if asked:
        names = ("student_key", "guardian_key")
        (rows,) = await source.fetch([rights_to_students(asked)], [list(names)])
        for student, guardian in dict.fromkeys(rows.layout.several(names, rows.raw)):
            linked.setdefault(student, []).append(guardian)
            everybody[guardian] = None
    own: dict[Key, list[GuardianAccount]] = {}
    for account in await accounts_of_guardians(portal.writer, [str(key) for key in everybody]):
        key = source.adapter.parse_key("guardian", account.guardian_id)
        if key is not None:
            own.setdefault(key, []).append(account)
    around = {
        student: [account for guardian in of for account in own.get(guardian, ())] for student, of in linked.items()
    }
    return around, own


async def contacts_of(source: Source, recipients: Iterable[Recipient]) -> dict[int, Contact]:
    """How each recipient is reached, by account: by the recovery address, else by what the school has."""
    asked = list(recipients)
    names = ("key", "given_name", "email", "preferred_language")
    statement = people.guardians(list(dict.fromkeys(each.guardian for each in asked))).unremembered()
    (rows,) = await source.fetch([statement], [list(names)])
    held = {row[0]: row[1:] for row in rows.layout.several(names, rows.raw)}
    found = {}
    for each in asked:
        name, email, preferred = held.get(each.guardian, (None, None, None))
        account = each.account
        address = account.recovery_email or email or None
        found[account.id] = Contact(name or account.username, address, language_of(account.language or preferred))
    return found


async def names_of(source: Source, students: Iterable[Key]) -> dict[Key, str]:
    """What each of these students is called at home: by the given name alone."""
    (rows,) = await source.fetch([people.students(list(dict.fromkeys(students)))], [["key", "given_name"]])
    return dict(rows.layout.several(("key", "given_name"), rows.raw))
