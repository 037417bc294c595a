"""The memory of answers: for the same viewer alone, while nothing changed, and never what a clock or an error made."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
import pytest_asyncio
from graphql import GraphQLObjectType, TypeInfo, TypeInfoVisitor, Visitor, get_named_type, parse, visit

from gateway.execution.compiled import CompiledEngine
from gateway.limits import Limits
from gateway.transport.answers import Answers, _identity
from gateway.transport.head import Head
from gateway.transport.protocol import Edge, Remembered
from gateway.transport.responder import Responder
from gateway.transport.responses import Response
from loaders.errors import SourceDown
from loaders.portal.roles import StaffRole
from resolvers.context import Caller, Context, Viewer
from resolvers.paging import cursor
from schema.api import schema
from schema.reading import read
from tests import documents
from tests.drawing import IN_THE_STORE, NOT_FOR_PARENTS, draw
from tests.world import TODAY, World, noon, open_world

NAMES = "{ me { name students { name } } }"
GRADES = "{ me { students { grades { percent } } } }"
#: Too deep to be drawn often.
FORMS = """{ me { registrationForms { sections { id title help shared least most fields {
  id kind label help required rules { code value } choices { value label }
  condition { section field values } } } } } }"""
NOTES = "{ me { registrations { notes { state writtenAt by section entry field text } } } }"
FOREVER = datetime.max.replace(tzinfo=UTC)
SEED = 20261123
WIDE = Limits(
    document_bytes=10**6, tokens=10**6, depth=40, aliases=10**4, root_fields=50, directives=10**4, fragments=10**4,
    fields=10**6, node_budget=10**9, overlap_budget=10**7, body_bytes=10**6,
)  # fmt: skip


@dataclass
class Gate:
    """An endpoint over a district, who is behind each token, and the clock."""

    world: World
    at: datetime = field(default_factory=lambda: noon(TODAY))
    viewers: dict[str, Viewer] = field(default_factory=dict)
    answers: Answers = field(init=False)
    engine: CompiledEngine = field(init=False)
    responder: Responder = field(init=False)
    plain: Responder = field(init=False)

    def __post_init__(self) -> None:
        self.answers = Answers(self.world.source, 2**24)
        self.engine = CompiledEngine(schema, WIDE, fetch=read, cursor=cursor)
        known = Remembered(lambda token, by_cookie: self.viewers.get(token), self.context)
        self.responder = Responder(Edge(self.engine, self.open, remembered=known, answers=self.answers))
        self.plain = Responder(Edge(self.engine, self.open, remembered=known))

    def context(self, viewer: Viewer | None, caller: Caller) -> Context:
        return Context(self.world.source, viewer, caller, portal=None, live=None, district_name="Maple Falls")

    async def open(self, caller: Caller) -> Context:
        return self.context(self.viewers.get(caller.token or ""), caller)

    def let_in(
        self, token: str, guardian: Any = None, staff: StaffRole | None = None, account: int | None = None
    ) -> None:
        number = len(self.viewers) + 1
        self.viewers[token] = Viewer(
            account or number, number, token, guardian, frozenset({staff} if staff else ()), FOREVER
        )

    async def send(
        self, document: str, token: str | None = None, *, plainly: bool = False, **variables: Any
    ) -> Response:
        responder = self.plain if plainly else self.responder
        fields = [(b"content-type", b"application/json")]
        if token is not None:
            fields.append((b"authorization", b"Bearer " + token.encode()))
        head = Head("POST", b"", fields, "127.0.0.1")
        return await _sent(responder, head, {"query": document, "variables": variables})

    async def ask(self, document: str, token: str | None = None, **variables: Any) -> Any:
        return orjson.loads((await self.send(document, token, **variables)).body)

    async def is_kept(self, document: str, token: str | None = None, **variables: Any) -> bool:
        """Whether a second asking is answered from memory."""
        await self.send(document, token, **variables)
        given = self.answers.given
        await self.send(document, token, **variables)
        return self.answers.given > given


async def _sent(responder: Responder, head: Head, members: Any) -> Response:
    found = responder.at_once(head, orjson.dumps(members))
    return found if isinstance(found, Response) else await responder.finish(found)


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    made = await open_world(Path(tmp_path_factory.mktemp("answers")) / "district.db", 60)
    yield made
    await made.recorded.reads.close()


@pytest.fixture
def gate(world: World, monkeypatch: pytest.MonkeyPatch) -> Gate:
    made = Gate(world)
    monkeypatch.setattr(world.source, "_now", lambda: made.at)
    made.let_in("mother", world.guardian("four_children"))
    made.let_in("father", world.guardian("two_schools"))
    made.let_in("office", staff=StaffRole.ADMIN)
    return made


async def test_a_repeated_question_is_answered_with_the_same_bytes_and_no_statement(gate: Gate) -> None:
    first = await gate.send(NAMES, "mother")
    sent = len(gate.world.recorded.statements)
    again = await gate.send(NAMES, "mother")
    assert again.body == first.body
    assert again.fields == first.fields
    assert len(gate.world.recorded.statements) == sent
    assert gate.answers.given == 1


async def test_no_viewer_gets_anothers_answer(gate: Gate) -> None:
    world = gate.world
    gate.let_in("second", world.guardian("four_children"))
    told: dict[str | None, list[Any]] = {}
    for _ in range(3):
        for token in ("mother", "father", "office", None, "nobody", "second"):
            told.setdefault(token, []).append(await gate.ask(NAMES, token))
    for answers in told.values():
        assert answers[0]["data"] == answers[1]["data"] == answers[2]["data"]
    assert told["mother"][0]["data"] == told["second"][0]["data"]
    assert told["mother"][0]["data"] != told["father"][0]["data"]
    codes = [told[token][2]["errors"][0]["extensions"]["code"] for token in ("office", None, "nobody")]
    assert codes == ["FORBIDDEN", "UNAUTHENTICATED", "UNAUTHENTICATED"]
    assert len(gate.answers) == 3


async def test_the_user_name_is_the_accounts_own_although_the_guardian_is_the_same(gate: Gate) -> None:
    guardian = gate.world.guardian("four_children")
    gate.let_in("other", guardian)
    gate.let_in("renamed", guardian, account=gate.viewers["mother"].account_id)
    for _ in range(2):
        for token in ("mother", "other", "renamed"):
            assert (await gate.ask("{ me { username } }", token))["data"]["me"]["username"] == token


def test_all_that_a_viewer_is_tells_answers_apart_but_the_session() -> None:
    viewer = Viewer(1, 1, "ana", 7, frozenset(), FOREVER)
    for each in fields(Viewer):
        value = getattr(viewer, each.name)
        changed: dict[str, Any] = {each.name: not value if isinstance(value, bool) else ("another", value)}
        apart = _identity(replace(viewer, **changed)) != _identity(viewer)
        assert apart == (each.name not in ("session_id", "expires_at"))
    assert _identity(None) != _identity(viewer)


async def test_whoever_has_logged_out_gets_nothing(gate: Gate) -> None:
    assert await gate.is_kept(NAMES, "mother")
    del gate.viewers["mother"]
    assert (await gate.ask(NAMES, "mother"))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_right_that_ends_at_midnight_ends_in_memory_too(gate: Gate) -> None:
    gate.let_in("uncle", gate.world.guardian("last_day_right"))
    gate.at = datetime(2026, 11, 24, 4, 59, 59, tzinfo=UTC)
    assert await gate.is_kept(NAMES, "uncle")
    assert [s["name"] for s in (await gate.ask(NAMES, "uncle"))["data"]["me"]["students"]] == ["Tessa Lane"]
    gate.at += timedelta(seconds=1)
    assert gate.world.source.today() == date(2026, 11, 24)
    assert (await gate.ask(NAMES, "uncle"))["data"]["me"]["students"] == []
    gate.at -= timedelta(seconds=1)
    assert len((await gate.ask(NAMES, "uncle"))["data"]["me"]["students"]) == 1


async def test_a_change_is_seen_by_the_very_next_request(gate: Gate) -> None:
    student = gate.world.student("four_children")
    ((old,),) = gate.world.rows("select given_name from student where id = ?", student)
    assert await gate.is_kept("{ me { students { givenName } } }", "mother")
    try:
        for name in ("Anew", "Other", old):
            gate.world.change("update student set given_name = ? where id = ?", name, student)
            students = (await gate.ask("{ me { students { givenName } } }", "mother"))["data"]["me"]["students"]
            assert name in [each["givenName"] for each in students]
    finally:
        gate.world.change("update student set given_name = ? where id = ?", old, student)


async def test_what_changes_while_it_is_read_is_not_given_again(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    student = gate.world.student("four_children")
    fetch = gate.world.recorded.fetch

    async def slow(*given: Any, **named: Any) -> Any:
        rows = await fetch(*given, **named)
        gate.world.change(more, student)
        return rows

    more = "update student set given_name = given_name || '!' where id = ?"
    gate.world.change(more, student)  # so that the rows are read, and not remembered
    monkeypatch.setattr(gate.world.recorded, "fetch", slow)
    await gate.send("{ me { students { givenName } } }", "mother")
    monkeypatch.undo()
    given = gate.answers.given
    names = [
        s["givenName"]
        for s in (await gate.ask("{ me { students { givenName } } }", "mother"))["data"]["me"]["students"]
    ]
    assert gate.answers.given == given
    assert [name for name in names if name.endswith("!!")]
    gate.world.change("update student set given_name = rtrim(given_name, '!') where id = ?", student)


async def test_a_mark_is_shared_in_one_turn_of_the_loop_and_only_by_those_who_may(gate: Gate) -> None:
    student = gate.world.student("four_children")
    ((old,),) = gate.world.rows("select given_name from student where id = ?", student)
    first = gate.answers.mark(shared=True)
    gate.world.change("update student set given_name = 'Anew' where id = ?", student)
    try:
        assert gate.answers.mark(shared=True) == first
        assert gate.answers.mark() != first
        await asyncio.sleep(0)
        assert gate.answers.mark(shared=True) != first
    finally:
        gate.world.change("update student set given_name = ? where id = ?", old, student)


async def test_variables_and_operations_are_told_apart(gate: Gate) -> None:
    text = (
        "query A($n: Int) { me { messages(first: $n) { totalCount } students { grades { percent } } } } "
        "query B($with: Boolean!) { me { name students @include(if: $with) { name } } }"
    )
    for _ in range(2):
        for with_ in (True, False):
            members = {"query": text, "operationName": "B", "variables": {"with": with_}}
            head = Head("POST", b"", [(b"content-type", b"application/json"), (b"authorization", b"Bearer mother")], "")
            answer = orjson.loads((await _sent(gate.responder, head, members)).body)
            assert ("students" in answer["data"]["me"]) is with_


@pytest.mark.parametrize(
    ("document", "token"),
    [
        (NAMES, None),
        (NAMES, "office"),
        ('{ me { name } nodes(ids: ["x"]) { id } }', "mother"),
        ("{ portal { districtName } }", "mother"),
        ("{ __schema { queryType { name } } }", "mother"),
        ("{ me { name students { areas { area asOf } } } }", "mother"),
        ("{ me { name students @skip(if: false) { nothing } } }", "mother"),
    ],
)
async def test_what_is_an_error_or_asks_anything_but_the_source_is_never_kept(
    gate: Gate, document: str, token: str | None
) -> None:
    assert not await gate.is_kept(document, token)
    assert len(gate.answers) == 0


async def test_an_answer_with_an_error_in_it_is_not_kept(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*given: Any, **named: Any) -> Any:
        raise SourceDown("The database is away.")

    gate.let_in("new", gate.world.guardian("twins"))
    with monkeypatch.context() as patched:
        patched.setattr(gate.world.recorded, "fetch", away)
        assert "errors" in await gate.ask(NAMES, "new")
        assert len(gate.answers) == 0
    assert "errors" not in await gate.ask(NAMES, "new")


async def test_nothing_stale_is_kept_although_the_source_comes_back(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = "{ me { name students { name courses { title } } } }"
    whole = await gate.ask(asked, "mother")
    gate.answers._kept.clear()
    fetch, calls = gate.world.recorded.fetch, 0

    async def away_at_first(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls <= 2:
            raise SourceDown("The database is locked.")
        return await fetch(*given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(gate.world.recorded, "fetch", away_at_first)
        while calls <= 2:
            await gate.ask(asked, "mother")
    assert await gate.ask(asked, "mother") == whole
    assert await gate.ask(asked, "mother") == whole


async def test_messages_are_given_again_until_the_next_one_is_to_be_seen(gate: Gate) -> None:
    text = "{ me { messages(first: 3) { nodes { subject } } } }"
    gate.world.change("delete from message where sent_at > ?", f"{gate.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    gate.world.change(
        "insert into message (id, scope, subject, body, sent_at)"
        " select max(id) + 1, 'DISTRICT', 'Snow day', 'No school.', ? from message",
        f"{(gate.at + timedelta(seconds=60)).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    )
    await gate.send(text, "mother")
    gate.at += timedelta(seconds=59)
    await gate.send(text, "mother")
    assert gate.answers.given == 1
    gate.at += timedelta(seconds=1)
    await gate.send(text, "mother")
    assert gate.answers.given == 1


async def test_memory_is_bounded_by_bytes(gate: Gate) -> None:
    little = Answers(gate.world.source, 20_000)
    known = Remembered(lambda token, by_cookie: gate.viewers.get(token), gate.context)
    gate.answers, gate.responder = little, Responder(Edge(gate.engine, gate.open, remembered=known, answers=little))
    for number in range(100):
        await gate.send(f"query Q{number} {{ me {{ name students {{ name }} }} }}", "mother")
        assert little._kept.bytes <= 20_000
    assert 10 < len(little) < 40


class _Seen(Visitor):
    def __init__(self, info: TypeInfo, seen: set[str]) -> None:
        super().__init__()
        self.info = info
        self.seen = seen

    def enter_field(self, node: Any, *_: Any) -> None:
        parent = self.info.get_parent_type()
        if parent is not None:
            self.seen.add(f"{parent.name}.{node.name.value}")


async def test_for_every_field_an_answer_from_memory_equals_the_one_computed(gate: Gate) -> None:
    """A law: whatever is asked, by whomever, at whatever time of the day, memory changes nothing."""
    random, seen = Random(SEED), set[str]()
    world = gate.world
    texts = await _texts(gate)
    asked: list[tuple[str, dict[str, Any]]] = [(text, {}) for text in (*documents.ALL.values(), FORMS, NOTES)]
    asked += [draw(schema._schema, SEED + number, texts) for number in range(270)]
    for text, variables in asked:
        token = random.choice(["mother", "mother", "father", "office", None])
        gate.at = noon(TODAY) + timedelta(seconds=random.randrange(30_000))
        first = await gate.send(text, token, **variables)
        gate.at += timedelta(seconds=random.choice([0, 2, 3600]))
        again = orjson.loads((await gate.send(text, token, **variables)).body)
        computed = orjson.loads((await gate.send(text, token, plainly=True, **variables)).body)
        assert again.get("data") == computed.get("data"), f"{text} {variables} {token}"
        if "errors" not in computed and first.status == 200:
            document = parse(text)
            info = TypeInfo(schema._schema)
            visit(document, TypeInfoVisitor(info, _Seen(info, seen)))
    assert gate.answers.given > 20
    assert {name for name in _read_fields() if name not in seen} == set()
    assert world.source.mark() is not None


async def _texts(gate: Gate) -> dict[str, list[str]]:
    data = (await gate.ask(documents.GRADEBOOK, "mother"))["data"]
    students = data["me"]["students"]
    courses = [course for student in students for course in student["courses"]]
    every = [*(s["id"] for s in students), *(c["id"] for c in courses), *(c["term"]["id"] for c in courses)]
    return {
        "id": every,
        "ids": every,
        "termId": [c["term"]["id"] for c in courses],
        "courseIds": [c["id"] for c in courses],
        "studentIds": [s["id"] for s in students],
        "after": [c["assignments"]["pageInfo"]["endCursor"] for c in courses if c["assignments"]["totalCount"]],
        "letter": ["A", "B", "C-"],
        "Date": ["2026-09-01", "2026-11-23", "2027-01-31"],
    }


def _read_fields() -> set[str]:
    """Every field of every object that a parent's reading of the source can come to."""
    found: set[str] = set()
    query = schema._schema.query_type
    assert query is not None
    todo: list[Any] = [query]
    while todo:
        of = todo.pop()
        for possible in (of,) if isinstance(of, GraphQLObjectType) else schema._schema.get_possible_types(of):
            for name, each in possible.fields.items():
                if name in IN_THE_STORE.get(possible.name, ()):
                    continue
                if f"{possible.name}.{name}" not in found and (of is not query or name not in NOT_FOR_PARENTS):
                    found.add(f"{possible.name}.{name}")
                    inner = get_named_type(each.type)
                    if hasattr(inner, "fields") or hasattr(inner, "types"):
                        todo.append(inner)
    return found
