"""Media types: what a client can read, by Accept, and what it says it sent, by Content-Type."""

from functools import lru_cache

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
EVENTS = "text/event-stream"
#: Clients are of few kinds: what a field's value means is worked out once. A value may be as long as a head.
REMEMBERED = 64


@lru_cache(REMEMBERED)
def negotiate(accept: tuple[str, ...]) -> str | None:
    """The media type of the answer by the Accept headers (RFC 9110, 12.5.1); None where neither is acceptable.

    No Accept, or none but wildcards, means application/json, which every client can read.
    """
    ranges = [entry for value in accept for entry in _ranges(value)]
    if not ranges:
        return JSON
    best: tuple[float, int, bool, str] | None = None
    for offer in (JSON, RESPONSE):
        exactness, quality = max(
            ((exactness, quality) for range_, quality in ranges if (exactness := _match(range_, offer))),
            default=(0, 0.0),
        )
        newer = (offer == RESPONSE) == (exactness == 3)
        if quality > 0 and (best is None or (quality, exactness, newer) > best[:3]):
            best = (quality, exactness, newer, offer)
    return best[3] if best else None


@lru_cache(REMEMBERED)
def wants_page(accept: tuple[str, ...]) -> bool:
    """Whether a browser asks for a page: text/html is named."""
    return any(range_ == "text/html" and quality > 0 for value in accept for range_, quality in _ranges(value))


@lru_cache(REMEMBERED)
def wants_stream(accept: tuple[str, ...]) -> bool:
    """Whether the answer is to come as events: text/event-stream is named."""
    return any(range_ == EVENTS and quality > 0 for value in accept for range_, quality in _ranges(value))


@lru_cache(REMEMBERED)
def sent_json(content_type: tuple[str, ...]) -> bool:
    """Whether the body is JSON in UTF-8: exactly one Content-Type, of that essence, with that charset or none."""
    if len(content_type) != 1:
        return False
    essence, parameters = _parse(content_type[0])
    return essence == JSON and parameters.get("charset", "utf-8") in ("utf-8", "utf8")


def _ranges(value: str) -> list[tuple[str, float]]:
    found = []
    for part in value.split(","):
        if not part.strip():
            continue
        range_, parameters = _parse(part)
        if parameters.get("charset", "utf-8") not in ("utf-8", "utf8"):
            quality = 0.0
        else:
            quality = _quality(parameters.get("q", "1"))
        found.append((range_, quality))
    return found


def _quality(text: str) -> float:
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0


def _parse(part: str) -> tuple[str, dict[str, str]]:
    essence, *rest = part.split(";")
    pairs = (parameter.partition("=") for parameter in rest)
    parameters = {name.strip().lower(): value.strip().strip('"').lower() for name, _, value in pairs}
    return essence.strip().lower(), parameters


def _match(range_: str, offer: str) -> int:
    """How exactly a range covers a type: 3 by name, 2 by application/*, 1 by */*, 0 not at all."""
    return {offer: 3, "application/*": 2, "*/*": 1}.get(range_, 0)
