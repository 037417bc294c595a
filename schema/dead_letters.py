"""Dead letters: mail and pushes that were given up, for those who look after the portal."""

import datetime
from typing import Annotated

import strawberry
from strawberry import ID, Info

from loaders.portal.dead_letters import LetterKind
from resolvers.context import Context
from resolvers.portal import dead_letters
from resolvers.portal.dead_letters import MOST_REPLAYED, ShownLetter
from schema.batching import After, First
from schema.connections import Connection
from schema.enums import described
from schema.listings import connection
from schema.problems import Problems

described(
    LetterKind,
    "LetterKind",
    "What was to be delivered.",
    {
        LetterKind.MAIL: "A mail.",
        LetterKind.PUSH: "A notice to a device.",
    },
)


@strawberry.type(description="A letter that was given up. What it says, and to what address it goes, is told nobody.")
class DeadLetter:
    id: ID = strawberry.field(description="Opaque; what `replayDeadLetters` takes.")
    kind: LetterKind = strawberry.field(description="What it is.")
    about: str = strawberry.field(
        description="Of a mail its template, of a push the area of the record that it tells of, or `NOTICE`."
    )
    username: str | None = strawberry.field(
        description="The user name of whose letter it is; null where it was for nobody with an account."
    )
    reason: str = strawberry.field(description="What happened at the last try, without addresses.")
    tries: int = strawberry.field(description="How often it was tried.")
    posted_at: datetime.datetime = strawberry.field(description="When it was ordered.")
    died_at: datetime.datetime = strawberry.field(description="When it was given up; it is forgotten 30 days later.")
    replayable: bool = strawberry.field(description="Whether it can be tried again: until nobody needs it any more.")

    @classmethod
    def of(cls, letter: ShownLetter) -> "DeadLetter":
        """The letter as the desk sees it."""
        return cls(
            id=ID(letter.id),
            kind=letter.kind,
            about=letter.about,
            username=letter.username,
            reason=letter.reason,
            tries=letter.tries,
            posted_at=letter.posted_at,
            died_at=letter.died_at,
            replayable=letter.replayable,
        )


@strawberry.type(description="The dead letters on the desk.")
class DeadLetterDesk:
    @strawberry.field(
        description="Mail and pushes that were given up, the latest first. For ADMIN; whose letters they are reads in "
        "the access log that they were looked at."
    )
    async def dead_letters(
        self,
        info: Info[Context, None],
        kind: Annotated[LetterKind | None, strawberry.argument(description="Only of this kind; all without.")] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[DeadLetter] | None:
        page = await dead_letters.list_dead_letters(info.context, kind, first, after)
        return connection(page, DeadLetter.of, lambda: dead_letters.count_letters(info.context, kind))


@strawberry.type(description="Dead letters are tried again.")
class ReplayDeadLettersSuccess:
    replayed: list[ID] = strawberry.field(description="Those that are tried again, and are dead letters no more.")
    passed_over: list[ID] = strawberry.field(
        description="Those that are not: unknown, tried again already, or needed by nobody any more."
    )


ReplayDeadLettersResult = Annotated[
    ReplayDeadLettersSuccess | Problems,
    strawberry.union("ReplayDeadLettersResult", description="What became of the letters."),
]


@strawberry.type(description="The orders on dead letters.")
class DeadLetterMutations:
    @strawberry.mutation(
        description="Have dead letters tried again, from the first try on. For ADMIN. The rights to what a push tells "
        "of are asked again as it leaves."
    )
    async def replay_dead_letters(
        self,
        info: Info[Context, None],
        ids: Annotated[
            list[ID],
            strawberry.argument(description=f"The letters, {MOST_REPLAYED} at the most; others stay as they are."),
        ],
    ) -> ReplayDeadLettersResult:
        done = await dead_letters.replay_dead_letters(info.context, ids)
        return ReplayDeadLettersSuccess(
            replayed=[ID(id) for id in done.replayed], passed_over=[ID(id) for id in done.passed_over]
        )
