"""The commands that serve, check and migrate: what the command line runs, and what each tells its operator."""

from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gateway import demo, operators
from gateway.push.tokens import make_key_file, public_key
from gateway.sealing import SealKeyInvalid
from gateway.serving import AddressTaken, listen, serve
from gateway.settings import Settings, SettingsInvalid, load_settings
from gateway.telemetry import set_up_log
from loaders.check import Proof
from loaders.errors import LoaderError
from loaders.portal.registrations import RegistrationState
from loaders.registration.reading import FormInvalid, read_forms
from resolvers.errors import Refusal
from resolvers.registration.exporting import ExportRefused

Tell = Callable[[str], None]


class NotCurrent(Exception):
    """A file that is made from the code is older than the code."""


class KeyNotMade(Exception):
    """A key was not made: there is a file already, or none can be written there."""


class NotFit(Exception):
    """The source cannot be served as it is; what is wrong was printed."""


REFUSALS = (
    SettingsInvalid,
    SealKeyInvalid,
    LoaderError,
    Refusal,
    AddressTaken,
    operators.OrderRefused,
    NotCurrent,
    KeyNotMade,
    NotFit,
    ExportRefused,
)


async def run_demo(*, students: int, seed: int, fresh: bool, serving: bool, out: Tell, say: Tell) -> None:
    """Make what the demo lacks, then serve it until stopped, telling where and how once it takes connections."""
    made = demo.demo_at()
    settings = made.settings()
    set_up_log(settings.log_format)
    bound = listen(settings.host, settings.port) if serving else None
    try:
        await demo.prepare(made, students=students, seed=seed, fresh=fresh, today=settings.today, say=say)
    except BaseException:
        if bound is not None:
            bound.close()
        raise
    if bound is None:
        return
    from gateway.app import create_app

    def ready(port: int) -> None:
        for line in demo.lines(made, graphql_url(settings, port)):
            out(line)

    # Read again: what was made since is named by them.
    settings = made.settings()
    gateway = create_app(settings, address=address_of(settings, bound.getsockname()[1]))
    await serve(gateway, bound, ready, gateway.endpoint, settings.trusted_proxies)


async def run_serve(*, out: Tell) -> None:
    """Serve the settings' district until stopped, telling the URL once it takes connections."""
    settings = load_settings()
    set_up_log(settings.log_format)
    bound = listen(settings.host, settings.port)
    from gateway.app import create_app

    gateway = create_app(settings, address=address_of(settings, bound.getsockname()[1]))
    await serve(
        gateway,
        bound,
        lambda port: out(f"url: {graphql_url(settings, port)}"),
        gateway.endpoint,
        settings.trusted_proxies,
    )


async def run_check() -> None:
    """Print what was found of the source, relation by relation; NotFit where it may not be served."""
    settings = load_settings()
    found = await operators.check(settings)
    console = Console()
    rows = [
        (proof.relation, str(proof.rows) if proof.provided else "", *_verdict(proof)) for proof in found.report.proofs
    ]
    heading = f"Adapter {found.report.adapter} on {found.report.dialect}"
    if console.is_terminal:
        table = Table("relation", "rows", "verdict", "found", title=heading)
        for row in rows:
            table.add_row(*(_plain(cell) for cell in row))
        console.print(table)
    else:
        print(heading, *("\t".join(row) for row in rows), sep="\n")
    for explained in found.report.statements:
        if explained.scans or explained.broken:
            print(f"statement for {explained.statement}: {explained.verdict}")
    if found.report.changes is not None:
        print(f"changes: {found.report.changes.verdict}")
    allowed = " HOMEROOM_SIS_ALLOW_WRITABLE lets them." if found.writable and found.allowed else ""
    print(f"credentials: {found.writable or 'read only'}{allowed}")
    fit = _forms_fit(settings, found.schools)
    if not found.ok or not fit:
        raise NotFit("The source cannot be served as it is: see what stands above.")
    print("The source can be served.")


