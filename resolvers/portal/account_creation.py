"""A guardian's account, made with an activation key: the key is used up with it, and no session begins.

Whoever has just chosen a password logs in with it (quick reference, page 4), so that a key seen by somebody else opens
nothing without the account being noticed.
"""

from dataclasses import dataclass, field, replace

from loaders.errors import ConstraintBroken
from loaders.portal import portal_requests as requests
from loaders.portal.accounts import NewAccount, account_by_username, add_account
from loaders.portal.activation_keys import ActivationKey, guardians_with_account, use_key
from loaders.portal.audit import Entry, record
from loaders.portal.portal_requests import PortalRequest, RequestState
from resolvers.context import Context
from resolvers.portal.accounts import AccountCreated, taken, username_problems
from resolvers.portal.contacts import Contact, contact_of_guardian, names_of_guardian
from resolvers.portal.mail import Letter, post
from resolvers.portal.passwords import broken_rules
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.redeeming import living_key, not_valid
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.texts import normalized, username_key

_KEY, _USERNAME, _PASSWORD = ("input", "key"), ("input", "username"), ("input", "password")
_EXISTS = Problem(
    ProblemCode.ACCOUNT_EXISTS,
    "There is an account for this key's guardian already: choose HELP to recover its user name or password.",
    _KEY,
)


@dataclass(frozen=True, slots=True)
class OpenAccount:
    """The key, and the user name and password to be."""

    key: str = field(repr=False)
    username: str
    password: str = field(repr=False)


class _KeyGone(Exception):
    """The key was used, replaced or past its time when the account was about to be made."""


async def open_account(context: Context, order: OpenAccount) -> AccountCreated | Refused:
    """Makes the account; refused with every reason at once. Open to everybody who has a key.

    Whether a user name is taken, and whether the guardian has an account, is told on a living key alone. RateLimited
    after ten refused keys in ten minutes, Overloaded where too many passwords wait to be hashed.
    """
    context.begin_account_order()
    portal: Portal = context.portal
    key = await living_key(context, order.key)
    problems = await _check(context, order, key)
    if problems or key is None:
        return Refused(tuple(problems))
    # Read before the transaction, which must wait for nobody.
    contact = await contact_of_guardian(context, key.guardian_id)
    request = None if key.portal_request_id is None else await _request(portal, key.portal_request_id)
    password_hash = await portal.hasher.hash(normalized(order.password) or "")
    return await undisturbed(_do_open(context, order, key, contact, request, password_hash))


async def _check(context: Context, order: OpenAccount, key: ActivationKey | None) -> list[Problem]:
    """Everything that is wrong with the order: with the key first, then the user name, then the password."""
    portal: Portal = context.portal
    names = [order.username]
    problems = username_problems(order.username, _USERNAME)
    if key is None:
        problems.insert(0, not_valid(_KEY))
    else:
        folded = username_key(order.username)
        if not problems and folded is not None and await account_by_username(portal.writer, folded) is not None:
            problems.append(taken(_USERNAME))
        if await guardians_with_account(portal.writer, [key.guardian_id]):
            problems.insert(0, _EXISTS)
        names += await names_of_guardian(context, key.guardian_id)
    return [*problems, *broken_rules(order.password, portal.policy, names, _PASSWORD)]


async def _request(portal: Portal, request_id: int) -> PortalRequest | None:
    return await requests.request_by_id(portal.writer, request_id)


async def _do_open(
    context: Context,
    order: OpenAccount,
    key: ActivationKey,
    contact: Contact,
    request: PortalRequest | None,
    password_hash: str,
) -> AccountCreated | Refused:
    portal: Portal = context.portal
    now = portal.instant()
    username = (normalized(order.username) or "").strip()
    account = NewAccount(username, username_key(username) or "", password_hash, key.guardian_id, frozenset(), now)
    try:
        async with portal.writer.transaction() as transaction:
            account_id = await add_account(transaction, account)
            if not await use_key(transaction, key.id, account_id, now):
                raise _KeyGone
            if request is not None and await requests.move_request(transaction, request, RequestState.ACTIVATED, now):
                await requests.add_step(transaction, request.id, RequestState.ACTIVATED, now)
            # Whoever holds the key is the account's holder from now on.
            actor = f"account:{account_id}"
            entry = Entry(now, actor, "ACCOUNT_CREATED", actor, account_id, context.caller.address)
            await record(transaction, replace(entry, detail={"guardian_id": key.guardian_id}))
            address = contact.address or (request.email if request else None)
            if address is not None:
                values = {"name": contact.name or username, "username": username}
                await post(
                    portal, transaction, Letter("account_created", address, contact.language, values, account_id)
                )
    except _KeyGone:
        return Refused((not_valid(_KEY),))
    except ConstraintBroken:
        if await account_by_username(portal.writer, account.username_key) is None:
            raise
        return Refused((taken(_USERNAME),))
    portal.mail_posted.set()
    return AccountCreated(account_id, username)
