"""The security of an account: how it can be recovered, and the orders that set that up."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import ID, Info

from resolvers.context import Context
from resolvers.portal.catalogue import ImageCategory
from resolvers.portal.catalogue import PreferenceImage as Drawn
from resolvers.portal.deferral import defer_security_setup
from resolvers.portal.preference_images import SetPreferenceImages, set_preference_images
from resolvers.portal.problems import Refused
from resolvers.portal.recovery_email import (
    SetRecoveryEmail,
    confirm_recovery_email,
    set_recovery_email,
    undo_recovery_email,
)
from resolvers.portal.setup import Security as State
from resolvers.portal.setup import SecurityStep
from schema.enums import described
from schema.orders import ON_AN_ACCOUNT
from schema.problems import Problems
from schema.second_factor import SecondFactor

described(
    SecurityStep,
    "SecurityStep",
    "A part of the security set-up. Read a value you do not know as a step that a newer page offers.",
    {
        SecurityStep.RECOVERY_EMAIL: "`setRecoveryEmail`, then the link that is mailed.",
        SecurityStep.PREFERENCE_IMAGES: "`setPreferenceImages`.",
    },
)
described(
    ImageCategory,
    "ImageCategory",
    "What a preference image is about. More may come.",
    {
        ImageCategory.SKY: "Weather and sky.",
        ImageCategory.LAND: "Landscapes.",
        ImageCategory.ANIMALS: "Animals.",
        ImageCategory.GARDEN: "Flowers, trees and gardening.",
        ImageCategory.KITCHEN_GARDEN: "Fruit and vegetables.",
        ImageCategory.TRAVEL: "Ways to get about.",
        ImageCategory.PASTIMES: "Pastimes.",
        ImageCategory.SPORT: "Sports.",
        ImageCategory.HOUSE: "Things about the house.",
    },
)

Token = Annotated[str, strawberry.argument(description="The token of the link: what stands behind `#` in it.")]


@strawberry.type(description="A picture of the catalogue, of which parents choose those they like and dislike.")
class PreferenceImage:
    id: ID = strawberry.field(description="Its id in the catalogue.")
    url: str = strawberry.field(description="The path of the drawing on this server, an SVG; good for ever.")
    label: str = strawberry.field(description="What it is called.")
    alt: str = strawberry.field(description="What it shows, for those who cannot see it.")
    category: ImageCategory = strawberry.field(description="What it is about.")

    @classmethod
    def of(cls, image: Drawn) -> "PreferenceImage":
        """The image as clients see it."""
        return cls(id=ID(image.id), url=image.url, label=image.label, alt=image.alt, category=image.category)


@strawberry.type(description="How the viewer's account can be recovered, and what its security set-up lacks.")
class Security:
    recovery_email: str | None = strawberry.field(
        description="The recovery address, or one that waits for its link to be opened; masked, as in `m•••@e•••.org`."
    )
    recovery_email_confirmed: bool = strawberry.field(description="Whether a recovery address holds.")
    preference_images_set: bool = strawberry.field(description="Whether preference images were chosen.")
    setup_required: bool = strawberry.field(
        description="Whether the set-up must be finished first: until then other fields fail with "
        "`SECURITY_SETUP_REQUIRED`."
    )
    missing: list[SecurityStep] = strawberry.field(description="What is still to be done.")
    second_factor: SecondFactor = strawberry.field(description="How the second factor stands.")
    deferrals_left: int = strawberry.field(
        description="How often `deferSecuritySetup` can still put it off; 0 where the district does not allow that."
    )

    @classmethod
    def of(cls, state: State) -> "Security":
        """The state as clients see it."""
        return cls(
            recovery_email=state.recovery_email,
            recovery_email_confirmed=state.recovery_email_confirmed,
            preference_images_set=state.preference_images_set,
            setup_required=state.setup_required,
            missing=list(state.missing),
            deferrals_left=state.deferrals_left,
            second_factor=SecondFactor(
                enabled=state.second_factor.enabled, recovery_codes_left=state.second_factor.recovery_codes_left
            ),
        )


@strawberry.input(description="Where mail about the account goes when its holder is locked out.")
class RecoveryEmailInput:
    current_password: str = strawberry.field(description="The current password, exactly.")
    email: str = strawberry.field(description="The address; a link is mailed to it.")

    def __repr__(self) -> str:
        return "RecoveryEmailInput()"


@strawberry.input(description="Eight images that the holder likes, and eight others that they dislike.")
class PreferenceImagesInput:
    current_password: str = strawberry.field(description="The current password, exactly.")
    liked: list[ID] = strawberry.field(description="The ids of eight images that are liked.")
    disliked: list[ID] = strawberry.field(description="The ids of eight others that are disliked.")

    def __repr__(self) -> str:
        return "PreferenceImagesInput()"


@strawberry.type(description="A link was mailed; the address holds once it is opened.")
class RecoveryEmailSuccess:
    email: str = strawberry.field(description="Where the link went, masked.")
    expires_at: datetime = strawberry.field(description="Until when the link is good: 24 hours.")


@strawberry.type(description="The address is the recovery address from now on.")
class ConfirmRecoveryEmailSuccess:
    email: str = strawberry.field(description="The address, masked.")


@strawberry.type(description="The address before is the recovery address again, and every session has ended.")
class UndoRecoveryEmailSuccess:
    email: str = strawberry.field(description="The address, masked.")
    ended_sessions: int = strawberry.field(description="How many sessions ended.")


@strawberry.type(description="The images were chosen. Nobody can read back which are liked and which are not.")
class PreferenceImagesSuccess:
    setup_finished: bool = strawberry.field(description="Whether the security set-up is finished.")


@strawberry.type(description="The security set-up is put off for this session: everything is open.")
class DeferSecuritySetupSuccess:
    deferrals_left: int = strawberry.field(description="How often it can still be put off.")


DeferSecuritySetupResult = Annotated[
    DeferSecuritySetupSuccess | Problems,
    strawberry.union("DeferSecuritySetupResult", description="That the set-up is put off, or why it is not."),
]
RecoveryEmailResult = Annotated[
    RecoveryEmailSuccess | Problems,
    strawberry.union("RecoveryEmailResult", description="That a link was mailed, or why not."),
]
ConfirmRecoveryEmailResult = Annotated[
    ConfirmRecoveryEmailSuccess | Problems,
    strawberry.union("ConfirmRecoveryEmailResult", description="That the address holds, or why not."),
]
UndoRecoveryEmailResult = Annotated[
    UndoRecoveryEmailSuccess | Problems,
    strawberry.union("UndoRecoveryEmailResult", description="That the change was taken back, or why not."),
]
PreferenceImagesResult = Annotated[
    PreferenceImagesSuccess | Problems,
    strawberry.union("PreferenceImagesResult", description="That the images were chosen, or why not."),
]


@strawberry.type(description="The orders that make an account recoverable.")
class SecurityMutations:
    @strawberry.mutation(
        metadata=ON_AN_ACCOUNT,
        description="Put the security set-up off for this session, as often as the district allows; for parents.",
    )
    async def defer_security_setup(self, info: Info[Context, None]) -> DeferSecuritySetupResult:
        done = await defer_security_setup(info.context)
        if isinstance(done, Refused):
            return Problems.of(done)
        return DeferSecuritySetupSuccess(deferrals_left=done.deferrals_left)

    @strawberry.mutation(
        description="Set the recovery address: it holds once the link that is mailed to it was opened; the one before "
        "holds until then, is told, and can undo the change for 72 hours.",
        metadata=ON_AN_ACCOUNT,
    )
    async def set_recovery_email(
        self,
        info: Info[Context, None],
        input: Annotated[RecoveryEmailInput, strawberry.argument(description="The password and the address.")],
    ) -> RecoveryEmailResult:
        done = await set_recovery_email(info.context, SetRecoveryEmail(input.current_password, input.email))
        if isinstance(done, Refused):
            return Problems.of(done)
        return RecoveryEmailSuccess(email=done.email, expires_at=done.expires_at)

    @strawberry.mutation(
        description="Confirm a recovery address by the link that was mailed to it; no session needed.",
        metadata=ON_AN_ACCOUNT,
    )
    async def confirm_recovery_email(self, info: Info[Context, None], token: Token) -> ConfirmRecoveryEmailResult:
        done = await confirm_recovery_email(info.context, token)
        return Problems.of(done) if isinstance(done, Refused) else ConfirmRecoveryEmailSuccess(email=done.email)

    @strawberry.mutation(
        description="Take a change of the recovery address back, by the link that was mailed to the one before; no "
        "session needed, and every session of the account ends.",
        metadata=ON_AN_ACCOUNT,
    )
    async def undo_recovery_email(self, info: Info[Context, None], token: Token) -> UndoRecoveryEmailResult:
        done = await undo_recovery_email(info.context, token)
        if isinstance(done, Refused):
            return Problems.of(done)
        return UndoRecoveryEmailSuccess(email=done.email, ended_sessions=done.ended_sessions)

    @strawberry.mutation(
        description="Choose the preference images: exactly eight that are liked and eight that are disliked, out of "
        "`portal.preferenceImages`, in the place of those before.",
        metadata=ON_AN_ACCOUNT,
    )
    async def set_preference_images(
        self,
        info: Info[Context, None],
        input: Annotated[PreferenceImagesInput, strawberry.argument(description="The password and the images.")],
    ) -> PreferenceImagesResult:
        order = SetPreferenceImages(input.current_password, input.liked, input.disliked)
        done = await set_preference_images(info.context, order)
        if isinstance(done, Refused):
            return Problems.of(done)
        return PreferenceImagesSuccess(setup_finished=done.setup_finished)
