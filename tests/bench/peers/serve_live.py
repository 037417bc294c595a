"""Homeroom as the kit's fan-out bench starts it: what the kit publishes is a change of a grade in the district's file.

python -m tests.bench.peers.serve_live, with the settings of ws-peers.json. The gateway hears of it as it hears of any
change: by looking at the file.
"""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.app import create_app
from gateway.serving import listen, run, serve
from gateway.settings import Settings, load_settings
from gateway.telemetry import set_up_log

PUBLISH = b"publish(n: $n)"

#: What changes: the first quarter's grade of a course of the first guardian's first student.
CHANGE = """
update term_grades set percent = ? where term_id = 1 and enrollment_id = (
  select min(e.id) from enrollments e
  where e.student_id = (select min(student_id) from guardian_students where guardian_id = 1))"""


class Publisher:
    """The gateway behind a door that takes `publish` of the kit's client, and lets everything else through."""

    def __init__(self, app: ASGIApp, district: Path) -> None:
        self._app = app
        self._district = district

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Change the grade where that is asked."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        message = await receive()
        if PUBLISH not in message.get("body", b""):
            heard = [message]
            await self._app(scope, lambda: _again(heard, receive), send)
            return
        number = int(orjson.loads(message["body"])["variables"]["n"])
        await asyncio.to_thread(change, self._district, number)
        answer = b'{"data":{"publish":true}}'
        fields = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": answer})


async def _again(heard: list[Message], receive: Receive) -> Message:
    return heard.pop() if heard else await receive()


def change(district: Path, number: int) -> None:
    """Set the grade's percent to something that it was not before."""
    with closing(sqlite3.connect(district)) as connection, connection:
        connection.execute(CHANGE, (50 + number % 45,))


async def main(settings: Settings) -> None:
    """Serve until stopped."""
    set_up_log(settings.log_format)
    app = Publisher(create_app(settings), Path(settings.sis_url.removeprefix("sqlite:///")))
    await serve(app, listen(settings.host, settings.port), lambda port: print(f"port {port}", flush=True))


if __name__ == "__main__":
    run(main(load_settings()))
