"""The folder of handed-in files: sealed, under random names, for this account's eyes only, and on disk before told so.

A file that is lost or was changed is found out when it is read, as it is sealed for its own upload.
"""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gateway.sealing import KeyedSealer
from resolvers.portal.sealing import SealBroken

_PART, _OPEN = ".part", ".open"


class UploadMissing(Exception):
    """A handed-in file is not there, or is not the one that was handed in; the message is for the log."""


class UploadFolder:
    """Keeps files by name, each sealed for the upload that it belongs to; nothing of the family's is in a name."""

    def __init__(self, path: Path, sealer: KeyedSealer) -> None:
        self._path = path
        self._sealer = sealer

    @staticmethod
    def new_name() -> str:
        """A name that no file has, and that nobody guesses."""
        return secrets.token_hex(16)

    def put(self, name: str, upload_id: int, content: bytes) -> None:
        """Keeps a file; once this returns it outlasts a loss of power. OSError where the disk refuses it."""
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self._path / f"{name}{_PART}"
        try:
            _write(part, self._sealer.seal_bytes(_purpose(upload_id), content))
            part.rename(self._path / name)
        except OSError:
            with suppress(OSError):
                part.unlink()
            raise
        folder = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def get(self, name: str, upload_id: int) -> bytes:
        """The file as it was handed in; UploadMissing where it cannot be had."""
        try:
            return self._sealer.open_bytes(_purpose(upload_id), (self._path / name).read_bytes())
        except OSError as error:
            raise UploadMissing(f"Upload {upload_id} cannot be read ({type(error).__name__}).") from None
        except SealBroken:
            raise UploadMissing(f"Upload {upload_id} is not the file that was handed in.") from None

    def remove(self, name: str) -> None:
        """Removes a file, where it is there."""
        (self._path / name).unlink(missing_ok=True)

    @contextmanager
    def opened(self, name: str, upload_id: int) -> Iterator[Path]:
        """Where the file lies open while somebody examines it, for this account's eyes only; gone afterwards."""
        path = self._path / f"{name}.{secrets.token_hex(4)}{_OPEN}"
        try:
            _write(path, self.get(name, upload_id))
            yield path.absolute()
        finally:
            path.unlink(missing_ok=True)

    def names(self) -> set[str]:
        """The names of all files that are kept."""
        if not self._path.is_dir():
            return set()
        return {each.name for each in self._path.iterdir() if each.suffix not in (_PART, _OPEN)}

    def clear(self, older_than: float) -> None:
        """Removes what a process left open, or half written, that died so many seconds ago or more."""
        if not self._path.is_dir():
            return
        for each in self._path.iterdir():
            if each.suffix in (_PART, _OPEN):
                with suppress(FileNotFoundError):
                    if time.time() - each.stat().st_mtime > older_than:
                        each.unlink()


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _purpose(upload_id: int) -> str:
    return f"registration upload:{upload_id}"
