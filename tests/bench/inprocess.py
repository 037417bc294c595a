"""What an answer costs inside the process, without a socket: engine, statements and JSON, in µs of CPU.

python -m tests.bench.inprocess DISTRICT.db [profile q3]: the kit's district (tests/bench/peers), its three queries, the
answers of many guardians in turn; computed with nothing shared, then with what students share in memory.
"""

import asyncio
import cProfile
import pstats
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from gateway.clock import clock
from gateway.execution.compiled import CompiledEngine
from gateway.execution.documents import GraphQLRequest
from gateway.execution.operations import Answer
from loaders.adapter import load_adapter
from loaders.check import describe
from loaders.database import Readers
from loaders.relations import Relations
from loaders.source import Source
from resolvers.context import Caller, Context, Viewer
from resolvers.paging import cursor
from schema.api import schema
from schema.reading import Hurry, read

PEERS = Path(__file__).parent / "peers"
TODAY = datetime(2025, 4, 25, tzinfo=UTC).date()
GUARDIANS = 200
SECONDS = 2.0
ROUND = 20


async def main(file: str, profiled: str | None) -> None:
    """Ask every query of many guardians, and print what an answer took."""
    readers = await Readers.open(f"sqlite:///{file}")
    adapter = load_adapter(str(PEERS / "adapter"))
    relations = Relations(adapter, readers.dialect, await describe(adapter, readers))
    engine = CompiledEngine(schema, fetch=read, cursor=cursor, hurry=Hurry())
    for shared in (0, 200_000):
        source = Source(relations, readers, clock(TODAY, adapter.time_zone), shared_rows=shared)
        for name in ("q1", "q2", "q3"):
            request = GraphQLRequest((PEERS / f"{name}.graphql").read_text())
            await _asked(engine, source, request, GUARDIANS)
            if profiled == name:
                profile = cProfile.Profile()
                profile.enable()
                await _asked(engine, source, request, 2 * GUARDIANS)
                profile.disable()
                pstats.Stats(profile).sort_stats("tottime").print_stats(35)
            taken, size = await _asked(engine, source, request, GUARDIANS)
            # Whatever else the machine does only adds: the best of many short rounds comes nearest to the truth.
            rounds = max(5, int(SECONDS * 1e6 / taken / ROUND))
            best = min([(await _asked(engine, source, request, ROUND))[0] for _ in range(rounds)])
            print(
                f"{name} {'shared' if shared else 'computed':9} {best:8.1f} µs  {size:8,.0f} bytes  {dict(engine.runs)}"
            )
            engine.runs.clear()
    await readers.close()


async def _asked(
    engine: CompiledEngine, source: Source, request: GraphQLRequest, guardians: int
) -> tuple[float, float]:
    """CPU in µs and bytes of one answer, the mean of as many guardians."""
    never = datetime.max.replace(tzinfo=UTC)
    size = 0
    began = time.process_time()
    for guardian in range(1, guardians + 1):
        viewer = Viewer(1, 1, "x", guardian, frozenset(), never)
        context = Context(source, viewer, Caller(), None, None)
        prepared: Any = engine.prepare(request)
        given = engine.at_once(prepared, context)
        answer = given if isinstance(given, Answer) else await engine.execute(prepared, context)
        if answer.errors:
            raise AssertionError(answer.errors)
        size += len(orjson.dumps({"data": answer.data}))
    return (time.process_time() - began) / guardians * 1e6, size / guardians


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[3] if len(sys.argv) > 3 else None))
