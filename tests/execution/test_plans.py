"""Plans are kept beside their document: only so many, and what they take is the document's."""

from typing import Any

from gateway.execution.compiled import VARIANTS, CompiledEngine
from gateway.execution.documents import Documents, GraphQLRequest
from gateway.execution.operations import Answer
from gateway.execution.plan import PER_FIELD
from gateway.limits import Limits
from tests.execution.batching import Context, cursor, fetch
from tests.execution.misbehaving import schema

CONDITIONS = [f"c{n}" for n in range(5)]
MANY = (
    f"query ({', '.join(f'${name}: Boolean!' for name in CONDITIONS)}) {{ "
    + " ".join(f'{name}: hello(name: "{name}") @include(if: ${name})' for name in CONDITIONS)
    + " __typename }"
)


def _engine(**limits: Any) -> CompiledEngine:
    return CompiledEngine(schema, Limits(**limits), fetch=fetch, cursor=cursor)


async def _ask(engine: CompiledEngine, text: str, **variables: Any) -> Answer:
    prepared = engine.prepare(GraphQLRequest(text, variables=variables))
    assert not prepared.errors
    return await engine.execute(prepared, Context())


async def test_a_document_has_a_plan_for_so_many_settings_of_its_conditions_and_graphql_core_for_the_rest() -> None:
    engine = _engine()
    for _ in range(2):
        for setting in range(2 ** len(CONDITIONS)):
            on = {name: bool(setting >> n & 1) for n, name in enumerate(CONDITIONS)}
            answer = await _ask(engine, MANY, **on)
            expected: dict[str, Any] = {name: f"{name}None" for name in CONDITIONS if on[name]}
            assert answer.data == {**expected, "__typename": "Query"}
    assert engine.runs == {"compiled": 2 * VARIANTS, "graphql-core": 2 * (2 ** len(CONDITIONS) - VARIANTS)}


async def test_a_plan_counts_as_its_documents_bytes() -> None:
    engine = _engine()
    text = "{ box { id inner { id num } } }"
    engine.prepare(GraphQLRequest(text))
    before = engine.documents.bytes
    for _ in range(3):
        await _ask(engine, text)
    # box, its id and inner, and the two of inner, planned once.
    assert engine.documents.bytes == before + 5 * PER_FIELD


async def test_a_field_of_an_interface_counts_for_each_type_it_is_planned_for() -> None:
    engine = _engine()
    text = '{ node(id: "a") { id } }'
    engine.prepare(GraphQLRequest(text))
    before = engine.documents.bytes
    await _ask(engine, text)
    assert engine.documents.bytes == before + 3 * PER_FIELD


async def test_interfaces_within_interfaces_do_not_multiply_without_end() -> None:
    engine = _engine(depth=60)
    for depth, way in ((8, "compiled"), (16, "graphql-core")):
        inside = "id"
        for _ in range(depth):
            inside = f"again {{ {inside} }}"
        answer = await _ask(engine, f'{{ node(id: "a") {{ {inside} }} }}')
        at = answer.data["node"]
        for _ in range(depth):
            at = at["again"]
        assert at == {"id": "37"}
        assert engine.runs.pop(way) == 1
    assert engine.documents.bytes < 3_000 * PER_FIELD


async def test_plans_push_documents_out_and_go_with_them() -> None:
    engine = _engine()
    documents = Documents(schema, engine.limits, cached_bytes=30 * PER_FIELD)
    object.__setattr__(engine, "documents", documents)
    for n in range(12):
        await _ask(engine, f"{{ a{n}: box {{ id inner {{ id num }} }} }}")
        assert documents.bytes <= 30 * PER_FIELD
    assert 1 < len(documents) < 6
    kept = documents.bytes
    await _ask(engine, "{ a11: box { id inner { id num } } }")
    assert documents.bytes == kept
