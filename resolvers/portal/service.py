"""What every order of the portal needs: the store, the hasher, the clock, and who must hear of an end."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from loaders.portal.transaction import Store
from resolvers.portal.errands import Errands
from resolvers.portal.passwords import SEED, Hasher, Policy
from resolvers.portal.push_offer import NOTHING_OFFERED, PushOffer
from resolvers.portal.revocations import Revocations
from resolvers.portal.sealing import NO_KEY, Sealer
from resolvers.portal.throttle import Throttle

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long sessions and tokens hold.

    A WEB session ends when it was not used for `web_idle`, a MOBILE one when it was not refreshed for
    `mobile_refresh`; both end for good after their absolute limit (OWASP ASVS 5.0, 7.3).
    """

    web_idle: timedelta = timedelta(minutes=30)
    web_absolute: timedelta = timedelta(hours=12)
    mobile_token: timedelta = timedelta(minutes=15)
    mobile_refresh: timedelta = timedelta(days=60)
    mobile_absolute: timedelta = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What every mail and letter says of the district: its name, where families log in, and where they write to."""

    district_name: str = "Homeroom"
    portal_url: str = ""
    support_email: str = ""


@dataclass(frozen=True, slots=True)
class Portal:
    """The service behind `Context.portal`; one a process.

    `image_step` says whether a lost password takes the image step, `setup_deferrals` how often the security set-up can
    be put off.
    `mail_posted` is set whenever a transaction was committed that posted mail: whoever delivers it waits for that.
    `push_posted` is its like for what devices are told, `letters_ordered` for letters, and `uploads_moved` for files
    that are to be examined or to go. `takes_uploads` says whether there is a place for the files of families.
    """

    writer: Store
    hasher: Hasher
    now: Callable[[], datetime]
    revocations: Revocations = field(default_factory=Revocations)
    throttle: Throttle = field(default_factory=Throttle)
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    policy: Policy = SEED
    sealer: Sealer = NO_KEY
    letterhead: Letterhead = Letterhead()
    push: PushOffer = NOTHING_OFFERED
    image_step: bool = True
    setup_deferrals: int = 0
    errands: Errands = field(default_factory=Errands)
    mail_posted: asyncio.Event = field(default_factory=asyncio.Event)
    push_posted: asyncio.Event = field(default_factory=asyncio.Event)
    letters_ordered: asyncio.Event = field(default_factory=asyncio.Event)
    messages_ordered: asyncio.Event = field(default_factory=asyncio.Event)
    uploads_moved: asyncio.Event = field(default_factory=asyncio.Event)
    takes_uploads: bool = False

    def instant(self) -> datetime:
        """The clock's instant in UTC and whole seconds, as clients are told it."""
        return self.now().astimezone(UTC).replace(microsecond=0)


async def undisturbed(work: Coroutine[Any, Any, T]) -> T:
    """Does the work to its end even where the caller goes away meanwhile; only then is the caller cancelled.

    Between a commit and the news of it nothing may come: a client that hangs up at that moment would keep a socket.
    """
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        task.exception()
        raise cancelled
    return task.result()
