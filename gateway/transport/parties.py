"""Who hears the same: the source that tells, and those of one session who asked it the same, with a seat for each."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from graphql import GraphQLError

from gateway.execution.documents import Prepared
from gateway.transport.protocol import failure_error
from gateway.transport.sessions import Session
from resolvers.context import Context


@runtime_checkable
class Shared(Protocol):
    """A source that calls those who listen, beside being an iterator of what it has."""

    @property
    def level(self) -> bool:
        """Whether nothing waits to be taken, so that its listener hears the next event."""
        ...

    @property
    def audience(self) -> Hashable:
        """What it tells of: sources of one session that are equal in it hear the same events."""
        ...

    def listen(self, hear: Callable[[Any], None], over: Callable[[Exception | None], None]) -> None:
        """Call `hear` with every event from now on, and `over` where it ends on its own."""
        ...

    def value(self, event: Any) -> Any:
        """What an operation is executed with for this event."""
        ...

    async def standings(self, event: Any, contexts: Sequence[Context]) -> Sequence[Hashable | None]:
        """How each of these viewers stands before the event: equal ones see the same of it, None may not be told."""
        ...

    def let_go(self) -> None:
        """Release all that it holds."""
        ...


class Member(Protocol):
    """A socket with an operation that shares what it is sent."""

    @property
    def alike(self) -> Hashable:
        """What is equal for members that are sent the same bytes."""
        ...

    def frame(self, id_: str, payload: bytes, cursor: str | None) -> tuple[Any, int]:
        """A result of an operation as it is sent, and its length."""
        ...

    def deliver(self, id_: str, framed: Any, size: int) -> None: ...

    def fail(self, id_: str, errors: Sequence[GraphQLError], prepared: Prepared) -> None: ...


class Place(NamedTuple):
    """What the members of a party have in common."""

    question: Hashable
    session: Session
    audience: Hashable


class Seat:
    """One operation of one socket among those who hear the same."""

    __slots__ = ("_party", "id", "member")

    def __init__(self, party: "Party", member: Member, id_: str) -> None:
        self._party = party
        self.member = member
        self.id = id_

    @property
    def taken(self) -> bool:
        """Whether the operation goes on."""
        return self in self._party.seats

    def cancel(self) -> None:
        """Hear nothing more."""
        self._party.leave(self)


class Host(Protocol):
    """Who answers parties."""

    def heard(self, party: "Party", event: Any) -> None:
        """The party hears of an event."""
        ...

    def over(self, party: "Party", failure: Exception | None) -> None:
        """The party will hear of no more."""
        ...

    def dissolve(self, party: "Party") -> None:
        """Nobody is in the party any more."""
        ...


class Party:
    """Those of one session who asked the same of the same source; it goes with the last of them."""

    __slots__ = ("_host", "_present", "key", "last", "prepared", "seats", "session", "source", "waiting")

    def __init__(self, host: Host, key: Place, prepared: Prepared, session: Session, source: Shared) -> None:
        self._host = host
        self.key = key
        self.prepared = prepared
        self.session = session
        self.source = source
        self.seats: dict[Seat, None] = {}
        self.waiting = 0
        #: What it heard last, of the host's making.
        self.last: Any = None
        self._present: tuple[Seat, ...] | None = None

    def present(self) -> tuple[Seat, ...]:
        """Who is here now."""
        if self._present is None:
            self._present = tuple(self.seats)
        return self._present

    def enter(self, seat: Seat) -> None:
        """Hear what happens from now on."""
        self.seats[seat] = None
        self._present = None

    def leave(self, seat: Seat) -> None:
        """Hear nothing more."""
        if self.seats.pop(seat, seat) is None:
            self._present = None
            if not self.seats:
                self._host.dissolve(self)

    def end(self, failure: Exception | None) -> None:
        """End the operation of everybody here, with an error or as complete."""
        seats = self.present()
        self.seats.clear()
        self._present = None
        self._host.dissolve(self)
        for seat in seats:
            errors = () if failure is None else (failure_error(failure),)
            seat.member.fail(seat.id, errors, self.prepared)

    def hear(self, event: Any) -> None:
        """Answer an event to everybody who is here now."""
        self._host.heard(self, event)

    def over(self, failure: Exception | None) -> None:
        """End once what was heard has been answered: the source tells no more."""
        self._host.over(self, failure)
