"""Mail on its way out: composed, and handed to an SMTP server or a folder."""

from gateway.mail.composing import Outgoing
from gateway.mail.delivery import Mail, mail_of
from gateway.mail.lane import MailLane

__all__ = ["Mail", "MailLane", "Outgoing", "mail_of"]
