"""How the cost of an answer grows: with its leaves, the students of the district, concurrent requests, and depth.

    python -m tests.bench.growth [--out growth.svg] [--students 2000,20000,200000] [--seconds 1]

Microseconds of CPU for an answer, every answer computed, of guardians drawn from the whole district: the least of some
short rounds, for whatever else the machine does only adds. Concurrency is measured over HTTP, of the server alone. The
largest district takes some minutes to make and stays in .cache. A table is printed, a plot drawn.
"""

import argparse
import asyncio
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from gateway.execution.documents import GraphQLRequest
from loaders.adapter import load_adapter
from loaders.database import Readers
from loaders.demo import make_district
from loaders.dialect import Dialect
from loaders.relations import Relations
from loaders.source import Source
from tests.bench.peers.prepare import prepare, token
from tests.bench.plot import Line, Panel, draw
from tests.journeys.running import homeroom
from tests.world import ENGINE, TODAY, World, noon

CACHE = Path(__file__).parents[2] / ".cache" / "growth"
SMALL = 2_000
GUARDIANS = 80
ROUND = 10
LEAST_ROUNDS = 4
FIRST = (1, 2, 4, 7, 10, 15, 20)
DEPTHS = range(4, 13)
TOGETHER = (1, 4, 16, 64, 256)
REQUESTS = 400

ONE = "{ me { students { name gradeLevel } } }"
TODAYS = """{ me { name students { name gradeLevel school { name }
  courses { title period room teachers { name } grade { percent letter } }
  attendance(first: 5) { nodes { date period status } } }
  messages(first: 10) { nodes { subject sentAt read sender { name } } } } }"""
BOOK = """{ me { students { name courses { title grade { percent letter }
  assignments(first: %d) { nodes { title dueOn pointsPossible category { name weight } score { points comment } } }
} } } }"""
SIZES = {"small": ONE, "dashboard": TODAYS, "gradebook": BOOK % 20}


def nested(depth: int) -> str:
    """A document of that depth whose every level leads to one object, and so adds as many leaves as the last."""
    inner = ""
    for level in range(depth, 3, -1):
        leaf, on = ("title", "grade") if level % 2 == 0 else ("percent", "course")
        inner = f" {{ {leaf}{inner and f' {on}{inner}'} }}"
    return f"{{ me {{ students {{ courses{inner} }} }} }}"


def district(students: int) -> Path:
    """A made district of that many students, made once."""
    CACHE.mkdir(parents=True, exist_ok=True)
    path = CACHE / f"district-{students}.db"
    if not path.exists():
        print(f"making a district of {students:,} students", flush=True)
        make_district(path, students=students, seed=1, today=TODAY)
    return path


def guardians_of(path: Path) -> list[int]:
    """Guardians with rights, drawn from the whole district, always the same."""
    rights = "select distinct guardian_id from guardian_student where portal_access = 1 and ends_on is null order by 1"
    with closing(sqlite3.connect(path)) as connection:
        found = [int(row[0]) for row in connection.execute(rights)]
    return random.Random(1).sample(found, min(GUARDIANS, len(found)))


async def open_world(path: Path) -> World:
    """The district with nothing kept in memory."""
    readers = await Readers.open(f"sqlite:///{path}")
    source = Source(Relations(load_adapter("home"), Dialect.SQLITE), readers, lambda: noon(TODAY), shared_rows=0)
    return World(path, source, readers, {})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Case:
    """A document, asked of one district by these guardians in turn."""

    world: World
    document: str
    guardians: Sequence[int]


async def asked(cases: Sequence[Case], seconds: float) -> list[tuple[float, float]]:
    """Of each case, the leaves of an answer and the microseconds of CPU it took, JSON included."""
    leaves = []
    for case in cases:
        told = [count(await case.world.serve(case.document, guardian)) for guardian in case.guardians]
        leaves.append(sum(told) / len(told))
    rounds = [[case.guardians[at : at + ROUND] for at in range(0, len(case.guardians), ROUND)] for case in cases]
    # Guardians differ, so a measure is the sum over all rounds; the least of each round is what it costs undisturbed.
    least = [[float("inf")] * len(parts) for parts in rounds]
    began, times = time.perf_counter(), 0
    while times < LEAST_ROUNDS or time.perf_counter() - began < seconds * len(cases):
        for case, parts, found in zip(cases, rounds, least, strict=True):
            for n, some in enumerate(parts):
                found[n] = min(found[n], await answers(case.world, case.document, some))
        times += 1
    return [(all_leaves, sum(found) / len(found)) for all_leaves, found in zip(leaves, least, strict=True)]


async def answers(world: World, document: str, guardians: Sequence[int]) -> float:
    """Microseconds of CPU for an answer, the mean of these guardians."""
    request = GraphQLRequest(document)
    began = time.process_time()
    for guardian in guardians:
        prepared: Any = ENGINE.prepare(request)
        answer = await ENGINE.execute(prepared, world.context(guardian))
        if answer.errors:
            raise SystemExit(str(answer.errors))
        orjson.dumps(answer.data)
    return (time.process_time() - began) / len(guardians) * 1e6


