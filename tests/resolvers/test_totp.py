"""One-time passwords against the RFC's own vectors, and how far a clock may be off."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from resolvers.portal.totp import (
    bare_recovery_code,
    code_at,
    new_recovery_codes,
    new_secret,
    otpauth_uri,
    step_at,
    step_of_code,
)

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
NOW = datetime(2026, 11, 23, 12, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    step = step_at(datetime.fromtimestamp(seconds, UTC))
    assert code_at(RFC_SECRET, step, digits=8) == code
    assert code_at(RFC_SECRET, step) == code[-6:]


@pytest.mark.parametrize("drift", [-1, 0, 1])
def test_a_clock_may_be_one_step_off(drift: int) -> None:
    step = step_at(NOW) + drift
    assert step_of_code(RFC_SECRET, code_at(RFC_SECRET, step), NOW) == step


@pytest.mark.parametrize("drift", [-2, 2])
def test_and_not_two(drift: int) -> None:
    assert step_of_code(RFC_SECRET, code_at(RFC_SECRET, step_at(NOW) + drift), NOW) is None


def test_a_code_may_be_typed_with_a_space_and_is_nothing_else() -> None:
    code = code_at(RFC_SECRET, step_at(NOW))
    assert step_of_code(RFC_SECRET, f" {code[:3]} {code[3:]}", NOW) == step_at(NOW)
    for wrong in ("", code[:5], code + "0", "١٢٣٤٥٦", "x" * 9000, "\ud800"):
        assert step_of_code(RFC_SECRET, wrong, NOW) is None


def test_the_code_ends_with_its_time() -> None:
    code = code_at(RFC_SECRET, step_at(NOW))
    assert step_of_code(RFC_SECRET, code, NOW + timedelta(seconds=61)) is None


def test_a_secret_has_160_bits_and_reads_back_out_of_the_uri() -> None:
    secret = new_secret()
    assert len(base64.b32decode(secret)) == 20
    assert new_secret() != secret
    uri = urlsplit(otpauth_uri(secret, "Maple Falls: Schools", "ana & co"))
    assert (uri.scheme, uri.netloc, unquote(uri.path)) == ("otpauth", "totp", "/Maple Falls: Schools:ana & co")
    assert parse_qs(uri.query) == {
        "secret": [secret],
        "issuer": ["Maple Falls: Schools"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }


def test_recovery_codes_have_80_bits_and_forgive_how_they_are_typed() -> None:
    codes = new_recovery_codes(10)
    assert len(set(codes)) == 10
    for code in codes:
        bare = bare_recovery_code(code)
        assert len(base64.b32decode(bare)) == 10
        assert bare_recovery_code(f" {code.lower().replace('-', ' ')} ") == bare
        assert bare_recovery_code(code.replace("O", "0").replace("I", "1")) == bare
