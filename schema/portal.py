"""What a log-in page needs before anybody has logged in."""

import datetime
from typing import Annotated

import strawberry
from strawberry import Private

from resolvers import help as help_
from resolvers.context import Context
from resolvers.help import HelpCode
from resolvers.portal import catalogue
from resolvers.portal.portal_request import status_of
from resolvers.portal.push_devices import push_public_key
from resolvers.portal.school_days import SchoolDayBasis, reply_by
from schema.enums import described
from schema.portal_request_status import PortalRequestStatus
from schema.scalars import EmailAddress
from schema.security import PreferenceImage

described(
    HelpCode,
    "HelpCode",
    "A way out for somebody who cannot log in.",
    {
        HelpCode.ACTIVATE_KEY: "An account is opened with an activation key.",
        HelpCode.REQUEST_KEY: "An activation key is asked for.",
        HelpCode.FORGOT_USERNAME: "The user name is sent by e-mail.",
        HelpCode.FORGOT_PASSWORD: "A new password is set by way of e-mail.",
        HelpCode.SUPPORT: "A person helps.",
    },
)


described(
    SchoolDayBasis,
    "SchoolDayBasis",
    "By what school days are counted.",
    {
        SchoolDayBasis.CALENDAR: "The schools' calendars: a day on which any of them has school.",
        SchoolDayBasis.TERMS: "Mondays to Fridays in a term of any school: no calendar reaches so far.",
        SchoolDayBasis.WEEKDAYS: "Mondays to Fridays: no term reaches so far, or the school's records are away.",
    },
)


@strawberry.type(description="The rules a password must keep; a client draws them, the gateway checks them.")
class PasswordPolicy:
    min_length: int = strawberry.field(description="Characters at the least, after NFKC.")
    max_length: int = strawberry.field(description="Characters at the most; nothing is cut off.")
    letters: bool = strawberry.field(description="Whether a letter must be in it.")
    digits: bool = strawberry.field(description="Whether a digit must be in it.")
    special: bool = strawberry.field(description="Whether a character must be in it that is neither letter nor digit.")
    refuses_common: bool = strawberry.field(
        description="Whether a password is refused that many people have, or one much like it."
    )
    refuses_names: bool = strawberry.field(
        description="Whether a password is refused that holds the user name or a name of the family."
    )


@strawberry.type(description="A way out for somebody who cannot log in.")
class HelpTopic:
    code: HelpCode = strawberry.field(description="Which way.")
    title: str = strawberry.field(description="The words for a link.")
    text: str = strawberry.field(description="What to do.")


@strawberry.type(description="Where a family that is stuck writes to.")
class SupportDesk:
    email: EmailAddress | None = strawberry.field(description="The desk's address, where the district has given one.")
    reply_within_school_days: int = strawberry.field(description="Within how many school days it answers.")

    @strawberry.field(description="The day by which it answers whoever writes today.")
    async def reply_by(self, info: strawberry.Info[Context, None]) -> datetime.date:
        return (await reply_by(info.context)).on

    @strawberry.field(description="By what the school days until then are counted.")
    async def reply_by_basis(self, info: strawberry.Info[Context, None]) -> SchoolDayBasis:
        return (await reply_by(info.context)).basis


@strawberry.type(description="The portal as somebody sees it who has not logged in.")
class Portal:
    context: Private[Context]
    district_name: str = strawberry.field(description="The district's name.")

    @strawberry.field(description="The rules a password must keep.")
    def password_policy(self) -> PasswordPolicy:
        policy = self.context.policy
        return PasswordPolicy(
            min_length=policy.min_length,
            max_length=policy.max_length,
            letters=policy.letters,
            digits=policy.digits,
            special=policy.special,
            refuses_common=policy.refuses_common,
            refuses_names=policy.refuses_names,
        )

    @strawberry.field(description="What stands behind HELP.")
    def help(self) -> list[HelpTopic]:
        return [HelpTopic(code=topic.code, title=topic.title, text=topic.text) for topic in help_.TOPICS]

    @strawberry.field(description="The catalogue of preference images, category by category.")
    def preference_images(
        self,
        language: Annotated[
            str, strawberry.argument(description="The language of their names, by BCP 47; English where it is unknown.")
        ] = "en",
    ) -> list[PreferenceImage]:
        return [PreferenceImage.of(image) for image in catalogue.images(language)]

    @strawberry.field(
        description="The key with which a browser subscribes to push (RFC 8292), in base64url; null where web push is "
        "off."
    )
    def push_public_key(self) -> str | None:
        return push_public_key(self.context)

    @strawberry.field(description="The support desk.")
    def support_desk(self) -> SupportDesk:
        desk = help_.support_desk(self.context)
        return SupportDesk(
            email=EmailAddress(desk.email) if desk.email else None,
            reply_within_school_days=desk.reply_within_school_days,
        )

    @strawberry.field(
        description="How far a portal request is; null where there is none of this reference. Fails with "
        "`RATE_LIMITED` and `retryAfter` in seconds beyond sixty in ten minutes from one address."
    )
    async def portal_request(
        self,
        reference: Annotated[str, strawberry.argument(description="Case, spaces and dashes do not matter.")],
    ) -> PortalRequestStatus | None:
        status = await status_of(self.context, reference)
        return None if status is None else PortalRequestStatus.of(status)
