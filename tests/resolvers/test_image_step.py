"""The image step by itself: what passes, what does not, and that what is kept tells nothing."""

import hmac
import secrets
from collections import Counter
from hashlib import sha256
from random import Random
from re import fullmatch

import pytest

from gateway.sealing import sealer_of
from loaders.portal.preferences import PreferenceSet
from resolvers.portal.catalogue import known_ids
from resolvers.portal.image_step import DECOYS, DISLIKED, LIKED, answers, check_choice, choose
from resolvers.portal.problems import ProblemCode

SEED = 20261123
SEALER = sealer_of(b"a key of the tests, and of nobody")
IDS = sorted(known_ids())
LIKE, DISLIKE = IDS[:8], IDS[8:16]
CHOSEN = choose(SEALER, 7, LIKE, DISLIKE)
STORED = PreferenceSet(CHOSEN.salt, CHOSEN.shown, CHOSEN.tags)
DECOY = next(image for image in CHOSEN.shown if image not in IDS[:16])


def swapped(count: int) -> tuple[list[str], list[str]]:
    """The right answer with that many of each side on the other."""
    return LIKE[count:] + DISLIKE[:count], DISLIKE[count:] + LIKE[:count]


@pytest.mark.parametrize(("swaps", "passes"), [(0, True), (1, True), (2, False), (4, False), (8, False)])
def test_one_swap_passes_and_no_more(swaps: int, passes: bool) -> None:
    liked, disliked = swapped(swaps)
    assert answers(SEALER, 7, STORED, liked, disliked) is passes
    assert answers(SEALER, 7, STORED, liked[::-1], disliked[::-1]) is passes


def test_a_decoy_never_passes() -> None:
    assert not answers(SEALER, 7, STORED, [*LIKE[1:], DECOY], DISLIKE)
    assert not answers(SEALER, 7, STORED, LIKE, [*DISLIKE[1:], DECOY])


def test_nothing_missing_or_twice_passes() -> None:
    assert not answers(SEALER, 7, STORED, LIKE[1:], DISLIKE)
    assert not answers(SEALER, 7, STORED, [*LIKE[1:], LIKE[1]], DISLIKE)
    assert not answers(SEALER, 7, STORED, [], [])
    assert not answers(SEALER, 7, STORED, LIKE + DISLIKE, LIKE + DISLIKE)


def test_what_one_account_chose_opens_no_other() -> None:
    assert not answers(SEALER, 8, STORED, LIKE, DISLIKE)
    assert not answers(sealer_of(b"another key, of nobody either...."), 7, STORED, LIKE, DISLIKE)


def test_all_chosen_and_sixteen_decoys_are_shown_each_once_in_an_order_that_tells_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert len(CHOSEN.shown) == len(set(CHOSEN.shown)) == LIKED + DISLIKED + DECOYS
    assert set(CHOSEN.shown) >= {*LIKE, *DISLIKE}
    # A quarter of what is shown is liked: 100 of 400, give or take what this seed makes of it.
    chance = Random(SEED)
    monkeypatch.setattr(secrets, "SystemRandom", lambda: chance)
    firsts = Counter(choose(SEALER, 7, LIKE, DISLIKE).shown[0] in LIKE for _ in range(400))
    assert 60 < firsts[True] < 140


def test_the_tags_cannot_be_made_without_the_key_and_lie_in_no_order_of_choosing() -> None:
    assert isinstance(CHOSEN.tags, frozenset)
    assert [fullmatch("[0-9a-f]{64}", tag) for tag in CHOSEN.tags].count(None) == 0
    assert len(CHOSEN.tags) == 16
    known = [f"{image}{side}" for image in IDS for side in ("", "|LIKE", "|DISLIKE")]
    told = [text for each in known for text in (each, f"{CHOSEN.salt}|{each}", f"7|{CHOSEN.salt}|{each}")]
    for salt in (b"", CHOSEN.salt.encode()):
        assert CHOSEN.tags.isdisjoint(hmac.new(salt, text.encode(), "sha256").hexdigest() for text in told)
    assert CHOSEN.tags.isdisjoint(sha256(text.encode()).hexdigest() for text in told)


def test_the_same_choice_twice_has_no_tag_in_common() -> None:
    assert choose(SEALER, 7, LIKE, DISLIKE).tags.isdisjoint(CHOSEN.tags)


def test_everything_that_is_wrong_with_a_choice_is_told_at_once() -> None:
    assert check_choice(LIKE, DISLIKE) == []
    problems = check_choice([*LIKE[:6], "gone"], [*DISLIKE[1:], LIKE[0]])
    assert [(problem.code, problem.path[1]) for problem in problems] == [
        (ProblemCode.IMAGES_COUNT, "liked"),
        (ProblemCode.IMAGES_OVERLAP, "disliked"),
        (ProblemCode.IMAGE_UNKNOWN, "liked"),
    ]
    assert [problem.code for problem in check_choice([*LIKE[:7], LIKE[0]], DISLIKE)] == [ProblemCode.IMAGES_COUNT]
