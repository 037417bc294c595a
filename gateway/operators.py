"""What operators do from the command line: migrate the store, make accounts, check a source."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from gateway.authentication import PasswordHasher
from gateway.settings import Settings
from loaders.adapter import Adapter, load_adapter
from loaders.check import Report, check_source
from loaders.database import Readers
from loaders.database.address import read_address
from loaders.database.writer import Writer
from loaders.dialect import Dialect
from loaders.errors import AdapterInvalid, SourceWritable
from loaders.portal.change_log import rename_log
from loaders.portal.store import check_migrated, migrate, store_address
from loaders.relations import Relations
from loaders.statement import Key, Shape, Statement
from loaders.triggers import removal_script, trigger_script
from resolvers.portal.accounts import CreateAccount, create_account
from resolvers.portal.passwords import PROFILES, SEED, Policy
from resolvers.portal.problems import ProblemCode, Refused
from resolvers.portal.service import Portal

CHECK_SECONDS = 60.0


class OrderRefused(Exception):
    """An operator's order was not carried out; the message says everything that is wrong with it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of a source: the proof of its adapter, and why its credentials could write (None: they cannot).

    `allowed` says that the settings allow such credentials, `schools` which there are (None: that cannot be read).
    """

    report: Report
    writable: str | None
    allowed: bool
    schools: frozenset[str] | None = None

    @property
    def ok(self) -> bool:
        """Whether the gateway may serve from it."""
        return self.report.ok and (self.writable is None or self.allowed)


async def migrate_store(url: str, progress: Callable[[str], None] | None = None) -> list[str]:
    """Bring the portal store up to date, its folder made where it is a file; the revisions applied, oldest first."""
    address = store_address(url)
    if address.dialect is Dialect.SQLITE:
        make_folder(address.path.parent, "of the portal store", "set HOMEROOM_PORTAL_URL to a file elsewhere")
    return await migrate(url, progress)


async def renew_log(url: str) -> None:
    """Let every cursor of before be refused, for a store that was brought back from a copy."""
    store = await Writer.open(url)
    try:
        async with store.transaction() as transaction:
            await rename_log(transaction)
    finally:
        await store.close()


def make_folder(folder: Path, whose: str, remedy: str) -> None:
    """Make a folder that only its owner may enter, where it is not there; OrderRefused where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise OrderRefused(f"The folder {whose} cannot be made ({error.strerror}): make it, or {remedy}.") from None


async def create_accounts(
    url: str, pepper: bytes | None, orders: Sequence[CreateAccount], *, keep: bool = False, policy: Policy = SEED
) -> None:
    """Make the accounts, in order; OrderRefused at the first that cannot be made.

    With `keep`, an account whose username is there already stays as it is.
    """
    await check_migrated(url)
    writer = await Writer.open(url)
    try:
        with closing(PasswordHasher(pepper=pepper)) as hasher:
            portal = Portal(writer, hasher, now=lambda: datetime.now(UTC), policy=policy)
            for order in orders:
                answer = await create_account(portal, order)
                if isinstance(answer, Refused):
                    codes = {problem.code for problem in answer.problems}
                    if keep and codes == {ProblemCode.USERNAME_TAKEN}:
                        continue
                    raise OrderRefused("\n".join(problem.message for problem in answer.problems))
    finally:
        await writer.close()


async def add_user(settings: Settings, order: CreateAccount) -> None:
    """Make one account; OrderRefused where the order is wrong, or the SIS knows no such guardian."""
    if order.guardian_id:
        await _find_guardian(settings, order.guardian_id)
    pepper = settings.pepper.get_secret_value().encode() if settings.pepper else None
    await create_accounts(settings.portal_url, pepper, [order], policy=PROFILES[settings.password_policy])


async def check(settings: Settings) -> Checked:
    """The proof of the adapter on the SIS, and whether its credentials only read."""
    adapter = load_adapter(settings.sis_adapter, settings.sis_time_zone)
    writable = None
    try:
        reads = await _open(settings, allow_writable=False)
    except SourceWritable as error:
        writable = str(error)
        reads = await _open(settings, allow_writable=True)
    try:
        _speaks(adapter, reads.dialect)
        report = await check_source(adapter, reads, reads.dialect, settings.today)
        schools = None
        if report.of("school").ok:
            statement = Statement(Shape({"id": "school.id"}), "from {school} as school", {}, key="id")
            schools = frozenset(str(row[0]) for row in await _asked(adapter, reads, statement, settings.today))
        return Checked(report, writable, settings.sis_allow_writable, schools)
    finally:
        await reads.close()


def triggers(settings: Settings, *, notify: bool = False, remove: bool = False) -> str:
    """The script of triggers for the SIS that the settings name, which is not asked; AdapterInvalid where none is."""
    adapter = load_adapter(settings.sis_adapter, settings.sis_time_zone)
    dialect = read_address(settings.sis_url).dialect
    _speaks(adapter, dialect)
    return removal_script(adapter, dialect) if remove else trigger_script(adapter, dialect, notify=notify)


async def _open(settings: Settings, *, allow_writable: bool) -> Readers:
    return await Readers.open(settings.sis_url, size=1, statement_timeout=CHECK_SECONDS, allow_writable=allow_writable)


def _speaks(adapter: Adapter, dialect: Dialect) -> None:
    if dialect not in adapter.dialects:
        known = ", ".join(adapter.dialects)
        raise AdapterInvalid(
            f"Adapter {adapter.name} reads {known}, and HOMEROOM_SIS_URL names a {dialect} database: "
            "correct HOMEROOM_SIS_ADAPTER or HOMEROOM_SIS_URL."
        )


async def _find_guardian(settings: Settings, guardian_id: str) -> None:
    adapter = load_adapter(settings.sis_adapter, settings.sis_time_zone)
    key = adapter.parse_key("guardian", guardian_id)
    reads = await _open(settings, allow_writable=True)
    try:
        _speaks(adapter, reads.dialect)
        if key is None or not await _known(adapter, reads, key, settings.today):
            raise OrderRefused(
                f"The student information system has no guardian {guardian_id!r}: give its key there, as it stands."
            )
    finally:
        await reads.close()


async def _known(adapter: Adapter, reads: Readers, key: Key, today: date | None) -> bool:
    body = "from {guardian} as guardian where guardian.id in :ids"
    statement = Statement(Shape({"id": "guardian.id"}), body, {"ids": [key]}, key="id")
    return bool(await _asked(adapter, reads, statement, today))


async def _asked(
    adapter: Adapter, reads: Readers, statement: Statement, today: date | None
) -> Sequence[Sequence[object]]:
    relations = Relations(adapter, reads.dialect)
    rendered = relations.render(statement)
    values = relations.values(rendered, statement, today or datetime.now(adapter.time_zone).date())
    return (await reads.fetch([(rendered.sql, values)]))[0]
