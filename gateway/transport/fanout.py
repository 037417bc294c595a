"""One event for many sockets: those who wait for it with the same question and the same rights share its answer.

Subscribers of one session with the same document, operation, variables and source are a *party*: it hears an event
once, is answered once, and its members are sent the same bytes. Parties of other sessions join in the same answer where
the engine says that nothing in it depends on who asks, and the source that they stand alike before this event: both
are asked anew at every event. Errors belong to the party whose question met them.
"""

import asyncio
from collections import deque
from collections.abc import Hashable
from typing import Any, cast

from gateway.execution.documents import Prepared
from gateway.execution.engine import Engine
from gateway.execution.operations import Answer
from gateway.transport.parties import Member, Party, Place, Seat, Shared
from gateway.transport.protocol import answer_members, encode, error_members, failure_error
from gateway.transport.sessions import Session, SessionEnded
from resolvers.context import Context
from resolvers.errors import RateLimited

#: How many events may wait for a party; one more, and it is told to come back with its cursor.
WAITING = 100
#: How many events are answered at the same time.
AT_ONCE = 16
#: How many parties are asked about at once.
TOGETHER = 500
#: How many sockets are written to before others have a turn of the loop.
BURST = 250


Heard = tuple[Party, tuple[Seat, ...]]


class Delivery:
    """An event on its way to the parties that ask the same about it."""

    __slots__ = ("_over", "_waiting", "after", "event", "parties", "place")

    def __init__(self, place: Hashable, event: Any) -> None:
        self.place = place
        self.event = event
        self.parties: list[Heard] = []
        #: What the same parties heard before, and must be sent before.
        self.after: list[Delivery] = []
        self._over = False
        self._waiting: list[asyncio.Future[None]] = []

    def finish(self) -> None:
        """It has been sent, or will not be; call once."""
        self._over = True
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def finished(self) -> None:
        """Wait until it has been sent."""
        if not self._over:
            waiting = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            await waiting


