"""What stands behind HELP on the log-in page, and what the support desk promises."""

from dataclasses import dataclass
from enum import Enum

from resolvers.context import Context


class HelpCode(Enum):
    """The ways out that the quick reference lists behind the HELP button."""

    ACTIVATE_KEY = "ACTIVATE_KEY"
    REQUEST_KEY = "REQUEST_KEY"
    FORGOT_USERNAME = "FORGOT_USERNAME"
    FORGOT_PASSWORD = "FORGOT_PASSWORD"
    SUPPORT = "SUPPORT"


@dataclass(frozen=True, slots=True)
class HelpTopic:
    """One way out, with the words for it."""

    code: HelpCode
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class SupportDesk:
    """Where a family that is stuck writes to, and when it is answered (quick reference, page 6)."""

    email: str | None
    reply_within_school_days: int = 2


TOPICS = (
    HelpTopic(
        HelpCode.ACTIVATE_KEY,
        "I have an activation key",
        "Enter the key from your letter or e-mail, then choose a user name and a password.",
    ),
    HelpTopic(
        HelpCode.REQUEST_KEY,
        "I need an activation key",
        "Fill in the portal request form without signing it, then take it and a photo ID to your student's school "
        "and sign it there before a member of staff.",
    ),
    HelpTopic(
        HelpCode.FORGOT_USERNAME,
        "I forgot my user name",
        "We send it to the recovery e-mail address of your account.",
    ),
    HelpTopic(
        HelpCode.FORGOT_PASSWORD,
        "I forgot my password",
        "We send a link to the recovery e-mail address of your account.",
    ),
    HelpTopic(
        HelpCode.SUPPORT,
        "I need help from a person",
        "Write to the support desk with your full name, home address, phone number, your students' names and your "
        "user name. Never send your password: nobody here will ask for it. Whoever has no recovery e-mail address "
        "yet gets help here too.",
    ),
)


def support_desk(context: Context) -> SupportDesk:
    """The district's support desk."""
    return SupportDesk(context.support_email)
