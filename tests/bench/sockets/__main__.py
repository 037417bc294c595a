"""What ten thousand subscribers cost one gateway, whose log-in, rights and limits are as always.

    python -m tests.bench.sockets [--sockets 10000] [--events 30] [--stalled 20]

Half of the sockets are of one family and hear every event, as Hasura's and Centrifugo's figures have it; each of
the others is one of the district's guardians in turn. Times are from the commit in the SIS to the receipt, and so hold
the watcher's interval (0.1 s) and its look, to which the SIS's triggers show the way. The gateway has one core, the
load the other.
"""

import argparse
import asyncio
import json
import os
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import quantiles
from time import monotonic
from typing import Any

from loaders.demo import make_district
from tests.bench.peers.prepare import prepare, token
from tests.bench.sockets.stalled import stall

HOMEROOM = Path(sys.executable).with_name("homeroom")
GUARDIAN, PUPIL = 1, 1
REST = 20.0
#: Another family, whose readers stall: a guardian of one student, with nothing that keeps them apart.
OTHER_FAMILY = """select min(guardian_id), student_id from guardian_student as g
  where student_id > 20 and portal_access = 1 and starts_on is null and ends_on is null
  and 1 = (select count(*) from guardian_student where guardian_id = g.guardian_id)
  and not exists (select 1 from withheld_area as w where w.student_id = g.student_id)
  and 10 <= (select count(*) from grade where student_id = g.student_id and released = 1)
  group by student_id order by student_id limit 1"""
CHANGE = """update grade set percent = ? where id in (
  select id from grade where student_id = ? and released = 1 order by id limit ?)"""


class Served:
    """A gateway that is measured from outside."""

    def __init__(self, process: Any, port: int) -> None:
        self.process = process
        self.port = port

    def resident(self) -> float:
        """MiB that it holds."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.partition("VmRSS:")[2].split()[0]) / 1024

    def cpu(self) -> float:
        """Seconds of CPU that it has taken."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pinned(core: int, *command: str) -> list[str]:
    """The command on one core, where the machine has two and taskset."""
    taskset = shutil.which("taskset")
    return [taskset, "-c", str(core), *command] if taskset and (os.cpu_count() or 1) > 1 else [*command]


def settings(folder: Path) -> dict[str, str]:
    """The settings of a gateway over the district in that folder."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("HOMEROOM_")}
    return {
        **own,
        "HOMEROOM_SIS_URL": f"sqlite:///{folder}/district.db",
        "HOMEROOM_SIS_ALLOW_WRITABLE": "true",
        "HOMEROOM_PORTAL_URL": f"sqlite:///{folder}/portal.db",
        "HOMEROOM_WATCH_INTERVAL": "0.1",
        "HOMEROOM_PORT": "0",
    }


async def put_triggers(folder: Path) -> None:
    """Has the district note what is written, as is advised where many are watched."""
    printing = await asyncio.create_subprocess_exec(
        str(HOMEROOM), "triggers", cwd=folder, env=settings(folder), stdout=asyncio.subprocess.PIPE
    )
    script, _ = await printing.communicate()
    with closing(sqlite3.connect(folder / "district.db")) as district:
        district.executescript(script.decode())


async def serve(folder: Path) -> Served:
    """A gateway over the district in that folder, taking connections."""
    process = await asyncio.create_subprocess_exec(
        *pinned(0, str(HOMEROOM), "serve"),
        cwd=folder,
        env=settings(folder),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async for line in process.stdout:
        if line.startswith(b"url: "):
            return Served(process, int(line.decode().rpartition(":")[2].partition("/")[0]))
    raise RuntimeError("The gateway did not start.")


class Client:
    """A process of the load."""

    def __init__(self, process: Any) -> None:
        self.process = process

    async def ask(self, **order: Any) -> Any:
        """What it answers."""
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        return json.loads(await self.process.stdout.readline())


async def client(port: int, first: int) -> Client:
    """A process of the load, not yet connected."""
    return Client(
        await asyncio.create_subprocess_exec(
            *pinned(1, sys.executable, "-m", "tests.bench.sockets.load", str(port), str(first)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**28,
        )
    )


def told_of(answers: Any) -> list[str]:
    """What else the load heard: other messages, codes of closing, connections that were lost."""
    return [f"{answer['lost']} lost, closed {answer['closed']}, heard {answer['odd']}" for answer in answers]


class District:
    """The file of the SIS, written as the school would."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._percent = 0

    def change(self, student: int, grades: int = 1) -> float:
        """Changes so many grades of a student in one commit; the instant before it."""
        self._percent = self._percent % 90 + 1
        with closing(sqlite3.connect(self._path)) as district:
            district.execute(CHANGE, (self._percent, student, grades))
            began = monotonic()
            district.commit()
        return began


