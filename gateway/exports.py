"""Registrations written out for the school's own system: both files safely on disk before anything is marked."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from gateway.app import open_source
from gateway.authentication import PasswordHasher
from gateway.operators import OrderRefused, make_folder
from gateway.sealing import open_sealer
from gateway.settings import Settings
from loaders.database import Readers
from loaders.database.writer import Writer
from loaders.portal.store import check_migrated
from resolvers.context import Caller, Context
from resolvers.portal.service import Letterhead, Portal
from resolvers.registration.exporting import Export, ExportMoved, export_of, mark_exported, went_out
from resolvers.rules import renew_rules

_TRIES = 5


async def export_registrations(
    context: Context, folder: Path, school_year: int, school_id: str | None = None
) -> Export | None:
    """Writes what is due of a year into a folder, then marks it as exported; None where nothing is due.

    Killed at any moment, it is done again to the same bytes. Where somebody moves a registration meanwhile, what was
    written is taken away and it begins anew; OrderRefused where that happens time and again, or the disk refuses.
    """
    for _ in range(_TRIES):
        export = await export_of(context, school_year, school_id)
        if export is None:
            return None
        make_folder(folder, "of the exports", "name another")
        paths = folder / export.sidecar_name, folder / export.name
        try:
            for path, content in zip(paths, (export.sidecar, export.content), strict=True):
                write_safely(path, content)
        except OSError as error:
            raise OrderRefused(f"The files cannot be written ({error.strerror}): nothing was marked.") from None
        try:
            await mark_exported(context, export)
        except ExportMoved:
            if not await went_out(context, export):
                for path in paths:
                    path.unlink(missing_ok=True)
            continue
        return export
    raise OrderRefused("Registrations are being changed at this moment: export them later.")


@asynccontextmanager
async def operator_context(settings: Settings) -> AsyncIterator[Context]:
    """An operation of the operator's, on the district and the portal store of the settings."""
    async with AsyncExitStack() as stack:
        readers = await Readers.open(settings.sis_url, size=1, allow_writable=settings.sis_allow_writable)
        stack.push_async_callback(readers.close)
        source = await open_source(settings, readers)
        await check_migrated(settings.portal_url)
        writer = await Writer.open(settings.portal_url)
        stack.push_async_callback(writer.close)
        await renew_rules(source, writer)
        hasher = stack.enter_context(closing(PasswordHasher()))
        head = Letterhead(settings.district_name, settings.public_url or "", settings.support_email or "")
        portal = Portal(writer, hasher, lambda: datetime.now(UTC), sealer=open_sealer(settings), letterhead=head)
        yield Context(source, None, Caller(), portal, None, settings.district_name)


def write_safely(path: Path, content: bytes) -> None:
    """Writes a file for this account's eyes only; once this returns it is whole and outlasts a loss of power."""
    part = path.with_name(f".{path.name}.part")
    with suppress(FileNotFoundError):
        part.unlink()
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
