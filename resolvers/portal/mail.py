"""Mail that an order sends: written into the outbox in the order's own transaction, so that it goes if that is done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from loaders.portal.mail import NewMail, add_mail
from loaders.portal.transaction import Transaction
from resolvers.portal.service import Portal
from resolvers.portal.wording import worded

#: What mails are sealed for in the outbox.
SEALED_FOR = "mail"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to one person: which, to what address, in what language, and what its template names.

    `values` may hold a link that opens something, so they are in no representation. After `worthless_at` it is not
    sent any more.
    """

    template: str
    to_address: str
    language: str
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    account_id: int | None = None
    worthless_at: datetime | None = None


async def post(portal: Portal, transaction: Transaction, letter: Letter) -> int:
    """Puts the letter into the outbox and says its id; set `portal.mail_posted` once the transaction is committed.

    Every template may name `$district`, `$portal` (its address) and `$support` (the desk's).
    """
    head = portal.letterhead
    general = {
        "district": head.district_name,
        "portal": head.portal_url,
        "support": head.support_email or head.portal_url or head.district_name,
    }
    words = worded(letter.template, letter.language, {**general, **letter.values})
    return await add_mail(
        transaction,
        NewMail(
            account_id=letter.account_id,
            template=letter.template,
            language=letter.language,
            to_address=letter.to_address,
            subject=words.subject,
            text_sealed=portal.sealer.seal(SEALED_FOR, words.text),
            html_sealed=None,
            posted_at=portal.instant(),
            worthless_at=letter.worthless_at,
        ),
    )
