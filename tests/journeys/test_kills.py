"""A gateway that is killed while a family listens: the next one on the same store leads on without a gap.

What it had yet to tell them by mail the next one tells, once.
"""

import asyncio
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from gateway.demo import PARENT, PARENT_PASSWORD
from tests.gateway.event_source import EventSource
from tests.journeys.running import Gateway, homeroom, run

QUERY = "subscription { gradeChanged { cursor previousPercent } }"
PUPIL = 1
ALWAYS = """mutation { setNotificationSettings(input: { quietFrom: null, quietUntil: null, holdInSchoolHours: false }) {
  ... on NotificationSettingsSuccess { settings { quietFrom } } } }"""
UNTOLD = """select (select count(*) from notice where state = 'WAITING')
  + (select head from change_log) - coalesce((select seq from notification_place), -1)"""


async def test_killed_in_the_middle_of_a_stream_nothing_is_lost_and_nothing_told_twice(tmp_path: Path) -> None:
    code, said = await run("demo", "--students", "30", "--no-serve", folder=tmp_path)
    assert code == 0, said
    district = tmp_path / ".homeroom" / "demo.db"
    settings = {
        "HOMEROOM_SIS_URL": f"sqlite:///{district}",
        "HOMEROOM_SIS_ALLOW_WRITABLE": "true",
        "HOMEROOM_WATCH_INTERVAL": "0.1",
        "HOMEROOM_SETTLE_WINDOW": "0.2",
        "HOMEROOM_MAIL_FOLDER": str(tmp_path / "mail"),
        "HOMEROOM_PORTAL_URL": f"sqlite:///{tmp_path}/.homeroom/demo-portal.db",
    }
    store = tmp_path / ".homeroom" / "demo-portal.db"
    percent = 0

    def number(sql: str) -> int:
        with closing(sqlite3.connect(store)) as connection:
            return int(connection.execute(sql).fetchone()[0])

    def change() -> None:
        nonlocal percent
        percent += 1
        with closing(sqlite3.connect(district)) as connection, connection:
            connection.execute(
                "update grade set percent = ? where id = (select min(id) from grade where student_id = ? "
                "and released = 1)",
                (percent, PUPIL),
            )

    async def hear(source: EventSource) -> int:
        event = await source.event()
        assert event is not None
        assert event.kind == "next", event
        return int(event.data["data"]["gradeChanged"]["previousPercent"].partition(".")[0])

    async def follow(gateway: Gateway, last: str) -> EventSource:
        source = EventSource(urlsplit(gateway.url).port or 0, QUERY, await gateway.log_in(PARENT, PARENT_PASSWORD))
        source.last_id = last
        return await source.open()

    change()
    heard: list[int] = []
    async with homeroom("serve", folder=tmp_path, settings=settings) as first:
        token = await first.log_in(PARENT, PARENT_PASSWORD)
        told = await first.ask(ALWAYS, token=token)
        assert "settings" in told["data"]["setNotificationSettings"], told
        source = await follow(first, "")
        assert await source.begun()
        for _ in range(3):
            change()
            heard.append(await hear(source))
        change()
        first.process.send_signal(signal.SIGKILL)
        await first.process.wait()
    await source.cut()
    change()
    async with homeroom("serve", folder=tmp_path, settings=settings) as second:
        again = await follow(second, source.last_id)
        heard.append(await hear(again))
        change()
        while heard[-1] < percent - 1:
            heard.append(await hear(again))
        await again.cut()
        async with asyncio.timeout(20):
            while number(UNTOLD) or number("select count(*) from mail where state = 'WAITING'"):
                await second.ask("{ portal { districtName } }")
    assert heard[:4] == [1, 2, 3, 4]
    # Two changes between two looks are one.
    assert heard == sorted(set(heard))
    assert heard[-1] == percent - 1
    # News once, then corrections; a mail each, and no more of them than there were changes.
    notifications = number("select count(*) from notification")
    assert 1 <= notifications <= percent
    assert number("select count(*) from notification where corrects = 0") == 1
    assert len(list((tmp_path / "mail").glob("*.eml"))) == number("select count(*) from mail") == notifications