async def rounds(
    served: Served, clients: list[Client], district: District, hearing: int, events: int, each: int
) -> None:
    """Prints what so many commits of `each` events cost, a second apart or as soon as the last was heard."""
    late: list[float] = []
    cpu, began, spans = served.cpu(), monotonic(), list[float]()
    shares = [hearing // len(clients) + (n < hearing % len(clients)) for n in range(len(clients))]
    for _ in range(events):
        at = district.change(PUPIL, each)
        told = await asyncio.gather(
            *(one.ask(tell=share * each, until=at + 60) for one, share in zip(clients, shares, strict=True))
        )
        received = [instant - at for answer in told for instant in answer["received"]]
        if len(received) != hearing * each:
            print(f"  {hearing * each - len(received)} of {hearing * each} were not received:", *told_of(told))
        late += received
        spans.append(max(received, default=0))
        if each == 1:
            await asyncio.sleep(max(0.0, at + 1 - monotonic()))
    spent, wall = served.cpu() - cpu, monotonic() - began
    cuts = quantiles(late, n=100)
    what = "an event a second" if each == 1 else f"{each} events at once"
    print(
        f"{what:<22}{len(late):>9} deliveries  p50 {1000 * cuts[49]:>6.0f} ms  p99 {1000 * cuts[98]:>6.0f} ms  "
        f"last {1000 * max(spans):>6.0f} ms  {1e6 * spent / len(late):>5.1f} µs CPU each  "
        f"core {100 * spent / wall:>3.0f} %  {served.resident():>6.0f} MiB"
    )
    if each > 1:
        print(f"{'':<22}{events * each / sum(spans):>9.0f} events/s  {len(late) / sum(spans):>9.0f} deliveries/s")


async def measure(folder: Path, sockets: int, events: int, stalled: int, students: int) -> None:
    """Prints a line for each state."""
    made = make_district(folder / "district.db", students=students, seed=1, today=date.today())  # noqa: DTZ011
    with closing(sqlite3.connect(made.path)) as sis:
        family, child = sis.execute(OTHER_FAMILY).fetchone()
        guardians = [row[0] for row in sis.execute("select distinct guardian_id from guardian_student order by 1")]
    await prepare(guardians, folder / "portal.db")
    await put_triggers(folder)
    served, district = await serve(folder), District(made.path)
    try:
        before = served.resident()
        hearing = sockets // 2
        others = [guardian for guardian in guardians if guardian > 10 and guardian != family]
        rest = [(token(others[n % len(others)]), 1) for n in range(sockets - hearing)]
        clients = [await client(served.port, n * sockets // 2) for n in range(2)]
        shares = [hearing // 2 + hearing % 2, hearing // 2]
        opened = await asyncio.gather(
            *(one.ask(open=[(token(GUARDIAN), share), *rest[n::2]]) for n, (one, share) in
              enumerate(zip(clients, shares, strict=True)))
        )  # fmt: skip
        seconds = max(answer["seconds"] for answer in opened)
        now = served.resident()
        print(
            f"{'open':<22}{sockets:>9} sockets of {min(len(others), len(rest)) + 1} guardians  "
            f"{sockets / seconds:.0f}/s  {sum(answer['again'] for answer in opened)} tried again  "
            f"{before:.0f} -> {now:.0f} MiB  {1024 * (now - before) / sockets:.1f} KiB each"
        )
        cpu, began = served.cpu(), monotonic()
        await asyncio.sleep(REST)
        share = 100 * (served.cpu() - cpu) / (monotonic() - began)
        print(f"{'at rest':<22}{'':>9} core {share:.0f} %  {served.resident():.0f} MiB")
        await rounds(served, clients, district, hearing, events, 1)
        await rounds(served, clients, district, hearing, 3, 10)
        if stalled:
            await stall(served, district, stalled, token(family), child)
            await rounds(served, clients, district, hearing, 5, 1)
        for one in clients:
            one.process.stdin.close()
            await one.process.wait()
    finally:
        served.process.terminate()
        await served.process.wait()


def main() -> None:
    """Measures on a district of its own, in a folder that goes afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sockets", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=30)
    parser.add_argument("--stalled", type=int, default=20)
    parser.add_argument("--students", type=int, default=2_000)
    given = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory(prefix="homeroom-sockets-") as folder:
        asyncio.run(measure(Path(folder), given.sockets, given.events, given.stalled, given.students))


if __name__ == "__main__":
    main()
