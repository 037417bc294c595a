"""No secret can be selected: by no name in the schema, and in no answer, log line or mail of a store full of them."""

import logging
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
import pytest_asyncio
from graphql import GraphQLInterfaceType, GraphQLObjectType, get_named_type, is_leaf_type, is_required_argument
from strawberry.types import ExecutionResult

from loaders.portal.roles import StaffRole
from resolvers.context import Caller, Context
from schema.api import schema
from tests.drawing import Drawing
from tests.portal import House, empty_place, open_house
from tests.world import World, open_world

NAMED = re.compile(
    r"password|hash|token|secret|key(?!s?$)|tag|sealed|disliked|liked|salt|pepper|otpauth|recoverycodes", re.I
)
#: Fields that are named like a secret, and why each may be there.
ALLOWED = {
    "SessionTokens.accessToken": "told once, to the app that has just logged in",
    "SessionTokens.refreshToken": "told once, to the app that has just logged in",
    "Portal.passwordPolicy": "the rules, which everybody may know",
    "BeginSecondFactorSuccess.secret": "told once, to the session that sets it up with the password",
    "BeginSecondFactorSuccess.otpauthUri": "the same secret, as an app reads it",
    "ConfirmSecondFactorSuccess.recoveryCodes": "told once, when the second factor is confirmed",
    "SecondFactor.recoveryCodesLeft": "how many, not which",
    "ProveSecondFactorSuccess.recoveryCodesLeft": "how many, not which",
}
#: Columns whose values open something or must be readable by nobody, by table.
SECRET = re.compile(r"(_hash|_sealed|^tag|^salt|^shown|password_hash)$|^tag$|^salt$|^shown$")


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students."""
    made = await open_world(Path(tmp_path_factory.mktemp("secrets")) / "district.db", 25)
    yield made
    await made.recorded.reads.close()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place("sqlite", tmp_path) as url, open_house(url) as house:
        yield house


def fields() -> Iterator[str]:
    """Every field of every object type but the roots, reachable or not."""
    roots = {"Query", "Mutation", "Subscription"}
    for type_ in schema._schema.type_map.values():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) and type_.name not in roots:
            yield from (f"{type_.name}.{name}" for name in type_.fields if not name.startswith("__"))


def test_no_field_is_named_like_a_secret_but_those_that_must_be() -> None:
    named = {place for place in fields() if NAMED.search(place.partition(".")[2])}
    assert named <= set(ALLOWED), named - set(ALLOWED)


def test_every_exception_is_still_needed() -> None:
    assert set(ALLOWED) - set(fields()) == set()


async def marked(house: House) -> set[str]:
    """A row in every table of the store, every text in it that is a secret being a mark of its own; the marks."""
    marks: set[str] = set()
    names = await house.writer.rows("select name from sqlite_master where type = 'table' and name not like 'sqlite%'")
    skipped = {"audit", "portal_revision", "account", "session"}
    async with house.writer.transaction() as transaction:
        await transaction.execute("pragma defer_foreign_keys = on")
        for table in sorted(row["name"] for row in names if row["name"] not in skipped):
            columns = await transaction.rows(
                f"select name, type, \"notnull\" as needed, pk from pragma_table_info('{table}')"
            )
            owners: dict[str, dict[str, Any]] = {"access_log": {"account_id": 1}, "change": {"student_id": "1"}}
            values: dict[str, Any] = dict(owners.get(table, {}))
            for column in columns:
                name = column["name"]
                if SECRET.search(name):
                    values[name] = mark = f"mark{len(marks):04}of{table}"
                    marks.add(mark)
                elif column["needed"] and name != "id":
                    values[name] = _plain(table, name, column["type"])
            names_ = ", ".join(values)
            places = ", ".join(f":{name}" for name in values)
            await transaction.execute(f"insert into {table} ({names_}) values ({places})", values)
    return marks


def _plain(table: str, name: str, type_: str) -> Any:
    """A value that fits, for the columns that are no secret."""
    known = {
        "state": {
            "letter_job": "DONE",
            "mail": "WAITING",
            "notice": "WAITING",
            "push": "WAITING",
            "support_request": "NEW",
            "portal_request": "SUBMITTED",
            "posted_message": "SENT",
            "registration_upload": "EXPECTED",
        },
        "scope": {"posted_message": "DISTRICT"},
        "delivery": {"portal_request": "POST"},
        "kind": {"recovery_attempt": "LINK", "eligibility": "CONSENT", "dead_letter": "MAIL"},
        "platform": {"push_device": "FCM"},
        "reason": {"access_block": "COURT_ORDER", "area_switch": "SUMMER"},
        "area": {"area_switch": "GRADES"},
    }
    if table in known.get(name, {}):
        return known[name][table]
    if name.endswith("_step") or name == "state":
        return "NEW" if "support" in table else "SUBMITTED"
    if name.endswith("_at"):
        return "2026-11-23T12:00:00.000000Z"
    if name.endswith("_on"):
        return "2026-11-25"
    if name == "students":
        return "[]"
    return 1 if "INT" in type_.upper() else "plain"


def every_field(type_: Any, depth: int, drawing: Drawing) -> str:
    """A selection of everything below a type, as deep as is of any use."""
    parts = ["__typename"]
    for name, each in type_.fields.items():
        given = {
            key: drawing.value(key, argument.type)
            for key, argument in each.args.items()
            if is_required_argument(argument)
        }
        arguments = f"({', '.join(f'{key}: {value}' for key, value in given.items())})" if given else ""
        inner = get_named_type(each.type)
        if is_leaf_type(inner):
            parts.append(f"{name}{arguments}")
        elif depth > 0 and hasattr(inner, "fields"):
            parts.append(f"{name}{arguments} {every_field(inner, depth - 1, drawing)}")
    return "{ " + " ".join(parts) + " }"


async def test_in_a_store_full_of_marks_no_answer_log_line_or_mail_holds_one(
    house: House, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await house.account("marisol", str(world.guardian("parent")))
    await house.staff("everything", *StaffRole)
    parent, staff = await house.mobile("marisol"), await house.mobile("everything")
    marks = await marked(house)
    await house.prove(staff)
    rows = [
        *await house.writer.rows("select token_hash, refresh_hash from session"),
        *await house.writer.rows("select password_hash from account"),
    ]
    marks |= {str(value) for row in rows for value in row.values() if value}
    marks |= {str(t) for s in (parent, staff) for t in (s.access_token, s.refresh_token)}
    assert len(marks) > 20
    drawing = Drawing(schema._schema, Random(1), {"id": ["x"], "ids": ["x"], "search": ["ma"]})
    query = schema._schema.query_type
    assert query is not None
    told = 0
    for name, each in query.fields.items():
        inner = get_named_type(each.type)
        given = {key: drawing.value(key, argument.type) for key, argument in each.args.items()}
        arguments = f"({', '.join(f'{key}: {value}' for key, value in given.items())})" if given else ""
        body = "{ __typename }" if not isinstance(inner, GraphQLObjectType) else every_field(inner, 4, drawing)
        for context in (
            Context(world.source, None, Caller(), house.portal, None),
            await house.context(world.source, parent),
            await house.context(world.source, staff),
        ):
            answer = await schema.execute(f"{{ {name}{arguments} {body} }}", context_value=context)
            assert isinstance(answer, ExecutionResult)
            for error in answer.errors or ():
                assert error.original_error is not None, error
            text = orjson.dumps(answer.data).decode() + repr([str(error) for error in answer.errors or ()])
            assert [mark for mark in marks if mark in text] == [], name
            told += len(text)
    assert told > 5_000
    lines = caplog.text + "".join(text for _, _, text in await _readable_mail(house))
    assert [mark for mark in marks if mark in lines] == []


async def _readable_mail(house: House) -> list[tuple[str, str, str]]:
    rows = await house.writer.rows("select to_address, subject, last_error from mail")
    return [(row["to_address"], row["subject"], str(row["last_error"])) for row in rows]
