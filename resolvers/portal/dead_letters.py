"""Dead letters: what was given up, as ADMIN sees it, and another try for what a repair elsewhere has made possible.

What a letter says and to what address it goes is shown to nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from loaders.ids import node_id, read_node_id
from loaders.portal import dead_letters as rows
from loaders.portal.access_log import opened_since
from loaders.portal.dead_letters import DeadLetter, LetterKind
from loaders.portal.mail import revive
from loaders.portal.pushes import revive_push
from loaders.portal.roles import StaffRole
from loaders.portal.transaction import Transaction
from resolvers.access_log import AccessAction, log_access
from resolvers.context import Context
from resolvers.errors import BadUserInput
from resolvers.paging import page_of
from resolvers.portal.listing import Listing, listing, number, place_in
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.trail import note
from resolvers.staff import staff

#: How many letters one order tries again.
MOST_REPLAYED = 100
_OPENED_ANEW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ShownLetter:
    """A dead letter without what it says; `replayable` until nobody needs it any more."""

    id: str
    kind: LetterKind
    about: str
    username: str | None
    reason: str
    tries: int
    posted_at: datetime
    died_at: datetime
    replayable: bool


@dataclass(frozen=True, slots=True)
class Replayed:
    """The letters that are tried again, and those of which nothing is there to try."""

    replayed: tuple[str, ...]
    passed_over: tuple[str, ...]


async def list_dead_letters(
    context: Context, kind: LetterKind | None, first: int | None, after: str | None
) -> Listing[ShownLetter]:
    """The dead letters of a kind (None: of any), the latest first; for ADMIN.

    Whose letters they are reads in the access log that they were looked at.
    """
    staff(context, StaffRole.ADMIN)
    portal: Portal = context.portal
    page = page_of(first, after)
    place = place_in(page.after, number)
    found = await rows.dead_letters(portal.writer, kind, None if place is None else place[0], page.first + 1)
    now = portal.now()
    shown = listing([((each.id,), _shown(each, now)) for each in found], page.first, earlier=place is not None)
    await _log_opened(context, {each.account_id for each in found[: page.first] if each.account_id is not None})
    return shown


async def count_letters(context: Context, kind: LetterKind | None) -> int:
    """How many dead letters of a kind (None: of any) there are; for ADMIN."""
    staff(context, StaffRole.ADMIN)
    portal: Portal = context.portal
    return await rows.count_dead_letters(portal.writer, kind)


async def replay_dead_letters(context: Context, ids: Sequence[str]) -> Replayed:
    """Has letters tried again from the first try on; for ADMIN.

    One that is there no more, or that nobody needs any more, is passed over. Rights are asked as each leaves.
    """
    staff(context, StaffRole.ADMIN)
    if len(ids) > MOST_REPLAYED:
        raise BadUserInput(f"`ids` holds {len(ids)} ids: give {MOST_REPLAYED} at the most.")
    return await undisturbed(_do_replay(context, list(dict.fromkeys(ids))))


async def _do_replay(context: Context, ids: Sequence[str]) -> Replayed:
    portal: Portal = context.portal
    replayed = []
    async with portal.writer.transaction() as transaction:
        for id in ids:
            letter = await _letter(transaction, id)
            if letter is None or not await _revive(transaction, letter, portal.now()):
                continue
            await rows.remove_dead_letter(transaction, letter.id)
            subject = f"{letter.kind.value.lower()}:{letter.letter_id}"
            await note(context, transaction, "DEAD_LETTER_REPLAYED", subject)
            if letter.account_id is not None:
                await log_access(
                    context, transaction, AccessAction.CHANGED, account_id=letter.account_id, purpose="DELIVERY"
                )
            replayed.append(id)
    portal.mail_posted.set()
    portal.push_posted.set()
    return Replayed(tuple(replayed), tuple(id for id in ids if id not in replayed))


async def _letter(transaction: Transaction, id: str) -> DeadLetter | None:
    found = read_node_id(id)
    number_ = found[1][0] if found is not None and found[0] == "DeadLetter" and len(found[1]) == 1 else ""
    if not (number_.isascii() and number_.isdigit() and len(number_) <= 18):
        return None
    return await rows.dead_letter_by_id(transaction, int(number_))


async def _revive(transaction: Transaction, letter: DeadLetter, now: datetime) -> bool:
    if not _replayable(letter, now) or letter.content_sealed is None:
        return False
    if letter.kind is LetterKind.MAIL:
        return await revive(transaction, letter.letter_id, letter.content_sealed, letter.html_sealed, now)
    return await revive_push(transaction, letter.letter_id, letter.content_sealed, now)


def _replayable(letter: DeadLetter, now: datetime) -> bool:
    return letter.content_sealed is not None and (letter.worthless_at is None or letter.worthless_at > now)


def _shown(letter: DeadLetter, now: datetime) -> ShownLetter:
    return ShownLetter(
        id=node_id("DeadLetter", letter.id),
        kind=letter.kind,
        about=letter.about,
        username=letter.username,
        reason=letter.reason,
        tries=letter.tries,
        posted_at=letter.posted_at,
        died_at=letter.died_at,
        replayable=_replayable(letter, now),
    )


async def _log_opened(context: Context, accounts: set[int]) -> None:
    """Lets families read who looked at their letters; once an hour for each member of staff."""
    if not accounts:
        return
    portal: Portal = context.portal
    viewer, since = context.signed_in(), portal.instant() - _OPENED_ANEW
    async with portal.writer.transaction() as transaction:
        for account_id in sorted(accounts - await opened_since(transaction, viewer.account_id, list(accounts), since)):
            await log_access(context, transaction, AccessAction.OPENED, account_id=account_id, purpose="DELIVERY")
