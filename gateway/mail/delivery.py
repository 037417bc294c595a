"""How mail leaves the house: over SMTP, or into a folder where a developer reads it."""

import os
import secrets
from dataclasses import dataclass
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from gateway.mail.composing import Outgoing, Sender, composed
from gateway.outbox import Undeliverable, Unreachable
from gateway.settings import Settings

_SECONDS = 20.0
_PERMANENT = range(500, 600)
_PORTS = {"smtp": 587, "smtps": 465}


class Mail(Protocol):
    """Whatever takes mail from us."""

    async def send(self, mail: Outgoing) -> None:
        """Returns once the mail was taken; Unreachable where it may be later, Undeliverable where never."""
        ...


@dataclass(frozen=True, slots=True)
class SmtpMail:
    """An SMTP server, one connection a mail; encrypted, but on this machine itself."""

    host: str
    port: int
    sender: Sender
    username: str | None = None
    password: str | None = None
    implicit_tls: bool = False

    def __repr__(self) -> str:
        return f"SmtpMail({self.host}:{self.port})"

    async def send(self, mail: Outgoing) -> None:
        """Hands the mail to the server."""
        message = _composed(mail, self.sender)
        secured = not _is_loopback(self.host)
        try:
            await aiosmtplib.send(
                message,
                sender=self.sender.address,
                recipients=[mail.to_address],
                hostname=self.host,
                port=self.port,
                username=self.username,
                password=self.password,
                use_tls=self.implicit_tls,
                start_tls=secured if not self.implicit_tls else False,
                timeout=_SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            raise _failure(
                all(code in _PERMANENT for code in codes), f"The address was refused ({codes[0]})."
            ) from None
        except aiosmtplib.SMTPAuthenticationError as error:
            # Our credentials are wrong, not the mail.
            raise Unreachable(f"The server did not take our credentials ({error.code}).") from None
        except aiosmtplib.SMTPResponseException as error:
            raise _failure(error.code in _PERMANENT, f"The server answered {error.code}.") from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unreachable(f"The server cannot be reached ({type(error).__name__}).") from None


@dataclass(frozen=True, slots=True)
class FolderMail:
    """A folder that holds each mail as a file that mail programs open; for development."""

    folder: Path
    sender: Sender

    async def send(self, mail: Outgoing) -> None:
        """Writes the mail, whole or not at all; a second try writes over the first."""
        message = _composed(mail, self.sender)
        try:
            _write(self.folder / f"{mail.posted_at:%Y%m%d-%H%M%S}-{mail.id}.eml", message.as_bytes())
        except OSError as error:
            raise Unreachable(f"The folder cannot be written to ({error.strerror}).") from None


def mail_of(settings: Settings) -> Mail | None:
    """How these settings have mail leave: by the SMTP server before the folder; None where they name neither."""
    address = settings.mail_from or "homeroom@localhost"
    sender = Sender(settings.district_name, address)
    if settings.smtp_url is not None:
        parts = urlsplit(settings.smtp_url)
        return SmtpMail(
            host=parts.hostname or "",
            port=parts.port or _PORTS[parts.scheme],
            sender=sender,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            implicit_tls=parts.scheme == "smtps",
        )
    return FolderMail(settings.mail_folder, sender) if settings.mail_folder is not None else None


def _composed(mail: Outgoing, sender: Sender) -> EmailMessage:
    try:
        return composed(mail, sender)
    except ValueError:
        raise Undeliverable("The address is none of a single person.") from None


def _failure(permanent: bool, message: str) -> Unreachable | Undeliverable:
    return Undeliverable(message) if permanent else Unreachable(message)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(content)
    draft.rename(path)
