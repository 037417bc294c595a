"""Real processes for tests: started, read line by line, and ended whatever happens."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

SECONDS = 60.0
CHECKOUT = Path(__file__).resolve().parents[1]


@contextmanager
def process(*command: str, cwd: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process whose output is read as it comes; killed after the deadline, and at the end."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONWARNINGS": "error"}
    with subprocess.Popen(
        command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as started:
        deadline = Timer(SECONDS, started.kill)
        deadline.start()
        try:
            yield started
        finally:
            deadline.cancel()
            started.kill()


def line(started: "subprocess.Popen[str]") -> str:
    """The next line that it says, without its end; empty where it says no more."""
    assert started.stdout is not None
    return started.stdout.readline().rstrip("\n")