def count(value: Any) -> int:
    """The leaves of an answer."""
    if isinstance(value, dict):
        return sum(map(count, value.values()))
    return sum(map(count, value)) if isinstance(value, list) else 1


async def by_leaves(world: World, guardians: Sequence[int], seconds: float) -> Line:
    """A gradebook with more and more assignments."""
    return Line("gradebook", await asked([Case(world, BOOK % first, guardians) for first in FIRST], seconds))


async def by_depth(world: World, guardians: Sequence[int], seconds: float) -> Line:
    """The same rows, led to and fro between a course and its grade."""
    found = await asked([Case(world, nested(depth), guardians) for depth in DEPTHS], seconds)
    return Line("nested", [(depth, micros) for depth, (_, micros) in zip(DEPTHS, found, strict=True)])


async def by_students(sizes: Sequence[int], seconds: float) -> list[Line]:
    """The same documents in larger districts."""
    paths = [district(size) for size in sizes]
    worlds = [await open_world(path) for path in paths]
    asking = [guardians_of(path) for path in paths]
    lines = []
    for name, document in SIZES.items():
        cases = [Case(world, document, guardians) for world, guardians in zip(worlds, asking, strict=True)]
        found = await asked(cases, seconds)
        lines.append(Line(name, [(size, micros) for size, (_, micros) in zip(sizes, found, strict=True)]))
    for world in worlds:
        await world.source.reads.close()  # type: ignore[attr-defined]
    return lines


async def by_concurrency(path: Path) -> list[Line]:
    """The same requests over HTTP, more and more of them at once: CPU of the server."""
    guardians = guardians_of(path)
    lines = [Line(name, []) for name in ("small", "dashboard")]
    with tempfile.TemporaryDirectory() as folder:
        await prepare(guardians, Path(folder) / "portal.db")
        settings = {
            "HOMEROOM_SIS_URL": f"sqlite:///{path}",
            "HOMEROOM_PORTAL_URL": f"sqlite:///{folder}/portal.db",
            "HOMEROOM_TODAY": TODAY.isoformat(),
            "HOMEROOM_SHARED_ROWS": "0",
            "HOMEROOM_ANSWER_MEMORY": "0",
            "HOMEROOM_TOLD_MEMORY": "0",
        }
        async with homeroom("serve", folder=Path(folder), settings=settings) as gateway:
            port = int(gateway.url.partition("://")[2].partition("/")[0].partition(":")[2])
            for together in TOGETHER:
                for line in lines:
                    micros = await load(port, gateway.process.pid, SIZES[line.name], guardians, together)
                    line.points.append((together, micros))
    return lines


async def load(port: int, process: int, document: str, guardians: Sequence[int], together: int) -> float:
    """Microseconds of the server's CPU for one of the requests of so many clients."""
    body = orjson.dumps({"query": document})
    requests = [
        b"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nauthorization: Bearer "
        + f"{token(guardian)}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
        for guardian in guardians
    ]  # fmt: skip
    each = max(2, REQUESTS // together)

    async def client(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(each):
            number += together
            writer.write(requests[number % len(requests)])
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            answer = await reader.readexactly(int(length.partition(b":")[2]))
            if not head.startswith(b"HTTP/1.1 200") or b'"errors"' in answer:
                raise SystemExit(answer.decode())

    clients = [await asyncio.open_connection("127.0.0.1", port) for _ in range(together)]
    least = float("inf")
    for _ in range(LEAST_ROUNDS):
        before = cpu(process)
        await asyncio.gather(*[client(number, *streams) for number, streams in enumerate(clients)])
        least = min(least, (cpu(process) - before) / (each * together) * 1e6)
    for _, writer in clients:
        writer.close()
    return least


def cpu(process: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measured(sizes: Sequence[int], seconds: float) -> list[Panel]:
    """All that is measured."""
    path = district(sizes[0])
    world, guardians = await open_world(path), guardians_of(path)
    panels = [
        Panel("leaves of the answer", [await by_leaves(world, guardians, seconds)]),
        Panel("students in the district", await by_students(sizes, seconds), logarithmic=True),
        Panel("requests at once", await by_concurrency(path), logarithmic=True),
        Panel("depth of the document", [await by_depth(world, guardians, seconds)]),
    ]
    await world.source.reads.close()  # type: ignore[attr-defined]
    return panels


def main(out: Path, sizes: Sequence[int], seconds: float) -> None:
    """Measure everything, print the table, draw the plot."""
    panels = asyncio.run(measured(sizes, seconds))
    for panel in panels:
        print(f"\n{'µs CPU an answer, by ' + panel.title:<42}")
        for line in panel.lines:
            cells = "".join(f"{x:>10,.0f}: {y:<8,.0f}" for x, y in line.points)
            print(f"{line.name:<18}{cells}")
    out.write_text(draw("µs of CPU for an answer", panels), "utf-8")
    print(f"\nplot: {out}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=CACHE / "growth.svg")
    parser.add_argument("--students", default=f"{SMALL},20000,200000")
    parser.add_argument("--seconds", type=float, default=1.0)
    given = parser.parse_args()
    main(given.out, [int(size) for size in given.students.split(",")], given.seconds)
