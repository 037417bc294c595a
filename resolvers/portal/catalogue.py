"""The catalogue of preference images: drawn for the image step, neutral, each with a name and what it shows."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from hashlib import sha256
from pathlib import Path

from resolvers.portal.wording import language_of

FOLDER = Path(__file__).parent / "images"
PATH = "/static/preferences"


class ImageCategory(Enum):
    """What a preference image is about."""

    SKY = "SKY"
    LAND = "LAND"
    ANIMALS = "ANIMALS"
    GARDEN = "GARDEN"
    KITCHEN_GARDEN = "KITCHEN_GARDEN"
    TRAVEL = "TRAVEL"
    PASTIMES = "PASTIMES"
    SPORT = "SPORT"
    HOUSE = "HOUSE"


@dataclass(frozen=True, slots=True)
class PreferenceImage:
    """One image: where it is served, what it is called and what it shows, in one language."""

    id: str
    url: str
    label: str
    alt: str
    category: ImageCategory


@dataclass(frozen=True, slots=True)
class Drawings:
    """All drawings by their ids, and the version that stands in their path: it changes when any of them does."""

    version: str
    by_id: Mapping[str, bytes]


@cache
def drawings() -> Drawings:
    """The drawings as they are served, SVG each."""
    by_id = {path.stem: path.read_bytes() for path in sorted(FOLDER.glob("*.svg"))}
    digest = sha256()
    for name, content in by_id.items():
        digest.update(f"{name}:{len(content)}:".encode() + content)
    return Drawings(digest.hexdigest()[:16], by_id)


def images(language: str | None = None) -> list[PreferenceImage]:
    """The whole catalogue, category by category, in English where it does not speak the language."""
    return list(_catalogue(language_of(language)).values())


def images_of(ids: tuple[str, ...], language: str | None = None) -> list[PreferenceImage]:
    """The images of these ids, in their order; one that the catalogue has no more is left out."""
    known = _catalogue(language_of(language))
    return [known[id] for id in ids if id in known]


def known_ids() -> frozenset[str]:
    """The ids of all images."""
    return frozenset(_catalogue(language_of(None)))


@cache
def _catalogue(language: str) -> dict[str, PreferenceImage]:
    found = tomllib.loads((FOLDER / "catalogue.toml").read_text("utf-8"))
    version = drawings().version
    return {
        id: PreferenceImage(
            id,
            f"{PATH}/{version}/{id}.svg",
            entry["label"][language],
            entry["alt"][language],
            ImageCategory(entry["category"]),
        )
        for id, entry in found.items()
    }
