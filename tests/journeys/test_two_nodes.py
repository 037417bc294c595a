"""Two gateways on two nodes over one store: one is cut off from Redis and from its clients, then the other one dies."""

import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import pytest

from tests.gateway.event_source import EventSource
from tests.hose import Hose
from tests.journeys.running import Gateway, homeroom, run
from tests.portal import PASSWORD
from tests.services import POSTGRESQL, REDIS
from tests.stores import bare_place

QUERY = "subscription { gradeChanged { cursor previousPercent } }"
PUPIL = 1


def ip(*words: str) -> None:
    """iproute2's ip."""
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=20)


@contextmanager
def node() -> Iterator[tuple[str, str, str, str]]:
    """A network of its own: its name, the name of the cable to it, and the addresses at this end and at its."""
    number = os.getpid() % 60_000
    name, here, there = f"hr_node_{number}", f"hrh{number}", f"hrt{number}"
    ours, theirs = (f"10.{200 + number % 50}.{number // 50 % 250}.{end}" for end in (1, 2))
    ip("netns", "add", name)
    try:
        ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
        ip("address", "add", f"{ours}/30", "dev", here)
        ip("link", "set", here, "up")
        ip("-n", name, "address", "add", f"{theirs}/30", "dev", there)
        ip("-n", name, "link", "set", there, "up")
        ip("-n", name, "link", "set", "lo", "up")
        yield name, here, ours, theirs
    finally:
        ip("netns", "del", name)


@pytest.mark.namespaces
@pytest.mark.postgresql
@pytest.mark.redis
async def test_what_a_node_was_cut_off_from_comes_by_cursor_and_what_the_other_one_did_is_taken_over(
    tmp_path: Path,
) -> None:
    assert (await run("demo", "--students", "30", "--no-serve", folder=tmp_path))[0] == 0
    (tmp_path / "seal").write_text("5e" * 32)
    district = tmp_path / ".homeroom" / "demo.db"
    percent = 0

    def change() -> None:
        nonlocal percent
        percent += 1
        with closing(sqlite3.connect(district)) as connection, connection:
            connection.execute(
                "update grade set percent = ? where id = (select min(id) from grade where student_id = ? "
                "and released = 1)",
                (percent, PUPIL),
            )

    async def follow(gateway: Gateway, token: str, last: str = "") -> EventSource:
        parts = urlsplit(gateway.url)
        source = EventSource(parts.port or 0, QUERY, token, host=parts.hostname or "")
        source.last_id = last
        await source.open()
        return source

    async def hear(source: EventSource) -> int:
        event = await source.event()
        assert event is not None
        assert event.kind == "next", event
        return int(event.data["data"]["gradeChanged"]["previousPercent"].partition(".")[0])

    with node() as (name, cable, ours, theirs), TemporaryDirectory(prefix="hr-") as sockets:
        async with (
            bare_place("postgresql", tmp_path) as portal,
            Hose(POSTGRESQL).open_at(Path(sockets) / ".s.PGSQL.5432"),
            Hose(REDIS).open(ours) as redis,
        ):
            here = {
                "HOMEROOM_SIS_URL": f"sqlite:///{district}",
                "HOMEROOM_SIS_ALLOW_WRITABLE": "true",
                "HOMEROOM_PORTAL_URL": portal,
                "HOMEROOM_SEAL_FILE": str(tmp_path / "seal"),
                "HOMEROOM_WATCH_INTERVAL": "0.1",
                "HOMEROOM_WAKE": REDIS,
            }
            store = urlsplit(portal)
            there = here | {
                "HOMEROOM_HOST": theirs,
                "HOMEROOM_WAKE": f"redis://{ours}:{redis.port}",
                "HOMEROOM_PORTAL_URL": f"postgresql://{store.username}@{store.path}?host={sockets}",
            }
            assert (await run("migrate", folder=tmp_path, settings=here))[0] == 0
            add = ("user", "add", "--username", "ana", "--guardian", "1", "--finished")
            code, said = await run(*add, folder=tmp_path, settings=here, given=f"{PASSWORD}\n")
            assert code == 0, said
            change()
            within = ("ip", "netns", "exec", name)
            async with (
                homeroom("serve", folder=tmp_path, settings=here) as one,
                homeroom("serve", folder=tmp_path, settings=there, within=within) as other,
            ):
                token = await one.log_in("ana", PASSWORD)
                near, far = await follow(one, token), await follow(other, token)
                assert await near.begun()
                assert await far.begun()
                heard: list[int] = []
                change()
                assert await hear(near) == 1
                heard.append(await hear(far))
                ip("link", "set", cable, "down")
                for before in (2, 3, 4):
                    change()
                    assert await hear(near) == before
                await far.cut()
                ip("link", "set", cable, "up")
                again = await follow(other, token, far.last_id)
                heard += [await hear(again) for _ in range(3)]
                change()
                heard.append(await hear(again))
                one.process.send_signal(signal.SIGKILL)
                await one.process.wait()
                change()
                heard.append(await hear(again))
                await again.cut()
                await near.cut()
            assert heard == [1, 2, 3, 4, 5, 6]
