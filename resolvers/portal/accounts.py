"""Accounts made by operators, for a guardian of the SIS or a member of staff."""

from dataclasses import dataclass, field

from loaders.errors import ConstraintBroken
from loaders.portal.accounts import NewAccount, account_by_username, add_account
from loaders.portal.audit import Entry, record
from loaders.portal.roles import StaffRole, roles_text
from loaders.portal.staff_schools import put_schools_of_staff
from resolvers.portal.passwords import SEED, Policy, broken_rules
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.service import Portal
from resolvers.portal.texts import USERNAME_MAX, USERNAME_MIN, normalized, readable, username_key

_USERNAME = ("username",)


@dataclass(frozen=True, slots=True)
class CreateAccount:
    """An account as an operator orders it: with either the guardian's key in the SIS, or the roles of staff.

    `name` and `email` are a member of staff's, and so are the `schools` whose registrations they work on, by the SIS's
    keys, and `teacher_id`, the SIS's key of the teacher that one of them is. A guardian's that is `finished` opens
    without the security set-up: for a pilot, whose holders can be reached otherwise.
    """

    username: str
    password: str = field(repr=False)
    guardian_id: str | None = None
    roles: frozenset[StaffRole] = frozenset()
    name: str | None = None
    email: str | None = None
    finished: bool = False
    schools: tuple[str, ...] = ()
    every_school: bool = False
    teacher_id: str | None = None


@dataclass(frozen=True, slots=True)
class AccountCreated:
    """The account that was made."""

    account_id: int
    username: str


def check_create_account(order: CreateAccount, policy: Policy = SEED) -> list[Problem]:
    """Everything that is wrong with the order in itself, whoever else has an account."""
    problems = [*username_problems(order.username), *broken_rules(order.password, policy, (order.username,))]
    if bool(order.guardian_id) == bool(order.roles):
        problems.append(
            Problem(ProblemCode.OWNER_AMBIGUOUS, "Name either a guardian or roles of staff, and not both.", ("owner",))
        )
    return problems


async def create_account(portal: Portal, order: CreateAccount, actor: str = "operator") -> AccountCreated | Refused:
    """Makes the account; refused with every reason at once, a taken username among them."""
    problems = check_create_account(order, portal.policy)
    key = username_key(order.username)
    if key is not None and await account_by_username(portal.writer, key) is not None:
        problems.append(taken())
    if problems or key is None:
        return Refused(tuple(problems))
    return await _do_create_account(portal, order, key, actor)


async def _do_create_account(portal: Portal, order: CreateAccount, key: str, actor: str) -> AccountCreated | Refused:
    username = (normalized(order.username) or "").strip()
    password_hash = await portal.hasher.hash(normalized(order.password) or "")
    now = portal.instant()
    account = NewAccount(
        username,
        key,
        password_hash,
        order.guardian_id or None,
        order.roles,
        now,
        order.name,
        order.email,
        now if order.finished else None,
        order.teacher_id,
    )
    try:
        async with portal.writer.transaction() as transaction:
            account_id = await add_account(transaction, account)
            await put_schools_of_staff(transaction, account_id, order.schools, every=order.every_school)
            await record(
                transaction,
                Entry(
                    now,
                    actor,
                    "ACCOUNT_CREATED",
                    f"account:{account_id}",
                    account_id,
                    detail={
                        "guardian_id": account.guardian_id,
                        "staff_role": roles_text(account.roles) or None,
                        "finished": order.finished,
                        "teacher_id": order.teacher_id,
                    },
                ),
            )
    except ConstraintBroken:
        if await account_by_username(portal.writer, key) is None:
            raise
        return Refused((taken(),))
    return AccountCreated(account_id, username)


def username_problems(username: str, path: tuple[str, ...] = _USERNAME) -> list[Problem]:
    """Everything that is wrong with a user name in itself; `path` is the input that the problems are about."""
    return [Problem(code, message, path) for code, message in _wrong(username)]


def taken(path: tuple[str, ...] = _USERNAME) -> Problem:
    """That somebody else has the user name."""
    return Problem(ProblemCode.USERNAME_TAKEN, "There is an account of this name already.", path)


def _wrong(username: str) -> list[tuple[ProblemCode, str]]:
    text = normalized(username)
    if text is None and len(username) > USERNAME_MAX:
        return [(ProblemCode.USERNAME_TOO_LONG, f"Use at most {USERNAME_MAX} characters.")]
    if text is None or not readable(text):
        return [(ProblemCode.USERNAME_UNREADABLE, "Use only characters that can be typed and read.")]
    shown = text.strip()
    if len(shown) < USERNAME_MIN:
        return [(ProblemCode.USERNAME_TOO_SHORT, f"Use at least {USERNAME_MIN} characters.")]
    if len(shown) > USERNAME_MAX:
        return [(ProblemCode.USERNAME_TOO_LONG, f"Use at most {USERNAME_MAX} characters.")]
    # What folding makes of it is the name that counts.
    if username_key(shown) is None:
        return [(ProblemCode.USERNAME_UNREADABLE, "Use only characters that can be typed and read.")]
    return []
