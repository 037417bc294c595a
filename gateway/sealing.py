"""The key that seals the portal store's secrets, and the cipher behind it: here and only here."""

import base64
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.setting_values import SEAL_KEY_BYTES, seal_key_in
from gateway.settings import Settings
from loaders.dialect import Dialect
from loaders.portal.store import store_address
from resolvers.portal.sealing import SealBroken

_NONCE_BYTES = 12


class SealKeyInvalid(Exception):
    """The file that should hold the key cannot be used; the message names the setting and the remedy."""


@dataclass(frozen=True, slots=True)
class KeyedSealer:
    """Seals by AES-256-GCM with the purpose as associated data, tags by HMAC-SHA256; each under a key of its own."""

    _seal: AESGCM
    _tag: bytes

    def seal(self, purpose: str, text: str) -> str:
        """The text sealed under a nonce of its own, in URL-safe base64."""
        return base64.urlsafe_b64encode(self.seal_bytes(purpose, text.encode())).decode()

    def seal_bytes(self, purpose: str, content: bytes) -> bytes:
        """The bytes sealed under a nonce of its own, which stands before them."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._seal.encrypt(nonce, content, purpose.encode())

    def open(self, purpose: str, sealed: str) -> str:
        """The text that was sealed for this purpose; SealBroken where it was not."""
        try:
            return self.open_bytes(purpose, base64.urlsafe_b64decode(sealed)).decode()
        except ValueError:
            raise _broken(purpose) from None

    def open_bytes(self, purpose: str, sealed: bytes) -> bytes:
        """The bytes that were sealed for this purpose; SealBroken where they were not."""
        try:
            return self._seal.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], purpose.encode())
        except (InvalidTag, ValueError):
            raise _broken(purpose) from None

    def tag(self, purpose: str, text: str) -> str:
        """The keyed tag of a text, in hexadecimal."""
        return hmac.digest(self._tag, f"{purpose}\0{text}".encode(), "sha256").hex()


def _broken(purpose: str) -> SealBroken:
    return SealBroken(f"What was sealed for {purpose} cannot be opened with this key.")


def sealer_of(key: bytes) -> KeyedSealer:
    """What seals under keys that are derived from this one."""
    return KeyedSealer(AESGCM(_derived(key, b"seal")), _derived(key, b"tag"))


def open_sealer(settings: Settings) -> KeyedSealer:
    """What seals for these settings: the key in `seal_file`, or beside a SQLite store, where it is made once.

    SealKeyInvalid where the file holds no key, or where there is none for a store on a server: processes that share a
    store must share the key as well.
    """
    path = settings.seal_file
    if path is None:
        address = store_address(settings.portal_url)
        if address.dialect is not Dialect.SQLITE:
            raise SealKeyInvalid(
                "A portal store on a server needs a key to seal its secrets with: put `openssl rand -hex 32` into a "
                "file and name it by HOMEROOM_SEAL_FILE."
            )
        path = Path(f"{address.path}.key")
        _make(path)
    return sealer_of(_key_in(path))


def _make(path: Path) -> None:
    """Makes the file with a new key where there is none, whole, and for its owner's eyes only."""
    if path.exists():
        return
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(secrets.token_hex(SEAL_KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        # Of two processes that start at once, the second finds the first's key and takes it.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _key_in(path: Path) -> bytes:
    try:
        return seal_key_in(path)
    except ValueError:
        raise SealKeyInvalid(
            f"{path.name} holds no key any more: bring the file back that was there, for what is sealed cannot be read "
            "without it."
        ) from None


def _derived(key: bytes, use: bytes) -> bytes:
    return hmac.new(key, b"homeroom " + use, hashlib.sha256).digest()
