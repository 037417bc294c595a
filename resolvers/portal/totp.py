"""Time-based one-time passwords (RFC 6238): HMAC-SHA-1, steps of 30 seconds, six digits; and recovery codes."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

STEP_SECONDS = 30
DIGITS = 6
#: How many steps a code may be early or late: clocks of telephones are off by some seconds (RFC 6238, 5.2).
DRIFT = 1
_SECRET_BYTES = 20
_RECOVERY_BYTES = 10
_GROUP = 4


def new_secret() -> str:
    """A secret of 160 random bits in base32, as authenticator apps take it."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def otpauth_uri(secret: str, issuer: str, username: str) -> str:
    """The secret as authenticator apps read it out of a QR code."""
    parameters = {"secret": secret, "issuer": issuer, "algorithm": "SHA1", "digits": DIGITS, "period": STEP_SECONDS}
    return f"otpauth://totp/{quote(issuer)}:{quote(username)}?{urlencode(parameters, quote_via=quote)}"


def step_at(instant: datetime) -> int:
    """The step that an instant is in."""
    return int(instant.timestamp()) // STEP_SECONDS


def code_at(secret: str, step: int, digits: int = DIGITS) -> str:
    """The code of a step (RFC 4226, 5.3)."""
    mac = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    at = mac[-1] & 0xF
    number = int.from_bytes(mac[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}d}"


def step_of_code(secret: str, code: str, now: datetime) -> int | None:
    """The step around now whose code this is, the latest of them; None where it is none."""
    given = "".join(code.split()).encode("utf-8", "replace")
    present, found = step_at(now), None
    for step in range(present - DRIFT, present + DRIFT + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), given):
            found = step
    return found


def new_recovery_codes(count: int) -> list[str]:
    """That many codes of 80 random bits, in groups of four characters."""
    return [_grouped(base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode()) for _ in range(count)]


def bare_recovery_code(text: str) -> str:
    """A recovery code as it is hashed, however it was typed: without spaces and dashes, O and I for 0 and 1."""
    return "".join(text.replace("-", "").split()).upper().translate({ord("0"): "O", ord("1"): "I"})


def _grouped(text: str) -> str:
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))
