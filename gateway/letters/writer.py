"""The writer of letters: one job at a time, some letters at a time, and on from where it was after a crash."""

import asyncio
import logging
from contextlib import suppress

from gateway.letters.printing import printed
from loaders.errors import LoaderError
from loaders.portal import letter_jobs as jobs
from loaders.portal.letter_jobs import LetterJob
from loaders.source import Source
from resolvers.portal import Portal
from resolvers.portal.letters import JobMoved, finish, job_of, opened_work, write_some
from resolvers.portal.sealing import SealBroken

LOOK_EVERY = 30.0

_log = logging.getLogger(__name__)


class LetterWriter:
    """Writes the letters that were ordered; several may share a store, and no key is issued twice for that."""

    def __init__(self, portal: Portal, source: Source) -> None:
        self._portal = portal
        self._source = source
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to write what is ordered."""
        self._task = asyncio.create_task(self._go_on(), name="letter writer")

    async def stop(self) -> None:
        """Ends; a job that is being written is gone on with at the next start."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def write_ordered(self) -> int:
        """Writes every job that is ordered and says how many it ended; LoaderError where the SIS or store is away."""
        ended = 0
        while (job := await jobs.next_letter_job(self._portal.writer)) is not None:
            try:
                await self._write(job)
            except JobMoved:
                continue
            except LoaderError:
                raise
            except SealBroken:
                await self._give_up(job, "It was sealed with another key.")
            except Exception as error:
                # A job that we cannot handle must not keep the others waiting.
                _log.error("Letter job %d met an unexpected %s.", job.id, type(error).__name__)
                await self._give_up(job, "Something went wrong here.")
            ended += 1
        return ended

    async def _go_on(self) -> None:
        while True:
            self._portal.letters_ordered.clear()
            try:
                await self.write_ordered()
            except LoaderError as error:
                _log.warning("Letters cannot be written now (%s).", error.code)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._portal.letters_ordered.wait()

    async def _write(self, job: LetterJob) -> None:
        work = opened_work(self._portal, job)
        while work.pending:
            work = await write_some(self._portal, self._source, job)
            job = await job_of(self._portal, job.id)
        # Printing takes seconds for a school, which nobody else must wait for.
        document = await asyncio.to_thread(printed, work.pages, self._portal.letterhead) if work.pages else None
        await finish(self._portal, job, document, len(work.pages))

    async def _give_up(self, job: LetterJob, why: str) -> None:
        async with self._portal.writer.transaction() as transaction:
            await jobs.fail_job(transaction, job, why, self._portal.instant())
