"""Serving in a real process: when it says that it is there, how it ends, and why it did not start."""

import signal
import socket
import sys
from contextlib import closing, suppress
from pathlib import Path
from urllib.request import urlopen

import pytest

from gateway.serving import AddressTaken, listen
from tests.processes import SECONDS, line, process

STAND_IN = """
import sys
from contextlib import asynccontextmanager
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from gateway.serving import listen, run, serve

@asynccontextmanager
async def lifespan(app):
    if "fails" in sys.argv:
        raise LookupError("the source is away")
    yield
    print("closed", flush=True)

async def hello(request):
    return PlainTextResponse("hello")

app = Starlette(routes=[Route("/", hello)], lifespan=lifespan)
run(serve(app, listen("127.0.0.1", 0), lambda port: print("port", port, flush=True)))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_once_it_answers_and_a_signal_ends_it_well(number: signal.Signals, tmp_path: Path) -> None:
    with process(sys.executable, "-c", STAND_IN, cwd=tmp_path) as started:
        port = int(line(started).removeprefix("port "))
        with urlopen(f"http://127.0.0.1:{port}/", timeout=SECONDS) as answer:
            assert answer.read() == b"hello"
            assert answer.headers["server"] is None
        started.send_signal(number)
        rest, errors = started.communicate()
    assert (rest, errors, started.returncode) == ("closed\n", "", 0)


def test_what_the_application_raises_while_it_starts_is_raised_and_not_printed(tmp_path: Path) -> None:
    with process(sys.executable, "-c", STAND_IN, "fails", cwd=tmp_path) as started:
        said, errors = started.communicate()
    assert said == ""
    assert errors.splitlines()[-1] == "LookupError: the source is away"
    assert errors.count("LookupError") == 1


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory where Linux tells it")
def test_a_header_without_end_takes_no_memory(tmp_path: Path) -> None:
    def peak_kib() -> int:
        status = Path(f"/proc/{started.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0])

    with process(sys.executable, "-c", STAND_IN, cwd=tmp_path) as started:
        port = int(line(started).removeprefix("port "))
        before = peak_kib()
        for _ in range(20):
            with closing(socket.create_connection(("127.0.0.1", port), timeout=SECONDS)) as client:
                with suppress(BrokenPipeError, ConnectionResetError):
                    client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 32 * 2**20)
                assert client.recv(100).startswith(b"HTTP/1.1 431 ")
        assert peak_kib() - before < 8 * 1024


def test_a_port_in_use_is_refused_with_the_remedy() -> None:
    with closing(listen("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(AddressTaken, match=rf"Port {port} of 127.0.0.1 is taken .* HOMEROOM_PORT"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
def test_an_address_of_another_machine_is_refused_with_the_remedy(host: str) -> None:
    with pytest.raises(AddressTaken, match="HOMEROOM_HOST"):
        listen(host, 0)


def test_a_port_is_free_again_as_soon_as_its_server_has_ended() -> None:
    with closing(listen("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        with closing(socket.create_connection(("127.0.0.1", port), timeout=SECONDS)) as client:
            accepted, _ = first.accept()
            accepted.close()
            assert client.recv(1) == b""
    listen("127.0.0.1", port).close()


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_taken_port_ends_a_command_before_anything_is_made(command: str, tmp_path: Path) -> None:
    with closing(listen("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        settings = [f"HOMEROOM_PORT={port}", "HOMEROOM_SIS_URL=sqlite:///sis.db"]
        with process("env", *settings, sys.executable, "-m", "gateway.cli", command, cwd=tmp_path) as started:
            said, errors = started.communicate()
    assert (said, started.returncode) == ("", 1)
    assert errors.startswith(f"homeroom: Port {port} of 127.0.0.1 is taken")
    assert list(tmp_path.iterdir()) == []
