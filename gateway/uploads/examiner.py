"""The examiner: has every document scanned that was handed in, and clears away what was removed or never came."""

import asyncio
import logging
import shlex
from contextlib import suppress
from datetime import timedelta

from gateway.uploads.folder import UploadFolder, UploadMissing
from gateway.uploads.scan import SCAN_SECONDS, Verdict, scan
from loaders.errors import LoaderError
from loaders.portal import registration_uploads as rows
from loaders.portal.registration_uploads import Upload, UploadState
from resolvers.portal import Portal

LOOK_EVERY = 30.0
#: A scanner that could not say is asked again after this; what was announced goes this long after its address.
ASK_AGAIN, GRACE = timedelta(minutes=5), timedelta(minutes=10)
AT_ONCE, SCANS = 200, 2

_STATES = {
    Verdict.CLEAN: UploadState.CLEAN,
    Verdict.INFECTED: UploadState.REFUSED,
    Verdict.UNSURE: UploadState.RECEIVED,
}
_log = logging.getLogger(__name__)


class Examiner:
    """Goes through the documents that wait; several processes may share a store and a folder, for each verdict is one.

    Without a `command` documents are clean as they come, and only what is to go is cleared away.
    """

    def __init__(self, portal: Portal, folder: UploadFolder, command: str | None) -> None:
        self._portal = portal
        self._folder = folder
        self._command = shlex.split(command) if command else []
        self._unsure = False
        self._task: asyncio.Task[None] | None = None

    @property
    def scans(self) -> bool:
        """Whether a scanner is heard before anybody but the family sees a document."""
        return bool(self._command)

    async def start(self) -> None:
        """Begins, with what an earlier process left."""
        self._task = asyncio.create_task(self._go_on(), name="examiner of documents")

    async def stop(self) -> None:
        """Ends; what is being scanned is scanned again at the next start."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def examine(self) -> int:
        """Has the documents scanned that wait, and says how many were judged; LoaderError where the store is away."""
        if not self._command:
            return 0
        judged = 0
        before = self._portal.now() - ASK_AGAIN
        while found := await rows.uploads_to_scan(self._portal.writer, before, SCANS):
            judged += sum(await asyncio.gather(*(self._judge(each) for each in found)))
        return judged

    async def clear(self) -> int:
        """Removes the files of documents that are no more, and says of how many; LoaderError as `examine`."""
        await asyncio.to_thread(self._folder.clear, 2 * SCAN_SECONDS)
        cleared = 0
        while found := await rows.leftovers(self._portal.writer, self._portal.now() - GRACE, AT_ONCE):
            for upload_id, name in found:
                if name is not None:
                    await asyncio.to_thread(self._folder.remove, name)
                async with self._portal.writer.transaction() as transaction:
                    await rows.forget_file(transaction, upload_id)
            cleared += len(found)
        return cleared

    async def strangers(self) -> int:
        """How many files of the folder no document has: of another store, or of a copy of this one that is newer.

        They are told of and left alone, for the store may be the wrong one.
        """
        names = await asyncio.to_thread(self._folder.names)
        return len(names - await rows.file_names(self._portal.writer)) if names else 0

    async def _go_on(self) -> None:
        with suppress(LoaderError, OSError):
            if count := await self.strangers():
                _log.warning("The folder of uploads holds %d files that this portal store does not know.", count)
        while True:
            self._portal.uploads_moved.clear()
            try:
                await self.examine()
                await self.clear()
            except LoaderError as error:
                _log.warning("Documents cannot be examined now (%s).", error.code)
            except OSError as error:
                _log.error("The folder of uploads cannot be used (%s).", type(error).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._portal.uploads_moved.wait()

    async def _judge(self, upload: Upload) -> int:
        try:
            with self._folder.opened(upload.stored_as or "", upload.id) as path:
                verdict = await scan(self._command, path)
        except UploadMissing as missing:
            _log.error("A document cannot be examined: %s", missing)
            verdict = Verdict.UNSURE
        if verdict is Verdict.UNSURE and not self._unsure:
            _log.error("The scanner of HOMEROOM_UPLOAD_SCAN gave no verdict: documents are held until it does.")
        self._unsure = verdict is Verdict.UNSURE
        async with self._portal.writer.transaction() as transaction:
            done = await rows.judge_upload(transaction, upload.id, _STATES[verdict], self._portal.instant())
        if verdict is Verdict.INFECTED:
            _log.warning("Upload %d is infected and was removed.", upload.id)
        return int(done and verdict is not Verdict.UNSURE)
