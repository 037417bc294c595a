"""Signed tokens (RFC 7515, 7519) by which we show a push service who we are, and the keys that sign them."""

import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def signed(key: SigningKey, header: Mapping[str, object], claims: Mapping[str, object]) -> str:
    """The claims as a token: ES256 by a key of P-256, RS256 by one of RSA."""
    algorithm = "ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "RS256"
    text = f"{encoded(_json({'alg': algorithm, **header}))}.{encoded(_json(claims))}"
    return f"{text}.{encoded(_signature(key, text.encode('ascii')))}"


def encoded(content: bytes) -> str:
    """Bytes in base64url without padding (RFC 7515, 2)."""
    return urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def elliptic_key(text: str | bytes) -> ec.EllipticCurvePrivateKey:
    """The private key of P-256 that a PEM text holds; ValueError where it holds none."""
    key = _key(text)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("That is no private key of P-256.")
    return key


def rsa_key(text: str | bytes) -> rsa.RSAPrivateKey:
    """The private key of RSA that a PEM text holds; ValueError where it holds none."""
    key = _key(text)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("That is no private key of RSA.")
    return key


def elliptic_key_in(path: Path) -> ec.EllipticCurvePrivateKey:
    """The private key of P-256 in a file; ValueError where there is none."""
    try:
        return elliptic_key(path.read_bytes())
    except OSError:
        raise ValueError("That file cannot be read.") from None


def make_key_file(path: Path) -> ec.EllipticCurvePrivateKey:
    """A new private key of P-256, as PEM in a new file that its owner alone reads; FileExistsError where one is."""
    made = ec.generate_private_key(ec.SECP256R1())
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return made


def public_key(key: ec.EllipticCurvePrivateKey) -> str:
    """The public key as browsers take it: the uncompressed point in base64url (RFC 8292, 3.2)."""
    return encoded(key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def _key(text: str | bytes) -> object:
    try:
        return load_pem_private_key(text.encode() if isinstance(text, str) else text, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("That is no private key in PEM without a password.") from None


def _signature(key: SigningKey, content: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(content, PKCS1v15(), SHA256())
    r, s = decode_dss_signature(key.sign(content, ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
