"""From the source to the log: each watched owner's last look is kept in the portal store and compared with the next.

A change is logged in the transaction that renews the look it was found by. So each is logged once, whatever dies when:
a look that was not committed is taken again, and what was committed is not seen again. That a source's transaction
commits late, or that rows vanish, makes no difference to what is compared.

The looks are sealed, so that a copy of the store shows no grade; owners are gone through a page at a time, so that
memory does not depend on how many there are.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import TypeVar

import orjson

from loaders.errors import LoaderError, SourceDown
from loaders.portal.change_log import Latest, NewChange, append, begin_log, latest_of
from loaders.portal.looks import Look, begin_looks, digests_after, digests_of, looks_at, renew_looks
from loaders.portal.transaction import Store, Transaction
from loaders.source import Source
from loaders.statement import Key
from loaders.watched import SUBJECTS, Subject, read_things, read_watched
from resolvers.changes import KINDS, SEALED_FOR
from resolvers.differences import Difference, Standing, differences, packed, standing_of, unpacked
from resolvers.portal.sealing import SealBroken, Sealer

#: How many owners' looks are renewed in one transaction: others write meanwhile, and are answered.
TOGETHER = 50

_LOOKS = "a look at the source"

T = TypeVar("T")

#: Owners of a subject, and the digests of the last looks at them.
Page = tuple[Subject, Mapping[str, bytes]]


@dataclass(slots=True)
class Round:
    """A round through all students, or all guardians, who are watched.

    `place` is the subject and the owner at which the last look has stopped; None where it has come to the end.
    """

    owner: str
    place: tuple[int, str] | None = None


#: Returns where this process may still write to the log; raises where another has taken its place.
Guard = Callable[[Transaction], Awaitable[None]]


class Watcher:
    """Looks at the source and logs what has changed; `guard` is asked in each transaction that logs something."""

    def __init__(self, source: Source, store: Store, sealer: Sealer, guard: Guard) -> None:
        self.statements = 0
        self.logged = 0
        self._source = source
        self._store = store
        self._sealer = sealer
        self._guard = guard
        self._wanted: set[tuple[str, Key]] = set()
        self._beginning = asyncio.Lock()

    async def watch(self, students: Iterable[Key], guardians: Iterable[Key] = ()) -> None:
        """Returns when each of these students and guardians is watched, so that the next change is logged.

        Of the first look nobody is told. Refuses as the source and the store do.
        """
        wanted = {("student", key) for key in students} | {("guardian", key) for key in guardians}
        if not wanted:
            return
        self._wanted |= wanted
        # Those who come in the same turn of the loop, or wait behind us, are served by the same look.
        await asyncio.sleep(0)
        async with self._beginning:
            if self._wanted & wanted:
                coming, self._wanted = self._wanted, set()
                try:
                    await self._begin(coming)
                except BaseException:
                    self._wanted |= coming - wanted
                    raise

    async def look(
        self, round: Round, first: Mapping[str, Sequence[Key]], still: Callable[[], Awaitable[bool]], seconds: float
    ) -> bool:
        """Goes on with a round for some seconds, as long as this is `still` the process that watches.

        Whether it came to the end; where not, the next look goes on there, and before that looks at those who are to
        come `first`, by their entity. Raises SourceDown at once, any other refusal of the source's in the end; what was
        not looked at keeps its last look.
        """
        until = monotonic() + seconds
        refused: LoaderError | None = None
        pages = self._pages(round.owner, first.get(round.owner, ())) if round.place is not None else None
        while True:
            if pages is None:
                found = await self._next_page(round)
                if found is None:
                    break
            else:
                found = await anext(pages, None)
                if found is None:
                    pages = None
                    continue
            if not await still():
                return False
            try:
                await self._compare(*found)
            except SourceDown:
                raise
            except LoaderError as error:
                refused = error
            if pages is None and monotonic() >= until:
                break
        if refused is not None:
            raise refused
        return round.place is None

    async def look_at(self, owner: str, keys: Sequence[Key]) -> None:
        """Looks at these students or guardians, as far as they are watched. Refuses as the source and the store do."""
        async for page in self._pages(owner, keys):
            await self._compare(*page)

    async def _next_page(self, round: Round) -> Page | None:
        """The page at which the last look has stopped, from the first one on; None where all were gone through."""
        subjects = self._subjects(round.owner)
        at, after = round.place or (0, "")
        while at < len(subjects):
            subject = subjects[at]
            if page := await digests_after(self._store, subject.name, after, subject.chunk):
                # By the order of the database, whichever that is for texts.
                round.place = at, next(reversed(page))
                return subject, page
            at, after = at + 1, ""
        round.place = None
        return None

    async def _pages(self, owner: str, keys: Sequence[Key]) -> AsyncIterator[Page]:
        for subject in self._subjects(owner):
            for chunk in _chunks([str(key) for key in keys], min(subject.chunk, 500)):
                if page := await digests_of(self._store, subject.name, chunk):
                    yield subject, page

    def _subjects(self, owner: str | None = None) -> Sequence[Subject]:
        """What is watched of students or of guardians, or of both."""
        return [
            subject
            for subject in SUBJECTS.values()
            if owner in (None, subject.owner) and self._source.adapter.has(*subject.relations)
        ]

    async def _begin(self, owners: set[tuple[str, Key]]) -> None:
        for subject in self._subjects():
            keys = sorted((key for entity, key in owners if entity == subject.owner), key=str)
            for chunk in _chunks(keys, subject.chunk):
                names = [str(key) for key in chunk]
                known: set[str] = set()
                for part in _chunks(names, 500):
                    known |= set(await digests_of(self._store, subject.name, part))
                new = [key for key in chunk if str(key) not in known]
                if not new:
                    continue
                texts = await self._texts(subject, new)
                for group in _chunks(list(texts), TOGETHER):
                    looks = {owner: self._look(subject, owner, texts[owner]) for owner in group}
                    async with self._store.transaction() as transaction:
                        await begin_looks(transaction, subject.name, looks)

    async def _compare(self, subject: Subject, page: Mapping[str, bytes]) -> None:
        keys = [self._source.adapter.parse_key(subject.owner, owner) for owner in page]
        texts = await self._texts(subject, [key for key in keys if key is not None])
        differing = [owner for owner, text in texts.items() if self._digest(subject, owner, text) != page[owner]]
        for group in _chunks(differing, TOGETHER):
            found = {owner: self._standing(subject, owner, texts[owner]) for owner in group}
            looks = {owner: self._sealed(subject, owner, texts[owner], found[owner]) for owner in group}
            # What was made of these looks took its time: let others have theirs.
            await asyncio.sleep(0)
            async with self._store.transaction() as transaction:
                await self._guard(transaction)
                last = await looks_at(transaction, subject.name, group)
                await renew_looks(transaction, subject.name, {owner: looks[owner] for owner in last})
                changes = await self._changes(transaction, subject, last, found)
                if changes:
                    await begin_log(transaction)
                    await append(transaction, changes)
            self.logged += len(changes)

    async def _changes(
        self, transaction: Transaction, subject: Subject, last: Mapping[str, Look], now: Mapping[str, Standing]
    ) -> list[NewChange]:
        """What has changed since the last looks at these owners."""
        today = self._source.today()
        found: dict[str, list[Difference]] = {}
        for owner, look in last.items():
            try:
                before = unpacked(subject, self._sealer.open_bytes(_LOOKS, look.standing_sealed))
            except SealBroken:
                # Sealed with a key that is gone: as with a source that is seen for the first time, nobody is told.
                continue
            if differing := differences(subject, before, now[owner], today):
                found[owner] = differing
        if not found:
            return []
        kinds = [kind.value for kind in KINDS[subject.name]]
        latest = await latest_of(transaction, kinds, list(found), guardian=subject.owner == "guardian")
        return [
            self._change(subject, owner, difference, latest.get((owner, difference.entity)))
            for owner, differing in found.items()
            for difference in differing
        ]

    def _change(self, subject: Subject, owner: str, difference: Difference, latest: Latest | None) -> NewChange:
        follows = latest is not None and latest.version == difference.version_before
        return NewChange(
            kind=difference.kind.value,
            student_id=owner if subject.owner == "student" else None,
            guardian_id=owner if subject.owner == "guardian" else None,
            entity=difference.entity,
            version=difference.version,
            version_before=difference.version_before,
            previous_sealed=self._previous(subject, difference),
            corrects=latest.seq if latest is not None and follows else None,
            retracts=latest is not None and follows and latest.version_before == difference.version,
            occurred_at=self._source.now(),
        )

    def _previous(self, subject: Subject, difference: Difference) -> str | None:
        """A grade's percent and letter before, sealed: the log itself holds no content."""
        if subject.name != "grade" or not difference.before:
            return None
        percent, *_, letter = difference.before
        return self._sealer.seal(SEALED_FOR, orjson.dumps([percent, letter]).decode())

    async def _texts(self, subject: Subject, keys: Sequence[Key]) -> dict[str, str]:
        self.statements += 1
        return {str(key): text for key, text in (await read_watched(self._source, subject, keys)).items()}

    def _standing(self, subject: Subject, owner: str, text: str) -> Standing:
        return standing_of(subject, owner, read_things(self._source.adapter, subject, text), self._sealer.tag)

    def _look(self, subject: Subject, owner: str, text: str) -> Look:
        return self._sealed(subject, owner, text, self._standing(subject, owner, text))

    def _sealed(self, subject: Subject, owner: str, text: str, standing: Standing) -> Look:
        return Look(self._digest(subject, owner, text), self._sealer.seal_bytes(_LOOKS, packed(standing)))

    def _digest(self, subject: Subject, owner: str, text: str) -> bytes:
        return bytes.fromhex(self._sealer.tag("a digest", f"{subject.name}\0{owner}\0{text}")[:32])


def _chunks(things: Sequence[T], size: int) -> list[Sequence[T]]:
    return [things[start : start + size] for start in range(0, len(things), size)]
