"""Registrations as the portal store keeps them: one student for one school year, its steps and what was signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from loaders.portal.transaction import Reading, Row, Transaction


class RegistrationState(Enum):
    """How far a registration is."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    IN_REVIEW = "IN_REVIEW"
    NEEDS_CHANGES = "NEEDS_CHANGES"
    HOLD = "HOLD"
    APPROVED = "APPROVED"
    DENIED = "DENIED"
    WITHDRAWN = "WITHDRAWN"
    EXPORTED = "EXPORTED"


@dataclass(frozen=True, slots=True)
class NewRegistration:
    """A draft to be; `student_id` is None for a student whom the source does not know yet."""

    school_year: int
    school_id: str
    student_id: str | None
    guardian_id: str
    account_id: int
    form_version: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Registration:
    """A registration as it is; `guardian_id` and `account_id` are whose start it was.

    `version` counts the states that it was brought into, `form_version` is the form that it was last filled in by.
    """

    id: int
    state: RegistrationState
    school_year: int
    school_id: str
    student_id: str | None
    guardian_id: str
    account_id: int
    form_version: str
    version: int
    started_at: datetime
    changed_at: datetime
    submitted_at: datetime | None
    reason_sealed: str | None


@dataclass(frozen=True, slots=True)
class RegistrationStep:
    """A state that was reached: when, by which account (None: nobody's), and what was noted for the family."""

    id: int
    state: RegistrationState
    happened_at: datetime
    account_id: int | None
    by_staff: bool
    by_name: str | None
    note_sealed: str | None


#: The columns that make a registration.
COLUMNS = (
    "id",
    "state",
    "school_year",
    "school_id",
    "student_id",
    "guardian_id",
    "account_id",
    "form_version",
    "version",
    "started_at",
    "changed_at",
    "submitted_at",
    "reason_sealed",
)
_COLUMNS = ", ".join(COLUMNS)


async def add_registration(transaction: Transaction, new: NewRegistration) -> int:
    """Adds a draft and says its id; ConstraintBroken where the student has one for that year."""
    return await transaction.insert(
        "insert into registration (state, school_year, school_id, student_id, guardian_id, account_id, form_version, "
        "started_at, changed_at) values ('DRAFT', :school_year, :school_id, :student_id, :guardian_id, :account_id, "
        ":form_version, :started_at, :started_at) returning id",
        {
            "school_year": new.school_year,
            "school_id": new.school_id,
            "student_id": new.student_id,
            "guardian_id": new.guardian_id,
            "account_id": new.account_id,
            "form_version": new.form_version,
            "started_at": new.started_at,
        },
    )


async def registration_by_id(store: Reading, registration_id: int) -> Registration | None:
    """The registration of an id."""
    found = await store.rows(f"select {_COLUMNS} from registration where id = :id", {"id": registration_id})
    return read_registration(found[0]) if found else None


async def registration_of_student(store: Reading, student_id: str, school_year: int) -> Registration | None:
    """The one of a student for a year that was not withdrawn."""
    found = await store.rows(
        f"select {_COLUMNS} from registration where student_id = :student_id and school_year = :school_year "
        "and state <> 'WITHDRAWN'",
        {"student_id": student_id, "school_year": school_year},
    )
    return read_registration(found[0]) if found else None


async def registrations_of_students(store: Reading, students: Sequence[str]) -> list[Registration]:
    """Those of these students, the latest year first and the newest of a year."""
    if not students:
        return []
    names = {f"student{n}": student for n, student in enumerate(students)}
    listed = ", ".join(f":{name}" for name in names)
    found = await store.rows(
        f"select {_COLUMNS} from registration where student_id in ({listed}) order by school_year desc, id desc", names
    )
    return [read_registration(row) for row in found]


async def registrations_of_new_students(store: Reading, guardian_id: str) -> list[Registration]:
    """Those that a guardian started for students whom the source does not know, the latest year first."""
    found = await store.rows(
        f"select {_COLUMNS} from registration where guardian_id = :guardian_id and student_id is null "
        "order by school_year desc, id desc limit 100",
        {"guardian_id": guardian_id},
    )
    return [read_registration(row) for row in found]


async def hold_account(transaction: Transaction, account_id: int) -> None:
    """Lets no other transaction that does the same go on before this one has ended."""
    await transaction.execute("update account set username = username where id = :id", {"id": account_id})


async def touch(transaction: Transaction, registration: Registration, now: datetime) -> bool:
    """Holds a registration in the state in which it was read until the transaction ends; False where it has moved."""
    changed = await transaction.execute(
        "update registration set changed_at = :now_at where id = :id and state = :seen and version = :version",
        {
            "id": registration.id,
            "seen": registration.state,
            "version": registration.version,
            "now_at": now,
        },
    )
    return changed == 1


async def move(transaction: Transaction, registration: Registration, state: RegistrationState, now: datetime) -> bool:
    """Brings a registration into a state; False where somebody has moved it since it was read."""
    changed = await transaction.execute(
        "update registration set state = :state, version = version + 1, changed_at = :now_at "
        "where id = :id and state = :seen and version = :version",
        {
            "id": registration.id,
            "state": state,
            "seen": registration.state,
            "version": registration.version,
            "now_at": now,
        },
    )
    return changed == 1


async def set_submitted(transaction: Transaction, registration_id: int, now: datetime) -> None:
    """Notes when the family last submitted it."""
    await transaction.execute(
        "update registration set submitted_at = :now_at where id = :id", {"id": registration_id, "now_at": now}
    )


async def set_form_version(transaction: Transaction, registration_id: int, form_version: str) -> None:
    """Notes by which form it is filled in from now on."""
    await transaction.execute(
        "update registration set form_version = :form_version where id = :id",
        {"id": registration_id, "form_version": form_version},
    )


async def add_step(
    transaction: Transaction,
    registration_id: int,
    state: RegistrationState,
    now: datetime,
    account_id: int | None,
    note_sealed: str | None = None,
) -> int:
    """Writes down that a state was reached, and says the step's id."""
    return await transaction.insert(
        "insert into registration_step (registration_id, state, happened_at, account_id, note_sealed) "
        "values (:registration_id, :state, :now_at, :account_id, :note_sealed) returning id",
        {
            "registration_id": registration_id,
            "state": state,
            "now_at": now,
            "account_id": account_id,
            "note_sealed": note_sealed,
        },
    )


async def steps_of(store: Reading, registration_id: int) -> list[RegistrationStep]:
    """The states that a registration has reached, in their order."""
    found = await store.rows(
        "select step.id, step.state, step.happened_at, step.account_id, step.note_sealed, "
        "account.staff_role as staff_role, account.name as by_name from registration_step as step "
        "left join account on account.id = step.account_id where step.registration_id = :id order by step.id",
        {"id": registration_id},
    )
    return [
        RegistrationStep(
            id=row["id"],
            state=RegistrationState(row["state"]),
            happened_at=row["happened_at"],
            account_id=row["account_id"],
            by_staff=row["staff_role"] is not None,
            by_name=row["by_name"] if row["staff_role"] is not None else None,
            note_sealed=row["note_sealed"],
        )
        for row in found
    ]


def read_registration(row: Row) -> Registration:
    """The registration that stands in a row of its columns."""
    return Registration(**{**row, "state": RegistrationState(row["state"])})
