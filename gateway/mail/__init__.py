"""Mail on its way out: composed, handed to an SMTP server or a folder, and tried again until it is gone."""

from gateway.mail.composing import Outgoing
from gateway.mail.delivery import Mail, Undeliverable, Unreachable, mail_of
from gateway.mail.postman import Postman

__all__ = ["Mail", "Outgoing", "Postman", "Undeliverable", "Unreachable", "mail_of"]
