"""What differs between two looks at one owner of a subject, and what of it is told."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import orjson

from loaders.watched import Seen, Subject, Thing
from resolvers.changes import KINDS, ChangeKind

#: More new things than this of one owner at one look are a bulk load, of which nobody is told.
BACKFILL = 30

#: How many digits of a tag are kept, of both parts together where a thing has two: by forty bits a change in a million
#: millions goes unseen.
TAG = 20

#: A text's keyed tag, for a purpose.
Tag = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a thing: its version, its day, and of a grade what stood there."""

    version: str
    day: str
    values: tuple[str, ...] = ()


#: All that is kept of an owner.
Standing = Mapping[str, Kept]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not what it was."""

    entity: str
    kind: ChangeKind
    version: str
    version_before: str
    before: tuple[str, ...]


def standing_of(subject: Subject, owner: str, things: Mapping[Thing, Seen], tag: Tag) -> Standing:
    """What is kept of an owner's things."""
    return {entity_of(thing): _kept(subject, owner, thing, seen, tag) for thing, seen in things.items()}


def differences(subject: Subject, before: Standing, now: Standing, today: date) -> list[Difference]:
    """What has changed, in the order of the things' names; nothing of what lies too far back."""
    begins = subject.begins(today).isoformat()
    added = KINDS[subject.name][0]
    found = []
    for entity in sorted({*before, *now}):
        was, is_now = before.get(entity), now.get(entity)
        if was is not None and is_now is not None and was.version == is_now.version:
            continue
        old = any(kept is not None and kept.day and kept.day < begins for kept in (was, is_now))
        if old and not (subject.old_changes and was is not None):
            continue
        kind = _kind(subject, was, is_now)
        if kind is None:
            continue
        found.append(
            Difference(
                entity,
                kind,
                "" if is_now is None else is_now.version,
                "" if was is None else was.version,
                () if was is None else was.values,
            )
        )
    if sum(difference.kind is added for difference in found) > BACKFILL:
        return [difference for difference in found if difference.kind is not added]
    return found


def entity_of(thing: Thing) -> str:
    """A thing's name in the log."""
    return orjson.dumps(thing).decode()


def packed(standing: Standing) -> bytes:
    """A standing in few bytes: the tags as they are, for nothing makes them smaller, behind all the rest deflated."""
    rest = [[entity, kept.day, *kept.values] for entity, kept in standing.items()]
    tags = [bytes.fromhex(part) for kept in standing.values() for part in kept.version.split("-")]
    return b"".join([zlib.compress(orjson.dumps(rest)), *tags])


def unpacked(subject: Subject, content: bytes) -> Standing:
    """The standing of such bytes."""
    inflating = zlib.decompressobj()
    rest = orjson.loads(inflating.decompress(content))
    tags = inflating.unused_data.hex()
    found = {}
    for place, (entity, day, *values) in enumerate(rest):
        tag = tags[place * TAG : (place + 1) * TAG]
        version = tag if subject.apart is None else f"{tag[: TAG // 2]}-{tag[TAG // 2 :]}"
        found[entity] = Kept(version, day, tuple(values))
    return found


def _kept(subject: Subject, owner: str, thing: Thing, seen: Seen, tag: Tag) -> Kept:
    parts = [seen.values] if subject.apart is None else [seen.values[: subject.apart], seen.values[subject.apart :]]
    texts = ["\0".join((subject.name, str(n), owner, *thing, *values)) for n, values in enumerate(parts)]
    version = "-".join(tag("a version", text)[: TAG // len(texts)] for text in texts)
    return Kept(version, seen.day, seen.values if subject.name == "grade" else ())


def _kind(subject: Subject, was: Kept | None, is_now: Kept | None) -> ChangeKind | None:
    """What has become of a thing; None where that is told to nobody."""
    kinds = KINDS[subject.name]
    if was is None:
        return kinds[0]
    if len(kinds) == 1:
        return None
    if is_now is None:
        return kinds[-1]
    if subject.apart is not None and was.version.partition("-")[0] == is_now.version.partition("-")[0]:
        return kinds[2]
    return kinds[1]
