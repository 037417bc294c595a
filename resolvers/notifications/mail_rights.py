"""Whether a mail may still be sent that tells of records: the rights are asked again as it leaves."""

import orjson

from loaders.contract import Area
from loaders.portal.guardian_accounts import guardian_accounts
from loaders.portal.mail import WaitingMail
from loaders.source import Source
from resolvers.audience import Audience
from resolvers.notifications.recipients import recipients_of
from resolvers.portal.service import Portal


async def may_be_mailed(portal: Portal, source: Source, mail: WaitingMail) -> bool:
    """Whether its guardian has the right today to all that the mail tells of; so it is where it tells of no record.

    SourceDown where that cannot be known now.
    """
    if mail.concerns is None:
        return True
    accounts = [] if mail.account_id is None else await guardian_accounts(portal.writer, [mail.account_id])
    recipients = await recipients_of(portal, source, Audience(source), accounts)
    recipient = next(iter(recipients.values()), None)
    if recipient is None:
        return False
    for student_id, area in orjson.loads(mail.concerns):
        student = source.adapter.parse_key("student", student_id)
        if student is None or not recipient.may_read(student, Area(area)):
            return False
    return True
