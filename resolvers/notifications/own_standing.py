"""What stands there of the guardian's own: messages that are shown now, registrations that they may see, answers."""

from collections.abc import Sequence

import orjson

from loaders.ids import node_id
from loaders.portal.notices import WaitingNotice
from loaders.posted import MessageKey, Posted, message_key
from loaders.source import Source
from resolvers.context import Context
from resolvers.messages import received
from resolvers.notifications.rules import NotificationKind
from resolvers.notifications.standing import Standing
from resolvers.registration.rights import registration_to_see


async def own_standings(source: Source, context: Context, waiting: Sequence[WaitingNotice]) -> dict[int, Standing]:
    """What stands there, by notice; nothing of what its guardian, whose operation this is, may not see now."""
    messages: dict[int, MessageKey] = {}
    found: dict[int, Standing] = {}
    for notice in waiting:
        names = orjson.loads(notice.entity)
        match NotificationKind(notice.kind):
            case NotificationKind.MESSAGE:
                key = message_key(source.adapter, names)
                if key is not None:
                    messages[notice.id] = key
            case NotificationKind.REGISTRATION:
                registration = node_id("Registration", *names)
                if await registration_to_see(context, registration) is not None:
                    found[notice.id] = Standing(id=registration, facts=(notice.version,))
            case _:
                found[notice.id] = Standing(id=None, facts=(notice.version,))
    there = await received(context, list(messages.values())) if messages else set[MessageKey]()
    return found | {
        number: Standing(id=_message_id(key), facts=(str(key),)) for number, key in messages.items() if key in there
    }


def _message_id(key: MessageKey) -> str:
    return node_id("Message", *key.texts) if isinstance(key, Posted) else node_id("Message", key)