def _forms_fit(settings: Settings, schools: frozenset[str] | None) -> bool:
    """Tell what was found of the registration forms; whether families can be given them."""
    if settings.registration is None:
        print("registration: off, for HOMEROOM_REGISTRATION is not set.")
        return True
    try:
        forms = read_forms(settings.registration)
    except FormInvalid as error:
        print(f"registration: {error}")
        return False
    for year, form in forms.items():
        windows = ", ".join(
            f"{window.opens_on} to {window.closes_on} at {window.school or 'every other school'}"
            for window in form.windows
        )
        print(f"registration: school year {year}, {len(form.sections)} sections, taken {windows or 'at no time'}.")
    named = {window.school for form in forms.values() for window in form.windows if window.school is not None}
    strange = sorted(named - schools) if schools is not None else []
    for school in strange:
        print(f"registration: a window names school {school!r}, which the source does not have: give its key there.")
    return not strange


async def run_triggers(*, notify: bool, remove: bool, out: Tell) -> None:
    """Print the script that makes the triggers for the source that the settings name, or takes them away."""
    script = operators.triggers(load_settings(), notify=notify, remove=remove)
    out(script.rstrip("\n"))


async def run_migrate(*, restored: bool = False, out: Tell) -> None:
    """Bring the portal store up to date and tell what that took; the log of a `restored` one gets another name."""
    url = load_settings().portal_url
    applied = await operators.migrate_store(url, lambda revision: out(f"applied {revision}"))
    out("The portal store is up to date." if applied else "The portal store was up to date; nothing was to do.")
    if restored:
        await operators.renew_log(url)
        out("The log of changes goes on under another name: clients with a cursor of before are told to begin anew.")


def make_push_key(path: Path) -> str:
    """Make a key for web push in a new file that its owner alone reads; the public key, as browsers take it."""
    try:
        return public_key(make_key_file(path))
    except FileExistsError:
        raise KeyNotMade(f"{path.name} is there already, and is left as it is.") from None
    except OSError as error:
        raise KeyNotMade(f"{path.name} cannot be written ({error.strerror}).") from None


async def run_export(year: int, folder: Path, school: str | None, *, out: Tell) -> None:
    """Write the approved registrations of a year out for the school's own system, and tell what was written."""
    from gateway.exports import export_registrations, operator_context

    settings = load_settings()
    set_up_log(settings.log_format)
    async with operator_context(settings) as context:
        done = await export_registrations(context, folder, year, school)
    if done is None:
        out("No registration is due: none was approved since the last export.")
        return
    gone = sum(each.registration.state is not RegistrationState.APPROVED for each in done.due)
    out(f"bundle: {folder / done.name}")
    out(f"sidecar: {folder / done.sidecar_name}")
    out(f"registrations: {len(done.due) - gone} exported, {gone} taken back")


def graphql_url(settings: Settings, port: int) -> str:
    """Where the API is on this machine."""
    return f"{address_of(settings, port)}/graphql"


def address_of(settings: Settings, port: int) -> str:
    """Where the gateway is on this machine."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{port}"


def _verdict(proof: Proof) -> tuple[str, str]:
    if not proof.provided:
        return ("not provided" if proof.ok else "MISSING"), ""
    return ("ok" if proof.ok else "NOT OK"), "; ".join(_findings(proof))


def _findings(proof: Proof) -> Iterator[str]:
    if proof.broken:
        yield proof.broken
    if proof.missing_required:
        yield f"lacks {', '.join(proof.missing_required)}"
    if proof.missing_optional:
        yield f"without {', '.join(proof.missing_optional)}"
    for unmapped in proof.unmapped:
        yield f"{unmapped.column} holds {unmapped.value!r} {unmapped.times} times, which the contract does not know"
    for nulls in proof.nulls:
        yield f"{nulls.column} is null {nulls.times} times"
    if proof.duplicate_keys:
        yield f"{proof.duplicate_keys} keys stand on more than one row"
    yield from proof.wrong_types
    yield from (f"by {plan.asked_by}: {plan.verdict}" for plan in proof.plans if plan.scans)


def _plain(text: str) -> str:
    """A text that rich does not read as its markup."""
    return text.replace("[", r"\[")
