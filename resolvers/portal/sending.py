"""A message on its way: given to some guardians at a time, each once, with their rights asked as it is given.

What was given, how far that is, and what is to be told of it are noted in one transaction: whoever goes on after a
crash finds the place, and nobody is written to twice or left out.
"""

from collections.abc import Sequence

import orjson

from loaders.addressees import addressees, rights_to_write_to
from loaders.contract import Area, MessageScope
from loaders.portal import posted_messages as rows
from loaders.portal.activation_keys import guardians_with_account
from loaders.portal.change_log import NewChange, append, begin_log
from loaders.portal.inbox import count_change
from loaders.portal.posted_messages import Delivery, PostedMessage
from loaders.posted import Posted
from loaders.source import Source
from loaders.statement import Key
from resolvers.audience import Audience
from resolvers.changes import ChangeKind
from resolvers.mailroom import renew_inboxes
from resolvers.portal.service import Portal
from resolvers.scope import Scope

#: How many rights are looked at for one transaction; a guardian has one for each student.
AT_ONCE = 200

_ENTITY = {
    MessageScope.SCHOOL: "school",
    MessageScope.COURSE: "section",
    MessageScope.STUDENT: "student",
    MessageScope.PERSONAL: "guardian",
}


class MessageMoved(Exception):
    """Another process has carried the message on meanwhile, or it was withdrawn; nothing was written."""


async def send_some(portal: Portal, source: Source, message: PostedMessage) -> None:
    """Gives the message to the next guardians, and logs that they received it; where nobody is left, it is sent.

    MessageMoved where another process was faster, or staff withdrew it; SourceDown where the SIS is away.
    """
    target = target_of(source, message)
    total = message.total
    if total is None:
        (found,) = await source.fetch([addressees(message.scope, target)], heavy=True)
        total = sum(found.layout.values("total", found.raw))
    pairs = await _next(source, message, target)
    if not pairs:
        async with portal.writer.transaction() as transaction:
            if not await rows.finish(transaction, message, source.now()):
                raise MessageMoved
        return
    scopes = await Audience(source).scopes(list(pairs))
    deliveries = [
        Delivery(str(guardian), tuple(str(student) for student in concerned))
        for guardian, students in pairs.items()
        if (concerned := _concerned(source, message, Scope(scopes.get(guardian), source), students)) is not None
    ]
    place = str(list(pairs)[-1])
    given = len(deliveries), len(pairs) - len(deliveries)
    known = await guardians_with_account(portal.writer, [each.guardian_id for each in deliveries])
    async with portal.writer.transaction() as transaction:
        if not await rows.advance(transaction, message, place, total, given):
            raise MessageMoved
        await rows.deliver(transaction, message, deliveries)
        changes = [_received(portal, source, message, each) for each in deliveries if each.guardian_id in known]
        if changes:
            await begin_log(transaction)
            await append(transaction, changes)
        if deliveries:
            await count_change(transaction)
    await renew_inboxes(source)


async def give_up(portal: Portal, source: Source, message: PostedMessage) -> None:
    """Ends a message that cannot be sent on; who has it keeps it."""
    async with portal.writer.transaction() as transaction:
        await rows.fail(transaction, message.id, source.now())


def target_of(source: Source, message: PostedMessage) -> Key | None:
    """The source's key of whom or what the message is for; None for the district."""
    if message.target_id is None:
        return None
    return source.adapter.parse_key(_ENTITY[message.scope], message.target_id)


async def _next(source: Source, message: PostedMessage, target: Key | None) -> dict[Key, list[Key]]:
    """The next guardians, each with all of the students by whom they are addressed."""
    after = None if message.place is None else source.adapter.parse_key("guardian", message.place)
    (found,) = await source.fetch([rights_to_write_to(message.scope, target, after, AT_ONCE)], heavy=True)
    pairs: dict[Key, list[Key]] = {}
    for guardian, student in found.layout.several(("guardian_key", "student_key"), found.raw):
        pairs.setdefault(guardian, []).append(student)
    if len(found.raw) == AT_ONCE and len(pairs) > 1:
        # The last may have more rights than were read.
        pairs.popitem()
    return pairs


def _concerned(source: Source, message: PostedMessage, scope: Scope, students: Sequence[Key]) -> tuple[Key, ...] | None:
    """The students whom the message concerns for a guardian; None where they may not get it."""
    shut = scope.shut(Area.MESSAGES)
    open_to = [student for student in students if student in scope and student not in shut]
    if not open_to:
        return None
    if message.scope is MessageScope.DISTRICT:
        return ()
    if message.scope is not MessageScope.PERSONAL:
        return tuple(open_to)
    if message.about_id is None:
        return ()
    about = source.adapter.parse_key("student", message.about_id)
    return (about,) if about is not None and about in open_to else None


def _received(portal: Portal, source: Source, message: PostedMessage, delivery: Delivery) -> NewChange:
    return NewChange(
        kind=ChangeKind.MESSAGE_RECEIVED.value,
        student_id=None,
        guardian_id=delivery.guardian_id,
        entity=orjson.dumps(Posted(message.id).texts).decode(),
        version=portal.sealer.tag("a version", str(message.id))[:24],
        version_before="",
        previous_sealed=None,
        corrects=None,
        retracts=False,
        occurred_at=source.now(),
    )