class Fanout:
    """All parties of an endpoint; `answered` counts executions, `delivered` what was sent of them."""

    def __init__(self, engine: Engine) -> None:
        self.answered = 0
        self.delivered = 0
        self._engine = engine
        self._parties: dict[Place, Party] = {}
        self._gathering: dict[Hashable, Delivery] = {}
        self._queue: deque[Delivery] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._ending: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._parties)

    def join(self, member: Member, id_: str, prepared: Prepared, session: Session, source: Shared) -> Seat:
        """A seat in the party that asks the same; the first one's source is listened to, and others let go."""
        key = Place(_question(prepared), session, source.audience)
        party = self._parties.get(key)
        if party is None:
            party = self._parties[key] = Party(self, key, prepared, session, source)
            source.listen(party.hear, party.over)
        elif party.source is not source:
            source.let_go()
        seat = Seat(party, member, id_)
        party.enter(seat)
        return seat

    def dissolve(self, party: Party) -> None:
        """Nobody is in the party any more."""
        if self._parties.get(party.key) is party:
            del self._parties[party.key]
        party.source.let_go()

    def heard(self, party: Party, event: Any) -> None:
        """Gather all parties that ask the same about an event, as long as the loop does not turn."""
        if not party.seats:
            return
        if party.waiting >= WAITING:
            late = RateLimited("This stream fell behind: subscribe again with `after` and the last cursor.", 1)
            self.over(party, late)
            return
        place = (party.key.question, id(event))
        delivery = self._gathering.get(place)
        if delivery is None:
            delivery = self._gathering[place] = Delivery(place, event)
            self._queue.append(delivery)
            if len(self._workers) < AT_ONCE:
                self._workers.add(asyncio.create_task(self._work(), name="events to their subscribers"))
        if party.last is not None and party.last is not delivery:
            delivery.after.append(party.last)
        party.last = delivery
        party.waiting += 1
        delivery.parties.append((party, party.present()))

    def over(self, party: Party, failure: Exception | None) -> None:
        """Let a party hear no more, and end it once what it heard has been sent."""
        if self._parties.get(party.key) is party:
            del self._parties[party.key]
            party.source.let_go()
            task = asyncio.create_task(self._end(party, failure))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def _end(self, party: Party, failure: Exception | None) -> None:
        if party.last is not None:
            await party.last.finished()
        party.end(failure)

    async def _work(self) -> None:
        """Deliver what is queued, the first first: so whatever has to be waited for has been begun."""
        while self._queue:
            await self._deliver(self._queue.popleft())
        # At once, and not when the loop comes to it: who is counted here is counted on.
        self._workers.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _deliver(self, delivery: Delivery) -> None:
        # By now everybody has heard of it: sources tell all at once.
        del self._gathering[delivery.place]
        try:
            for parties, context in await self._groups(delivery):
                await self._answer(delivery, parties, context)
        except Exception as failure:
            error_members((failure_error(failure),))
            for party, _ in delivery.parties:
                party.end(failure)
        finally:
            for party, _ in delivery.parties:
                party.waiting -= 1
                if party.last is delivery:
                    party.last = None
            delivery.after.clear()
            delivery.finish()

    async def _groups(self, delivery: Delivery) -> list[tuple[list[Heard], Context]]:
        """The parties that may be told, those together that will be answered alike, each with a context to ask with."""
        groups: dict[Hashable, tuple[list[Heard], Context]] = {}
        for start in range(0, len(delivery.parties), TOGETHER):
            heard, contexts = await _contexts(delivery.parties[start : start + TOGETHER])
            if not heard:
                continue
            party = heard[0][0]
            alike = self._engine.shareable(party.prepared)
            standings = await party.source.standings(delivery.event, contexts)
            for one, context, standing in zip(heard, contexts, standings, strict=True):
                if standing is not None:
                    groups.setdefault(standing if alike else one[0], ([], context))[0].append(one)
        return list(groups.values())

    async def _answer(self, delivery: Delivery, parties: list[Heard], context: Context) -> None:
        prepared = parties[0][0].prepared
        try:
            answer = await self._executed(delivery, prepared, context)
        except Exception as failure:
            answer = Answer(errors=(failure_error(failure),))
        if len(parties) > 1 and (answer.errors or answer.extensions):
            # Nobody is told what another one's question met.
            for party, seats in parties:
                try:
                    context = await party.session.context()
                except Exception as failure:
                    _refuse(party, failure)
                else:
                    await self._answer(delivery, [(party, seats)], context)
            return
        payload = encode(answer_members(answer, prepared))
        for earlier in delivery.after:
            await earlier.finished()
        await self._send(parties, payload, getattr(delivery.event, "cursor", None))

    async def _executed(self, delivery: Delivery, prepared: Prepared, context: Context) -> Answer:
        self.answered += 1
        value = delivery.parties[0][0].source.value(delivery.event)
        return await self._engine.answer(prepared, value, context)

    async def _send(self, parties: list[Heard], payload: bytes, cursor: str | None) -> None:
        """Send everybody the same bytes, but for the operation's id around them."""
        made: dict[Any, tuple[Any, int]] = {}
        sent = 0
        for _, seats in parties:
            for seat in seats:
                if not seat.taken:
                    continue
                place = (seat.member.alike, seat.id)
                found = made.get(place)
                if found is None:
                    found = made[place] = seat.member.frame(seat.id, payload, cursor)
                seat.member.deliver(seat.id, *found)
                sent += 1
                if sent % BURST == 0:
                    await asyncio.sleep(0)
        self.delivered += sent


async def _contexts(parties: list[Heard]) -> tuple[list[Heard], list[Context]]:
    """The parties whose session holds, each with a fresh context; those of the others end."""
    heard, contexts = [], []
    for party, seats in parties:
        try:
            contexts.append(await party.session.context())
        except Exception as failure:
            _refuse(party, failure)
        else:
            heard.append((party, seats))
    return heard, contexts


def _refuse(party: Party, failure: Exception) -> None:
    if isinstance(failure, SessionEnded):
        party.session.end()
    else:
        party.end(failure)


def _question(prepared: Prepared) -> Hashable:
    """What is equal only for operations that ask the same with the same variables; of its own where that is unknown."""
    return prepared.place or object()
