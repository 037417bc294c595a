"""Notices sixty days before a student comes of age: to each guardian who has an account and will lose the record."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from loaders import people
from loaders.portal.accounts import guardians_after
from loaders.portal.eligibility_notices import account_of_guardian, note_notice
from loaders.portal.recovery_email import recovery_address
from loaders.rights import scopes_of_guardians
from loaders.rows import Rows
from loaders.source import Source
from loaders.statement import Key
from resolvers.of_age import eighteenth_birthday
from resolvers.portal.mail import Letter, post
from resolvers.portal.service import Portal
from resolvers.portal.wording import language_of
from resolvers.rules import rules_of

BEFORE = timedelta(days=60)
_PAGE = 500
_COLUMNS = ("guardian_key", "student_key", "birth_date", "adult_right")


class _Due(NamedTuple):
    guardian: Key
    student: Key
    birthday: date


async def post_notices(portal: Portal, source: Source) -> int:
    """Posts the notices that are due and were not posted yet, and says how many; SourceDown where the SIS is away.

    Nobody is told who keeps the right beyond the day, or is kept from the student. Who has no address anywhere is told
    nothing, and will be once there is one.
    """
    posted, after = 0, ""
    while page := await guardians_after(portal.writer, after, _PAGE):
        after = page[-1]
        keys = [source.adapter.parse_key("guardian", text) for text in page]
        asked = [key for key in keys if key is not None]
        (rows,) = await source.fetch([scopes_of_guardians(asked, withheld=False).unremembered()], [list(_COLUMNS)])
        due = list(dict.fromkeys(_due(source, rows)))
        if due:
            named, held = await source.fetch(
                [
                    people.students(list({each.student for each in due})).unremembered(),
                    people.guardians(list({each.guardian for each in due})).unremembered(),
                ],
                [["key", "name"], ["key", "given_name", "email", "preferred_language"]],
            )
            names: dict[Key, str] = dict(named.layout.several(("key", "name"), named.raw))
            found = held.layout.several(("key", "given_name", "email", "preferred_language"), held.raw)
            guardians = {row[0]: (row[1], row[2], row[3]) for row in found}
            for each in due:
                posted += await _post(portal, each, names, guardians)
    if posted:
        portal.mail_posted.set()
    return posted


def _due(source: Source, rows: Rows) -> Iterator[_Due]:
    rules, today = rules_of(source), source.today()
    for guardian, student, born_on, adult_right in rows.layout.several(_COLUMNS, rows.raw):
        if born_on is None or rules.blocked(guardian, student, today):
            continue
        birthday = eighteenth_birthday(born_on)
        if not today < birthday <= today + BEFORE:
            continue
        if not rules.keeps(guardian, student, birthday, by_source=bool(adult_right)):
            yield _Due(guardian, student, birthday)


async def _post(
    portal: Portal,
    due: _Due,
    names: Mapping[Key, str],
    guardians: Mapping[Key, tuple[str, str | None, str | None]],
) -> bool:
    account = await account_of_guardian(portal.writer, str(due.guardian))
    if account is None or due.guardian not in guardians or due.student not in names:
        return False
    name, email, preferred = guardians[due.guardian]
    address = await recovery_address(portal.writer, account[0]) or email
    if not address:
        return False
    values = {"name": name, "student": names[due.student], "day": due.birthday.isoformat()}
    letter = Letter("coming_of_age", address, language_of(account[1] or preferred), values, account[0])
    async with portal.writer.transaction() as transaction:
        if not await note_notice(transaction, str(due.student), str(due.guardian), portal.instant()):
            return False
        await post(portal, transaction, letter)
    return True
