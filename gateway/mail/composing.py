"""A mail as RFC 5322 writes it: from the district to one address, never to several."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A mail that leaves: `id` stays the same over every try, so that a second copy can be told for one."""

    id: int
    to_address: str
    subject: str
    text: str = field(repr=False)
    html: str | None = field(repr=False)
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: the district's name and its address for mail."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """What stands behind the at sign."""
        return self.address.rpartition("@")[2]


def composed(mail: Outgoing, sender: Sender) -> EmailMessage:
    """The message; ValueError where the address cannot be one of a single person."""
    message = EmailMessage()
    message["From"] = Address(sender.name, addr_spec=sender.address)
    message["To"] = Address(addr_spec=_single(mail.to_address))
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.posted_at)
    message["Message-ID"] = f"<homeroom.{mail.id}.{int(mail.posted_at.timestamp())}@{sender.domain}>"
    # Answering machines leave such mail alone (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html")
    return message


def _single(address: str) -> str:
    """The address alone: a comma or a line in it would address somebody else too."""
    if not re.fullmatch(r"[^\s@,;:<>\"()\[\]]{1,64}@[^\s@,;:<>\"()]{1,255}", address):
        raise ValueError("That is not the address of one person.")
    return address
