"""Message encryption for Web Push (RFC 8291): what a push service carries, the subscribed browser alone reads."""

import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

#: A record of this size holds the whole message; no push service need take more (RFC 8291, 4; RFC 8030, 7.2).
RECORD_BYTES = 4096
_HEADER_BYTES, _TAG_BYTES = 16 + 4 + 1 + 65, 16
#: What a message may be long, with the delimiter of its padding.
MOST_BYTES = RECORD_BYTES - _HEADER_BYTES - _TAG_BYTES - 1
#: Messages are padded to a multiple of this, so that their length tells a push service nothing.
_STEP = 512


@dataclass(frozen=True, slots=True)
class Once:
    """What must be new for every message: the sender's key and the salt."""

    key: ec.EllipticCurvePrivateKey
    salt: bytes


def new_once() -> Once:
    """A key and a salt that were never used."""
    return Once(ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(16))


def encrypted(message: bytes, p256dh: bytes, auth: bytes, once: Once | None = None, *, padded: bool = True) -> bytes:
    """The message as `aes128gcm` (RFC 8188), in one record, for the holder of the subscription's private key.

    `p256dh` is the subscription's public key as an uncompressed point, `auth` its secret of 16 bytes. ValueError where
    the point is none of P-256, or the message longer than MOST_BYTES.
    """
    if len(message) > MOST_BYTES:
        raise ValueError("The message is longer than a push service takes.")
    once = once or new_once()
    receiver = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p256dh)
    sender = once.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = once.key.exchange(ec.ECDH(), receiver)
    keying = _derived(auth, shared, b"WebPush: info\0" + p256dh + sender, 32)
    key = _derived(once.salt, keying, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(once.salt, keying, b"Content-Encoding: nonce\0", 12)
    wanted = min(-(-len(message) // _STEP) * _STEP, MOST_BYTES) if padded else len(message)
    record = AESGCM(key).encrypt(nonce, message + b"\x02" + bytes(wanted - len(message)), None)
    return once.salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(sender)]) + sender + record


def _derived(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)
