"""Devices: each is known again at its next log-in, and the first log-in from another one is told by mail."""

import secrets
from datetime import timedelta

from loaders.portal.accounts import account_by_id
from loaders.portal.devices import NewDevice, see_device, set_session_device
from resolvers.context import Caller, ClientKind, Context, Reply
from resolvers.portal.contacts import contact_of
from resolvers.portal.notices import post_notice
from resolvers.portal.service import Portal
from resolvers.portal.sessions import LoggedIn, LogIn
from resolvers.portal.texts import label
from resolvers.portal.tokens import is_token, token_hash

#: For how long a browser is asked to keep what it is known by; browsers keep nothing longer.
KEPT = timedelta(days=400)
_NAME, _AGENT, _ID = 100, 300, 200


def remember_device(context: Context, order: LogIn, session: LoggedIn) -> None:
    """Notes from which device the session was begun; where it is not the account's first, a mail tells of a new one.

    Done beside the answer. A WEB client is known by a cookie that is set here, a MOBILE one by the id that it gives of
    itself, or else by what it calls itself.
    """
    device_hash = _device(order, context.caller, context.reply)
    device = NewDevice(
        session.account_id,
        device_hash,
        label(order.device_name, _NAME) or None,
        context.caller.address,
        label(context.caller.user_agent, _AGENT),
    )
    context.portal.errands.send("device of a log-in", _remember(context, device, session.session_id))


def _device(order: LogIn, caller: Caller, reply: Reply) -> str:
    if order.client is ClientKind.WEB:
        token = caller.device
        if token is None or not is_token(token):
            token = secrets.token_urlsafe(32)
        reply.device_cookie = token
        return token_hash(token)
    given = label(order.device_id, _ID)
    shown = f"id {given}" if given else f"agent {label(order.device_name, _NAME)}|{label(caller.user_agent, _AGENT)}"
    return token_hash(shown)


async def _remember(context: Context, device: NewDevice, session_id: int) -> None:
    portal: Portal = context.portal
    account = await account_by_id(portal.writer, device.account_id)
    assert account is not None
    contact = await contact_of(context, account)
    async with portal.writer.transaction() as transaction:
        seen = await see_device(transaction, device, portal.instant())
        await set_session_device(transaction, session_id, seen.id)
        if seen.new and seen.others:
            shown = device.name or device.user_agent or device.address
            await post_notice(context, transaction, account, contact, "new_device", device=shown)
    if seen.new and seen.others:
        portal.mail_posted.set()
