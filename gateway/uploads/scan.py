"""The district's virus scanner: a command that is given the path of a file, and says by its exit code what it found."""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path

SCAN_SECONDS = 60.0


class Verdict(Enum):
    """What a scanner found."""

    CLEAN = "CLEAN"
    INFECTED = "INFECTED"
    UNSURE = "UNSURE"


#: As clamscan and clamdscan have them; every other code, a signal and a time-out are no verdict.
_VERDICTS = {0: Verdict.CLEAN, 1: Verdict.INFECTED}


async def scan(command: Sequence[str], path: Path, seconds: float = SCAN_SECONDS) -> Verdict:
    """What the command says of the file; UNSURE where it cannot be started, or takes longer than so many seconds.

    It is given none of the gateway's settings, and is ended with all that it started.
    """
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith("HOMEROOM_")}
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            str(path),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            env=environment,
        )
    except OSError:
        return Verdict.UNSURE
    try:
        async with asyncio.timeout(seconds):
            code = await process.wait()
    except TimeoutError:
        return Verdict.UNSURE
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return _VERDICTS.get(code, Verdict.UNSURE)
