"""Where Homeroom spends its time under the load of one of the kit's queries, by function: own time, and with callees.

python -m tests.bench.peers.profile [q1|q2|q3] [seconds], after run.sh, with its PEERS_WORK and PEERS_STUDENTS. Samples
are of the thread that may run Python: what SQLite does meanwhile stands in the CPU of the threads alone.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
WORK = Path(os.environ.get("PEERS_WORK") or ROOT / ".cache" / "peers")
STUDENTS = os.environ.get("PEERS_STUDENTS", "2000")
PORT = 18790
LINES = 45
WARM_SECONDS = 4
START_SECONDS = 30


def main(query: str, seconds: int) -> None:
    """Serve as the kit does, load it, sample it, and print the shares."""
    spec = json.loads((WORK / "homeroom.json").read_text())["servers"][0]
    filled = {"{port}": str(PORT), "{work}": str(WORK), "{db}": str(WORK / f"district-{STUDENTS}.db")}
    settings = {name: _filled(value, filled) for name, value in spec["env"].items()}
    server = subprocess.Popen(
        ["taskset", "-c", "0", *spec["cmd"]],
        cwd=spec["cwd"],
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait()
        _load(spec, query, WARM_SECONDS).wait()
        raw = WORK / f"profile-{query}.txt"
        load = _load(spec, query, seconds + 1)
        before = _threads(server.pid)
        spy = [str(WORK / "venv/bin/py-spy"), "record", "-p", str(server.pid), "-d", str(seconds), "-r", "250", "--gil"]
        subprocess.run([*spy, "-f", "raw", "--full-filenames", "-o", str(raw)], check=True, capture_output=True)
        after = _threads(server.pid)
        load.wait()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
    used = sorted((after[thread] - before.get(thread, 0) for thread in after), reverse=True)
    print(
        query, "CPU of the threads in seconds:", *(f"{ticks / os.sysconf('SC_CLK_TCK'):.2f}" for ticks in used if ticks)
    )
    report(raw.read_text(), query)


def report(raw: str, query: str) -> None:
    """Print own and whole shares of every function that has a thousandth of the samples, the dearest first."""
    own: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    places: Counter[str] = Counter()
    total = 0
    for line in raw.splitlines():
        stack, _, times = line.rpartition(" ")
        count = int(times)
        frames = [_name(frame) for frame in stack.split(";") if not frame.startswith("process ")]
        total += count
        own[frames[-1]] += count
        places[frames[-1].partition(":")[0]] += count
        for frame in set(frames):
            whole[frame] += count
    for title, counts in (("own time", own), ("with callees", whole), ("own time by file", places)):
        print(f"\n{query}: {title}, % of {total} samples")
        for name, samples in counts.most_common(LINES):
            print(f"{100 * samples / total:6.1f}  {name}")


def _name(frame: str) -> str:
    found = re.fullmatch(r"(.+?) \((.+?):\d+\)", frame)
    if found is None:
        return frame
    return f"{re.sub(r'^.*/(site-packages|python3[.0-9]*)/', '', found[2]).removeprefix(f'{ROOT}/')}:{found[1]}"


def _threads(process: int) -> dict[str, int]:
    """The ticks of CPU that each thread has used."""
    used = {}
    for task in Path(f"/proc/{process}/task").iterdir():
        fields = (task / "stat").read_text().rpartition(")")[2].split()
        used[task.name] = int(fields[11]) + int(fields[12])
    return used


def _filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def _load(spec: dict[str, Any], query: str, seconds: int) -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ,
        "BODY": str(WORK / f"body-homeroom-{query}.json"),
        "PARENTS": str(WORK / "parents.txt"),
        "HEADERS": "".join(f"{name}: {value}\n" for name, value in spec["headers"].items()),
    }
    wrk = ["wrk", "-t1", "-c16", f"-d{seconds}s", "-s", str(WORK / "kit/load.lua"), f"http://127.0.0.1:{PORT}"]
    return subprocess.Popen(["taskset", "-c", "1", *wrk], env=environment, stdout=subprocess.DEVNULL)


def _wait() -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=5):
                return
        except OSError:
            if time.monotonic() > end:
                raise SystemExit("Homeroom did not start.") from None
            time.sleep(0.1)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "q3", int(sys.argv[2]) if len(sys.argv) > 2 else 10)
