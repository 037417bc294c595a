"""The security set-up: what a parent's account must have before anything else opens, and when it is whole."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from loaders.portal.accounts import account_by_id, finish_setup
from loaders.portal.preferences import has_preferences
from loaders.portal.recovery_email import recovery_email_of, waiting_recovery_email
from loaders.portal.sessions import sessions_going_on
from loaders.portal.transaction import Reading, Transaction
from resolvers.context import Context
from resolvers.portal.second_factor import SecondFactorState, second_factor_state
from resolvers.portal.service import Portal


class SecurityStep(Enum):
    """A part of the security set-up."""

    RECOVERY_EMAIL = "RECOVERY_EMAIL"
    PREFERENCE_IMAGES = "PREFERENCE_IMAGES"


@dataclass(frozen=True, slots=True)
class Security:
    """How an account can be recovered, and what its set-up still lacks; the address is masked."""

    recovery_email: str | None
    recovery_email_confirmed: bool
    preference_images_set: bool
    setup_required: bool
    missing: tuple[SecurityStep, ...]
    second_factor: SecondFactorState
    deferrals_left: int


async def security_of_viewer(context: Context) -> Security:
    """How the viewer's account stands; Unauthenticated without a session."""
    viewer = context.signed_in()
    portal: Portal = context.portal
    account = await account_by_id(portal.writer, viewer.account_id)
    assert account is not None
    holds = await recovery_email_of(portal.writer, account.id)
    waits = await waiting_recovery_email(portal.writer, account.id, portal.instant())
    shown = holds or waits
    return Security(
        masked(shown.email) if shown else None,
        holds is not None,
        await has_preferences(portal.writer, account.id),
        viewer.setup_required,
        tuple(await missing_steps(portal, portal.writer, account.id)),
        await second_factor_state(context),
        max(0, portal.setup_deferrals - account.setup_deferrals) if account.setup_done_at is None else 0,
    )


async def missing_steps(portal: Portal, store: Reading, account_id: int) -> list[SecurityStep]:
    """What the account's set-up lacks; the images only where the district has the image step."""
    missing = []
    if await recovery_email_of(store, account_id) is None:
        missing.append(SecurityStep.RECOVERY_EMAIL)
    if portal.image_step and not await has_preferences(store, account_id):
        missing.append(SecurityStep.PREFERENCE_IMAGES)
    return missing


async def finish_if_whole(portal: Portal, transaction: Transaction, account_id: int, now: datetime) -> list[int]:
    """Finishes the set-up where nothing is missing any more; the sessions for which the gate opens by that."""
    if await missing_steps(portal, transaction, account_id):
        return []
    if not await finish_setup(transaction, account_id, now):
        return []
    return await sessions_going_on(transaction, account_id)


def masked(email: str) -> str:
    """An address that its holder knows again, and nobody else: `m•••@e•••.org`."""
    local, _, domain = email.rpartition("@")
    name, dot, top = domain.rpartition(".")
    return f"{local[:1]}•••@{name[:1] if dot else domain[:1]}•••{dot}{top if dot else ''}"
