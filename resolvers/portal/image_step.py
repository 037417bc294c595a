"""The image step: whoever has lost the password sorts the images that were liked from those that were not.

All of it is here, so that a district can leave it out (`HOMEROOM_IMAGE_STEP`). It counts only behind a mailed link,
never alone: preferences are known to those who live with somebody. Decoys are drawn once and stay: fresh ones would
give the chosen away by what stays. An answer is right or wrong as a whole, and nothing is told of how wrong.
"""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from loaders.portal.preferences import PreferenceSet
from resolvers.portal.catalogue import known_ids
from resolvers.portal.problems import Problem, ProblemCode
from resolvers.portal.sealing import Sealer

LIKED = DISLIKED = 8
DECOYS = 16
#: An image put on the other side and one of the other side put here: so much a memory may be off.
MOST_SWAPS = 1
SEALED_FOR = "images"
_LIKE, _DISLIKE = "LIKE", "DISLIKE"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is kept of a choice: all images to be shown, in no order that tells anything, and the tags of the chosen."""

    salt: str = field(repr=False)
    shown: tuple[str, ...]
    tags: frozenset[str] = field(repr=False)


def check_choice(liked: Sequence[str], disliked: Sequence[str]) -> list[Problem]:
    """Everything that is wrong with a choice or an answer in itself: counts, images on both sides, unknown ones."""
    problems = []
    for images, name, wanted in ((liked, "liked", LIKED), (disliked, "disliked", DISLIKED)):
        if len(set(images)) != wanted or len(images) != wanted:
            message = f"Name exactly {wanted} different images."
            problems.append(Problem(ProblemCode.IMAGES_COUNT, message, ("input", name)))
    if set(liked) & set(disliked):
        message = "An image is either liked or disliked."
        problems.append(Problem(ProblemCode.IMAGES_OVERLAP, message, ("input", "disliked")))
    for images, name in ((liked, "liked"), (disliked, "disliked")):
        if not known_ids().issuperset(images):
            message = "Take the images of `portal.preferenceImages`."
            problems.append(Problem(ProblemCode.IMAGE_UNKNOWN, message, ("input", name)))
    return problems


def choose(sealer: Sealer, account_id: int, liked: Collection[str], disliked: Collection[str]) -> Chosen:
    """A choice with its decoys, drawn and shuffled once."""
    salt = secrets.token_urlsafe(16)
    draw = secrets.SystemRandom()
    chosen = [*liked, *disliked]
    shown = [*chosen, *draw.sample(sorted(known_ids() - set(chosen)), DECOYS)]
    draw.shuffle(shown)
    tags = {_tag(sealer, account_id, salt, image, _LIKE) for image in liked}
    tags |= {_tag(sealer, account_id, salt, image, _DISLIKE) for image in disliked}
    return Chosen(salt, tuple(shown), frozenset(tags))


def answers(
    sealer: Sealer, account_id: int, stored: PreferenceSet, liked: Collection[str], disliked: Collection[str]
) -> bool:
    """Whether all chosen images were found and lie right, but for one swap at the most."""

    def on(image: str, side: str) -> bool:
        return _tag(sealer, account_id, stored.salt, image, side) in stored.tags

    # Every tag is computed, whatever the first ones say: the time tells nothing.
    right = [on(image, _LIKE) for image in liked] + [on(image, _DISLIKE) for image in disliked]
    swapped = [on(image, _DISLIKE) for image in liked] + [on(image, _LIKE) for image in disliked]
    return (
        len(set(liked)) == LIKED
        and len(set(disliked)) == DISLIKED
        and right.count(True) + swapped.count(True) == LIKED + DISLIKED
        and swapped.count(True) <= 2 * MOST_SWAPS
    )


def _tag(sealer: Sealer, account_id: int, salt: str, image: str, side: str) -> str:
    return sealer.tag(SEALED_FOR, f"{account_id}|{salt}|{image}|{side}")
