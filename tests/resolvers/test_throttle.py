"""The throttle: purposes apart, known devices let through, sprays seen, memory bounded."""

from dataclasses import replace

import pytest

from resolvers.errors import RateLimited
from resolvers.portal.throttle import ALLOWANCES, Allowance, Purpose, Throttle, network_of
from tests.portal import Clock

HERE, ELSEWHERE = "198.51.100.7", "203.0.113.9"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> Throttle:
    return Throttle(clock=clock.monotonic)


def fail(throttle: Throttle, times: int, key: str = "ana", purpose: Purpose = Purpose.LOG_IN) -> None:
    for _ in range(times):
        throttle.begin(key, HERE, purpose)


def wait(throttle: Throttle, key: str = "", purpose: Purpose = Purpose.LOG_IN, device: str | None = None) -> int | None:
    with pytest.raises(RateLimited) as caught:
        throttle.begin(key, HERE, purpose, device=device)
    return caught.value.retry_after


@pytest.mark.parametrize(
    ("purpose", "times", "seconds"),
    [
        (Purpose.REDEEM, 10, 60),
        (Purpose.PORTAL_REQUEST, 20, 180),
        (Purpose.PORTAL_REQUEST_STATUS, 60, 10),
        (Purpose.RESET, 20, 30),
        (Purpose.SUPPORT, 5, 720),
        (Purpose.CALENDAR, 30, 20),
        (Purpose.CALENDAR_FEED, 30, 20),
    ],
)
def test_an_address_has_so_many_of_each_purpose_and_then_one_at_a_time(
    throttle: Throttle, clock: Clock, purpose: Purpose, times: int, seconds: int
) -> None:
    for n in range(times):
        throttle.begin(f"key {n}", HERE, purpose)
    assert wait(throttle, "another", purpose) == seconds
    throttle.begin("another", ELSEWHERE, purpose)
    clock.pass_by(seconds=seconds)
    throttle.begin("another", HERE, purpose)
    assert wait(throttle, "another", purpose) == seconds


def test_what_is_tried_for_one_purpose_counts_for_no_other(throttle: Throttle) -> None:
    fail(throttle, 5)
    assert wait(throttle, "ana") == 5
    for purpose in Purpose:
        if purpose is not Purpose.LOG_IN:
            throttle.begin("ana", HERE, purpose)


def test_every_purpose_has_its_allowance() -> None:
    assert set(ALLOWANCES) == set(Purpose)


def test_a_known_device_is_not_kept_out_by_strangers_in_its_network(throttle: Throttle) -> None:
    fail(throttle, 5)
    for n in range(295):
        throttle.begin(f"name {n}", HERE)
    assert wait(throttle, "ben") == 1
    assert wait(throttle, "ana") == 5
    attempt = throttle.begin("ana", HERE, device="a" * 64)
    throttle.succeeded(attempt)
    assert wait(throttle, "ana") == 5, "a device's success forgives nobody else"


def test_a_known_device_that_guesses_waits_like_everybody(throttle: Throttle) -> None:
    for _ in range(5):
        throttle.begin("ana", HERE, device="a" * 64)
    assert wait(throttle, "ana", device="a" * 64) == 5
    throttle.begin("ana", HERE)


def test_many_names_from_one_address_are_taken_for_a_spray_once(throttle: Throttle, clock: Clock) -> None:
    told = [throttle.failed(throttle.begin(f"name {n}", HERE)) for n in range(60)]
    assert told == [n == 39 for n in range(60)]
    clock.pass_by(seconds=600)
    assert [throttle.failed(throttle.begin(f"name {n}", HERE)) for n in range(40)][-1]


def test_one_name_is_no_spray_and_neither_are_many_over_a_day(throttle: Throttle, clock: Clock) -> None:
    for n in range(200):
        assert not throttle.failed(throttle.begin(f"name {n}", HERE))
        clock.pass_by(seconds=30)
    assert not any(throttle.failed(throttle.begin("ana", HERE)) for _ in range(5))


def test_what_was_typed_in_a_names_place_is_not_kept(throttle: Throttle) -> None:
    throttle.succeeded(attempt := throttle.begin("my-Secret-1", HERE))
    throttle.failed(attempt)
    assert "my-Secret-1" not in repr(throttle)


def test_the_memory_is_bounded(clock: Clock) -> None:
    small = replace(Allowance(), kept=10)
    throttle = Throttle({Purpose.LOG_IN: small}, clock=clock.monotonic)
    for n in range(100):
        throttle.failed(throttle.begin(f"name {n}", f"198.51.100.{n}"))
    assert {len(throttle._pairs), len(throttle._networks), len(throttle._sprays)} == {10}


def test_a_subscriber_is_an_ipv4_address_or_the_64_of_an_ipv6_one() -> None:
    assert network_of("198.51.100.7") == network_of("::ffff:198.51.100.7") == "198.51.100.7"
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2::9") == "2001:db8:1:2::/64"
