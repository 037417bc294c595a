"""Messages ordered by staff: to a district, a school, a course, the guardians of a student, or one person.

The order answers at once; who gets the message is found as it is sent, in the background (see `sending`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from loaders.contract import MessageScope
from loaders.errors import ConstraintBroken
from loaders.messages import as_text, purified
from loaders.portal import posted_messages as rows
from loaders.portal.accounts import account_by_id
from loaders.portal.inbox import count_change
from loaders.portal.message_files import attach_files
from loaders.portal.posted_messages import NewMessage, PostedMessage
from loaders.portal.roles import StaffRole
from loaders.posted import Posted
from resolvers import arguments
from resolvers.access_log import AccessAction, log_access
from resolvers.context import Context, Viewer
from resolvers.mailroom import Content, renew_inboxes, sealed_content
from resolvers.portal.message_targets import Addressed, Target, addressed_by
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.trail import note
from resolvers.portal.typed import typed
from resolvers.staff import staff

LONGEST_SUBJECT = 200
LONGEST_BODY = 20_000
LONGEST_KEY = 100
MOST_FILES = 5
#: What sanitizing may make of a body: it closes what was left open, which must not multiply it.
_LONGEST_CLEAN = 4 * LONGEST_BODY
SENDERS = (StaffRole.OFFICE, StaffRole.ADMIN, StaffRole.TEACHER)
#: What the office opens a student's record for, as the family reads it.
PURPOSE = "MESSAGE"

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_NO_FILE = Problem(
    ProblemCode.FILE_NOT_FOUND, "No file of yours that waits to be sent has this id.", ("input", "fileIds")
)
_NOT_FOUND = Problem(ProblemCode.MESSAGE_NOT_FOUND, "No message that you may withdraw has this id.", ("id",))


@dataclass(frozen=True, slots=True)
class SendMessage:
    """What is to be sent to whom; the targets are the SIS's keys, the school's is the id of a school."""

    scope: MessageScope
    subject: str = field(repr=False)
    body: str = field(repr=False)
    language: str
    school_id: str | None = None
    section_id: str | None = None
    student_id: str | None = None
    guardian_id: str | None = None
    pinned: bool = False
    show_from: datetime | None = None
    show_until: datetime | None = None
    idempotency_key: str | None = None
    file_numbers: tuple[int | None, ...] = ()


class _FileGone(Exception):
    """A file does not wait any more, or never did; nothing was ordered."""


async def send_message(context: Context, order: SendMessage) -> PostedMessage | Refused:
    """Orders a message, or finds the one that this sender has ordered under the same key before.

    All is for ADMIN, all but DISTRICT for OFFICE as far as it is about their schools, and for a TEACHER about the own
    courses and their students. SourceDown where the SIS is away.
    """
    roles = (StaffRole.ADMIN,) if order.scope is MessageScope.DISTRICT else SENDERS
    viewer = staff(context, *roles)
    portal: Portal = context.portal
    problems: list[Problem] = []
    key = None
    if order.idempotency_key is not None:
        key = typed(order.idempotency_key, LONGEST_KEY, ("input", "idempotencyKey"), problems)
        known = await rows.message_by_key(portal.writer, viewer.account_id, key)
        if known is not None:
            return known
    content = _content(order, problems)
    if len(order.file_numbers) > MOST_FILES:
        words = f"A message has {MOST_FILES} files at the most."
        problems.append(Problem(ProblemCode.TOO_MANY_FILES, words, ("input", "fileIds")))
    elif None in order.file_numbers or len(set(order.file_numbers)) < len(order.file_numbers):
        problems.append(_NO_FILE)
    message = await _checked(context, viewer, order, problems)
    named = Target(order.scope, order.school_id, order.section_id, order.student_id, order.guardian_id)
    addressed = await addressed_by(context, viewer, named, problems)
    if problems or addressed is None or content is None:
        return Refused(tuple(problems))
    message = replace(
        message,
        idempotency_key=key,
        content_sealed=sealed_content(portal.sealer, content),
        target_id=None if addressed.target is None else str(addressed.target),
        about_id=None if addressed.about is None else str(addressed.about),
    )
    files = [number for number in order.file_numbers if number is not None]
    try:
        return await undisturbed(_do_send(context, message, addressed, files))
    except _FileGone:
        return Refused((_NO_FILE,))
    except ConstraintBroken:
        # The same order came twice at once.
        known = await rows.message_by_key(portal.writer, viewer.account_id, key or "")
        if known is None:
            raise
        return known


async def withdraw_message(context: Context, id: str) -> PostedMessage | Refused:
    """Takes a message back: it vanishes from every inbox, and nobody else gets it. One's own; for ADMIN, anybody's."""
    viewer = staff(context, *SENDERS)
    (key,) = arguments.message_keys(context, [id])
    portal: Portal = context.portal
    found = await rows.message_by_id(portal.writer, key.number) if isinstance(key, Posted) else None
    if found is None or (found.account_id != viewer.account_id and StaffRole.ADMIN not in viewer.roles):
        return Refused((_NOT_FOUND,))
    return await undisturbed(_do_withdraw(context, found))


async def _do_send(context: Context, message: NewMessage, addressed: Addressed, files: Sequence[int]) -> PostedMessage:
    portal: Portal = context.portal
    async with portal.writer.transaction() as transaction:
        number = await rows.add_message(transaction, message)
        if files and not await attach_files(transaction, message.account_id, number, files):
            raise _FileGone
        await note(
            context,
            transaction,
            "MESSAGE_ORDERED",
            f"message:{number}",
            scope=message.scope.value,
            target=message.target_id,
        )
        student = addressed.target if message.scope is MessageScope.STUDENT else addressed.about
        if student is not None:
            await log_access(context, transaction, AccessAction.OPENED, students=[student], purpose=PURPOSE)
        made = await rows.message_by_id(transaction, number)
    portal.messages_ordered.set()
    assert made is not None
    return made


async def _do_withdraw(context: Context, message: PostedMessage) -> PostedMessage | Refused:
    portal: Portal = context.portal
    async with portal.writer.transaction() as transaction:
        if not await rows.withdraw(transaction, message.id, _instant(context)):
            return Refused((_NOT_FOUND,))
        await count_change(transaction)
        await note(context, transaction, "MESSAGE_WITHDRAWN", f"message:{message.id}")
        found = await rows.message_by_id(transaction, message.id)
    await renew_inboxes(context.source)
    assert found is not None
    return found


def _content(order: SendMessage, problems: list[Problem]) -> Content | None:
    """What the message says, its body made harmless; None where something is wrong with it."""
    before = len(problems)
    subject = typed(order.subject, LONGEST_SUBJECT, ("input", "subject"), problems)
    body = typed(order.body, LONGEST_BODY, ("input", "body"), problems, lines=True)
    if len(problems) > before:
        return None
    clean = purified(body)
    text = as_text(clean) if len(clean) <= _LONGEST_CLEAN else ""
    if not text:
        words = "Nothing that can be shown is left of this text." if len(clean) <= _LONGEST_CLEAN else "It is too long."
        problems.append(Problem(ProblemCode.TEXT_MISSING, words, ("input", "body")))
        return None
    return Content(subject, clean, text)


async def _checked(context: Context, viewer: Viewer, order: SendMessage, problems: list[Problem]) -> NewMessage:
    """The message but for its content, target and key, with all that is wrong with its days and language."""
    now = _instant(context)
    shows = now if order.show_from is None else max(now, order.show_from.replace(microsecond=0))
    until = None if order.show_until is None else order.show_until.replace(microsecond=0)
    if until is not None and until <= shows:
        problems.append(Problem(ProblemCode.PERIOD_INVALID, "It would end before it begins.", ("input", "showUntil")))
    if order.pinned and until is None:
        problems.append(
            Problem(ProblemCode.END_MISSING, "Say until when a pinned message is shown.", ("input", "showUntil"))
        )
    if not _LANGUAGE.fullmatch(order.language):
        problems.append(
            Problem(ProblemCode.LANGUAGE_INVALID, "Give the language as en, es or zh-Hant.", ("input", "language"))
        )
    portal: Portal = context.portal
    account = await account_by_id(portal.writer, viewer.account_id)
    role = next(role.value for role in SENDERS if role in viewer.roles)
    return NewMessage(
        scope=order.scope,
        target_id=None,
        about_id=None,
        content_sealed="",
        language=order.language,
        pinned=order.pinned,
        account_id=viewer.account_id,
        sender_name=(account.name if account else None) or viewer.username,
        sender_role=role,
        idempotency_key=None,
        ordered_at=now,
        sent_at=shows,
        shown_until_at=until,
    )


def _instant(context: Context) -> datetime:
    """The instant of the school's day, in UTC and whole seconds: by it the SIS's messages are shown, too."""
    return context.source.now().astimezone(UTC).replace(microsecond=0)
