"""Letters with activation keys: a job that is told of while it runs, and where its PDF is fetched, once."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import ID, Info, Private

from loaders.portal.letter_jobs import LetterJob as Job
from loaders.portal.letter_jobs import LetterState
from resolvers.context import Context
from resolvers.portal import letters
from resolvers.portal.guardians import schools_of
from resolvers.portal.key_delivery import order_key_letters
from resolvers.portal.problems import Refused
from schema.enums import described
from schema.problems import Problems
from schema.scalars import URL

described(
    LetterState,
    "LetterState",
    "How far a letter job is.",
    {
        LetterState.WAITING: "Others are written before it.",
        LetterState.RUNNING: "Its letters are being written.",
        LetterState.DONE: "Its letters can be fetched for a day, once.",
        LetterState.FAILED: "It was given up: order it again.",
    },
)


@strawberry.type(description="Letters with activation keys that were ordered, for one guardian or for a school.")
class LetterJob:
    job: Private[Job]
    job_id: ID = strawberry.field(description="By which `staff.letterJob` finds it again.")
    state: LetterState = strawberry.field(description="How far it is.")
    total: int = strawberry.field(
        description="How many letters were ordered; once it is done, how many there are, without those who have made "
        "an account or lost the right meanwhile."
    )
    done: int = strawberry.field(description="How many are written; told every 25.")
    ordered_at: datetime = strawberry.field(description="When it was ordered.")
    finished_at: datetime | None = strawberry.field(description="When it was done, or given up.")
    fetched_at: datetime | None = strawberry.field(description="When its letters were fetched; they are gone then.")
    error: str | None = strawberry.field(description="Why it was given up.")

    @strawberry.field(
        description="Where the viewer fetches the letters as a PDF, once, within five minutes, with the same session; "
        "null while there is nothing to fetch. Each reading gives another address."
    )
    def url(self, info: Info[Context, None]) -> URL | None:
        address = letters.address_of(info.context, self.job)
        return None if address is None else URL(address)

    @classmethod
    def of(cls, job: Job) -> "LetterJob":
        """The job as the office sees it."""
        return cls(
            job=job,
            job_id=ID(str(job.id)),
            state=job.state,
            total=job.total,
            done=job.done,
            ordered_at=job.ordered_at,
            finished_at=job.finished_at,
            fetched_at=job.fetched_at,
            error=job.error,
        )


@strawberry.input(description="For which school letters are ordered.")
class KeyLettersInput:
    school_id: ID = strawberry.field(description="The school's id: one of `staff.schools`.")


@strawberry.type(description="The letters were ordered.")
class KeyLettersSuccess:
    job: LetterJob = strawberry.field(description="The job that writes them.")


KeyLettersResult = Annotated[
    KeyLettersSuccess | Problems,
    strawberry.union("KeyLettersResult", description="The job that writes the letters, or why there is none."),
]


@strawberry.type(description="A school for which the office works.")
class OfficeSchool:
    school_id: ID = strawberry.field(description="The school's id, as `node` takes it.")
    name: str = strawberry.field(description="The school's name.")


@strawberry.type(description="The orders on letters.")
class LetterMutations:
    @strawberry.mutation(
        description="Order the letters of a school: one to each guardian who has the portal right to one of its "
        "students today and no account. Their keys that were not used yet are replaced. For OFFICE."
    )
    async def order_key_letters(
        self,
        info: Info[Context, None],
        input: Annotated[KeyLettersInput, strawberry.argument(description="For which school.")],
    ) -> KeyLettersResult:
        done = await order_key_letters(info.context, input.school_id)
        return Problems.of(done) if isinstance(done, Refused) else KeyLettersSuccess(job=LetterJob.of(done))


@strawberry.type(description="What the office does with letters.")
class LetterDesk:
    @strawberry.field(description="A letter job; null where there is none. For OFFICE.")
    async def letter_job(
        self, info: Info[Context, None], id: Annotated[ID, strawberry.argument(description="The job's `jobId`.")]
    ) -> LetterJob | None:
        found = await letters.letter_job_of(info.context, id)
        return None if found is None else LetterJob.of(found)

    @strawberry.field(description="The schools that letters can be ordered for, by name. For OFFICE.")
    async def schools(self, info: Info[Context, None]) -> list[OfficeSchool] | None:
        return [OfficeSchool(school_id=ID(each.id), name=each.name) for each in await schools_of(info.context)]
