"""The school office in the tests: a session in the role OFFICE with a second factor, and requests on their way."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from strawberry.types import ExecutionResult

from gateway.letters import LetterWriter
from loaders.contract import GradeLevel, RelationshipKind
from loaders.portal.portal_requests import KeyDelivery, PhotoIdKind
from loaders.portal.roles import StaffRole
from loaders.source import Source
from resolvers.context import Caller, Context
from resolvers.portal.account_creation import OpenAccount, open_account
from resolvers.portal.activation_key import issue
from resolvers.portal.identity_check import IdentityCheck, record_identity_check
from resolvers.portal.portal_request import RequestAndSteps, SubmitPortalRequest, submit_portal_request
from schema.api import schema
from tests.portal import House

#: A guardian of the made district with an e-mail address, one with two students, and one who reads Spanish.
DANA, MARISOL, PALOMA = "3", "1", "15"
ADDRESS = "198.51.100.7"
PASSWORD = "Quiet-river-9"


def form(**changes: Any) -> SubmitPortalRequest:
    """A form that is filled in as it should be."""
    given = {
        "name": "Dana Porter",
        "relationship": RelationshipKind.MOTHER,
        "students": [("Kit Porter", "Maple Falls Elementary", GradeLevel.G03)],
        "home_address": "12 Elm Street\nMaple Falls, MO 65101",
        "phone": "573-555-0142",
        "email": "dana@families.example",
        "delivery": KeyDelivery.EMAIL,
        "language": "en",
    }
    return SubmitPortalRequest(**{**given, **changes})


def nobody(house: House, source: Source, address: str = ADDRESS) -> Context:
    """An operation without a session."""
    return Context(source, None, Caller(address=address), house.portal, None)


async def office(house: House, source: Source, *roles: StaffRole, proven: bool = True) -> Context:
    """An operation of a member of staff: of the office where no role is named."""
    name = f"desk{await house.count('select count(*) as n from account')}"
    await house.staff(name, *(roles or (StaffRole.OFFICE,)))
    session = await house.mobile(name)
    if proven:
        await house.prove(session)
    return await house.context(source, session, "198.51.100.20")


async def submitted(house: House, source: Source, **changes: Any) -> str:
    """The reference of a request that was sent."""
    done = await submit_portal_request(nobody(house, source), form(**changes))
    assert isinstance(done, RequestAndSteps), done
    return done.request.reference


async def verified(house: House, desk: Context, guardian: str = DANA, **changes: Any) -> str:
    """The reference of a request whose identity was checked."""
    reference = await submitted(house, desk.source, **changes)
    done = await record_identity_check(desk, IdentityCheck(reference, PhotoIdKind.PASSPORT, True, guardian))
    assert isinstance(done, RequestAndSteps), done
    return reference


async def issued(house: House, guardian: str = DANA) -> str:
    """A living key of a guardian, as it is shown."""
    by = (await house.writer.rows("select min(id) as id from account where staff_role is not null"))[0]["id"]
    if by is None:
        by = await house.staff("issuer", StaffRole.OFFICE)
    async with house.writer.transaction() as transaction:
        return (await issue(house.portal, transaction, guardian, issued_by=by, address="")).key


async def opened(house: House, source: Source, key: str, username: str = "harbor") -> Any:
    """What it answers to make an account with a key."""
    return await open_account(nobody(house, source), OpenAccount(key, username, PASSWORD))


async def ask(context: Context, document: str, **variables: Any) -> ExecutionResult:
    """The answer to a document."""
    answer = await schema.execute(document, variable_values=variables, context_value=context)
    assert isinstance(answer, ExecutionResult)
    return answer


async def everything(house: House) -> dict[str, list[dict[str, Any]]]:
    """All that stands in the tables of the activation, and in the outbox."""
    tables = ("account", "portal_request", "portal_request_step", "activation_key", "letter_job", "mail")
    return {name: [dict(row) for row in await house.writer.rows(f"select * from {name} order by 1")] for name in tables}


async def written(house: House, source: Source) -> int:
    """Lets the writer of letters do all that is ordered; how many jobs ended."""
    return await LetterWriter(house.portal, source).write_ordered()


def bytes_of(folder: Path) -> bytes:
    """All that a SQLite store holds on disk."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("portal.sqlite*")))


def in_store(path: Path, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """What a statement answers in another process's store, committed."""
    with closing(sqlite3.connect(path, timeout=10)) as store, store:
        return store.execute(sql, values).fetchall()


MONTH = timedelta(days=30)
