"""The streams that are open in this process, by whom they follow."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from loaders.statement import Key
from resolvers.changes import ChangeEvent
from resolvers.streams import Subscriber


class Followers:
    """All open streams; an event is pushed to those that follow its student, or are its guardian's."""

    def __init__(self) -> None:
        self._subscribers: set[Subscriber] = set()
        self._students: dict[Key, set[Subscriber]] = {}
        self._guardians: dict[Key, set[Subscriber]] = {}

    def __len__(self) -> int:
        return len(self._subscribers)

    def __iter__(self) -> Iterator[Subscriber]:
        # A copy: whoever is asked may leave.
        return iter(tuple(self._subscribers))

    @property
    def students(self) -> int:
        """How many students are followed."""
        return len(self._students)

    @property
    def followed(self) -> Mapping[str, Sequence[Key]]:
        """Whom the streams follow, by their entity."""
        return {"student": list(self._students), "guardian": list(self._guardians)}

    def receives(self, guardian: Key) -> bool:
        """Whether a stream of messages of this guardian is open."""
        return guardian in self._guardians

    def add(self, subscriber: Subscriber) -> None:
        """Push to a stream from now on."""
        self._subscribers.add(subscriber)
        if "message" in subscriber.subjects:
            self._guardians.setdefault(subscriber.guardian, set()).add(subscriber)

    def unfollowed(self, students: Iterable[Key]) -> list[Key]:
        """Of these students those whom nobody follows."""
        return [student for student in students if student not in self._students]

    def follow(self, subscriber: Subscriber, students: set[Key]) -> None:
        """Let a stream follow these students, and no others."""
        before, subscriber.students = subscriber.students, students
        for student in students - before:
            self._students.setdefault(student, set()).add(subscriber)
        for student in before - students:
            _discard(self._students, student, subscriber)

    def release(self, subscriber: Subscriber) -> None:
        """Let go of all that is held for a stream."""
        if subscriber.ended:
            return
        subscriber.ended = True
        subscriber.wake()
        self._subscribers.discard(subscriber)
        _discard(self._guardians, subscriber.guardian, subscriber)
        self.follow(subscriber, set())

    def end(self, subscriber: Subscriber, failure: Exception | None = None) -> None:
        """End a stream, and tell whoever reads it why."""
        subscriber.failure = failure
        self.release(subscriber)
        if subscriber.over is not None:
            subscriber.over(failure)

    def end_all(self, failure: Exception | None = None) -> None:
        """End every stream."""
        for subscriber in self:
            self.end(subscriber, failure)

    def push(self, event: ChangeEvent) -> None:
        """Give an event to the streams that it concerns."""
        if event.student_key is not None:
            hearing = self._students.get(event.student_key)
        else:
            hearing = None if event.guardian_key is None else self._guardians.get(event.guardian_key)
        # A copy: whoever hears of it may leave.
        for subscriber in tuple(hearing or ()):
            subscriber.push(event)


def _discard(streams: dict[Key, set[Subscriber]], key: Key, subscriber: Subscriber) -> None:
    if found := streams.get(key):
        found.discard(subscriber)
        if not found:
            del streams[key]
