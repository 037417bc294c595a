"""Calendar feeds: made by who may read the schedule, read by who has the address, ended by whatever ends the right."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import pytest_asyncio
from httpx2 import ASGITransport, AsyncClient, Response
from starlette.applications import Starlette
from strawberry.types import ExecutionResult

from gateway.pages.calendar import calendar_routes
from loaders.errors import SourceDown
from loaders.ids import node_id
from loaders.portal.roles import StaffRole
from resolvers.context import Caller, Context, Viewer
from resolvers.portal.calendar_feed import MOST_FEEDS
from schema.api import schema
from tests.portal import House, empty_place, open_house
from tests.world import TODAY, World, noon, open_world

CREATE = """mutation ($id: ID!) { createCalendarFeed(studentId: $id) {
  ... on CreateCalendarFeedSuccess { url feed { id createdAt lastFetchedAt student { name } } }
  ... on Problems { problems { code path } } } }"""
REVOKE = """mutation ($id: ID!) { revokeCalendarFeed(id: $id) {
  ... on RevokeCalendarFeedSuccess { feedId } ... on Problems { problems { code path } } } }"""
FEEDS = "{ me { calendarFeeds { id createdAt lastFetchedAt student { name } } } }"
ZONE = ZoneInfo("America/New_York")
PHONE = "198.51.100.7"


@pytest_asyncio.fixture(scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 60 students."""
    made = await open_world(Path(tmp_path_factory.mktemp("feeds")) / "district.db", 60)
    yield made
    await made.recorded.reads.close()


@pytest.fixture
def world(made: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The district, its clock at noon."""
    monkeypatch.setattr(made.source, "_now", lambda: noon(TODAY))
    return made


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        yield house


@dataclass
class Family:
    """The demo parent, logged in, and the door at which calendars ask."""

    house: House
    world: World
    context: Context

    async def order(self, document: str, context: Context | None = None, **variables: Any) -> Any:
        answer = await schema.execute(document, variable_values=variables, context_value=context or self.context)
        assert isinstance(answer, ExecutionResult)
        assert answer.errors is None, answer.errors
        assert answer.data is not None
        return next(iter(answer.data.values()))

    async def feed(self, student: int | None = None) -> Any:
        """A new feed of a student's, the eldest's where none is named."""
        student = student or self.world.student("parent")
        return await self.order(CREATE, id=node_id("Student", student))

    async def get(self, url: str, address: str = PHONE, **headers: str) -> Response:
        """What a calendar gets at that address."""

        def context(viewer: Viewer | None, caller: Caller) -> Context:
            return Context(self.world.source, viewer, caller, self.house.portal, None)

        app = Starlette(routes=calendar_routes())
        app.state.house = SimpleNamespace(edge=SimpleNamespace(remembered=SimpleNamespace(context=context)))
        async with AsyncClient(transport=ASGITransport(app, client=(address, 1)), base_url="http://x") as client:
            return await client.get(url.removeprefix("https://portal.example"), headers=headers)

    async def events(self, url: str) -> list[Any]:
        """The events behind an address, as a calendar reads them."""
        found = await self.get(url)
        assert found.status_code == 200, found.text
        return list(icalendar.Calendar.from_ical(found.content).walk("VEVENT"))


@pytest.fixture
async def family(house: House, world: World) -> Family:
    await house.account("marisol", str(world.guardian("parent")))
    return Family(house, world, await house.context(world.source, await house.mobile("marisol")))


async def test_a_feed_tells_when_and_where_courses_meet_and_why_there_is_no_school(family: Family) -> None:
    events = await family.events((await family.feed())["url"])
    monday = sorted(
        (e["dtstart"].dt, e["dtend"].dt, str(e["summary"]), str(e["location"]))
        for e in events
        if isinstance(e["dtstart"].dt, datetime) and e["dtstart"].dt.date() == TODAY
    )
    assert len(monday) == 7
    assert monday[0] == (
        datetime(2026, 11, 23, 13, 0, tzinfo=UTC),
        datetime(2026, 11, 23, 13, 50, tzinfo=UTC),
        "Science 10",
        "Room 109",
    )
    closed = {e["dtstart"].dt: str(e["summary"]) for e in events if not isinstance(e["dtstart"].dt, datetime)}
    assert closed[date(2026, 11, 10)] == "Snow day"
    assert closed[date(2026, 11, 26)] == "Thanksgiving break"
    assert {e["transp"] for e in events if e["dtstart"].dt == date(2026, 11, 26)} == {"TRANSPARENT"}
    assert len({str(e["uid"]) for e in events}) == len(events)


async def test_a_calendar_shows_when_and_where_and_nothing_of_the_record(family: Family) -> None:
    found = await family.get((await family.feed())["url"])
    text = found.text
    assert found.headers["content-type"] == "text/calendar; charset=utf-8"
    names = {line.partition(":")[0].partition(";")[0] for line in text.replace("\r\n ", "").splitlines()}
    assert names == {
        "BEGIN", "END", "PRODID", "VERSION", "CALSCALE", "NAME", "X-WR-CALNAME", "REFRESH-INTERVAL",
        "X-PUBLISHED-TTL", "UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "LOCATION", "DESCRIPTION", "TRANSP",
    }  # fmt: skip
    ((family_name,),) = family.world.rows(
        "select family_name from student where id = ?", family.world.student("parent")
    )
    assert family_name not in text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert text.endswith("END:VCALENDAR\r\n")


async def test_the_first_hour_is_the_first_hour_on_both_sides_of_daylight_saving(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(family.world.source, "_now", lambda: noon(date(2026, 10, 30)))
    events = await family.events((await family.feed())["url"])
    starts = {e["dtstart"].dt for e in events if isinstance(e["dtstart"].dt, datetime)}
    for day, hour in ((date(2026, 10, 30), 12), (date(2026, 11, 2), 13)):
        (first,) = sorted(each for each in starts if each.astimezone(ZONE).date() == day)[:1]
        assert first == datetime(day.year, day.month, day.day, hour, 0, tzinfo=UTC)
        assert first.astimezone(ZONE).hour == 8


async def test_a_kindergartners_calendar_bears_the_notice(house: House, world: World) -> None:
    await house.account("kim", str(world.guardian("kindergartner")))
    family = Family(house, world, await house.context(world.source, await house.mobile("kim")))
    made = await family.feed(world.student("kindergartner"))
    calendar: Any = icalendar.Calendar.from_ical((await family.get(made["url"])).content)
    assert "not an accurate reflection" in str(calendar["x-wr-caldesc"])


async def test_an_event_keeps_its_uid_and_no_uid_leads_back_to_a_key(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = [(await family.feed())["url"] for _ in range(2)]
    today = {str(e["uid"]): e["dtstart"].dt for e in await family.events(first)}
    monkeypatch.setattr(family.world.source, "_now", lambda: noon(TODAY + timedelta(days=3)))
    later = {str(e["uid"]): e["dtstart"].dt for e in await family.events(first)}
    shared = today.keys() & later.keys()
    assert len(shared) > 200
    assert all(today[uid] == later[uid] for uid in shared)
    assert later.keys().isdisjoint({str(e["uid"]) for e in await family.events(second)})


async def test_the_secret_is_told_once_and_stored_as_its_hash_alone(family: Family) -> None:
    made = await family.feed()
    secret = made["url"].removeprefix("https://portal.example/calendar/").removesuffix(".ics")
    assert len(secret) == 43
    (row,) = await family.house.writer.rows("select * from calendar_feed")
    assert secret not in repr(row)
    listed = await family.order(FEEDS)
    assert listed["calendarFeeds"] == [made["feed"]]
    assert secret not in repr(listed) + repr(await family.house.writer.rows("select * from audit"))


async def test_what_has_not_changed_is_not_sent_again(family: Family) -> None:
    url = (await family.feed())["url"]
    whole = await family.get(url)
    assert whole.headers["cache-control"] == "private, no-cache"
    etag = whole.headers["etag"]
    for asked in (etag, f"W/{etag}", f'"x", {etag}'):
        again = await family.get(url, **{"if-none-match": asked})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    section = family.world.rows("select min(id) from section where title = 'Choir'")[0][0]
    family.world.change("update section set room = 'Chapel' where id = ?", section)
    changed = await family.get(url, **{"if-none-match": etag})
    assert changed.status_code == 200
    assert "Chapel" in changed.text
    family.world.change("update section set room = 'Auditorium' where id = ?", section)


async def test_a_revoked_feed_is_gone_at_once_and_nobody_revokes_anothers(family: Family) -> None:
    made, kept = await family.feed(), await family.feed()
    await family.house.account("chioma", str(family.world.guardian("four_children")))
    hers = await family.house.context(family.world.source, await family.house.mobile("chioma"))
    refused = [{"code": "CALENDAR_FEED_NOT_FOUND", "path": ["id"]}]
    for id in (made["feed"]["id"], "x", node_id("CalendarFeed", 99), node_id("CalendarFeed", "²")):
        assert (await family.order(REVOKE, hers, id=id))["problems"] == refused
    assert (await family.get(made["url"])).status_code == 200
    assert await family.order(REVOKE, id=made["feed"]["id"]) == {"feedId": made["feed"]["id"]}
    assert (await family.get(made["url"])).status_code == 404
    assert (await family.get(kept["url"])).status_code == 200
    assert (await family.order(REVOKE, id=made["feed"]["id"]))["problems"] == refused
    assert len((await family.order(FEEDS))["calendarFeeds"]) == 1


async def test_whatever_ends_the_right_looks_like_a_wrong_secret(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, url = family.world, (await family.feed())["url"]
    wrong = await family.get("/calendar/" + "x" * 43 + ".ics")
    guardian, student = world.guardian("parent"), world.student("parent")
    ((born,),) = world.rows("select birth_date from student where id = ?", student)
    where = f"where guardian_id = {guardian} and student_id = {student}"
    ends = [
        (
            f"update guardian_student set portal_access = 0 {where}",
            f"update guardian_student set portal_access = 1 {where}",
        ),
        (
            f"update guardian_student set ends_on = '2026-11-22' {where}",
            f"update guardian_student set ends_on = null {where}",
        ),
        (
            f"insert into withheld_area (guardian_id, student_id, area) values ({guardian}, {student}, 'SCHEDULE')",
            f"delete from withheld_area {where}",
        ),
        (
            f"update student set birth_date = '2008-11-23' where id = {student}",
            f"update student set birth_date = '{born}' where id = {student}",
        ),
    ]
    for end, back in ends:
        assert (await family.get(url)).status_code == 200, end
        world.change(end)
        found = await family.get(url)
        world.change(back)
        assert (found.status_code, found.content, dict(found.headers)) == (404, wrong.content, dict(wrong.headers)), end
    async with family.house.writer.transaction() as transaction:
        await transaction.execute("update account set disabled_at = :at", {"at": family.house.clock.now()})
    assert (await family.get(url)).content == wrong.content


async def test_a_closed_schedule_has_no_feed_and_a_strangers_child_neither(family: Family) -> None:
    world = family.world
    refused = [{"code": "STUDENT_NOT_FOUND", "path": ["studentId"]}]
    for id in (node_id("Student", world.student("four_children")), "x", node_id("Term", 1), node_id("Student", 9999)):
        assert (await family.order(CREATE, id=id))["problems"] == refused
    guardian, student = world.guardian("parent"), world.student("parent")
    world.change(
        "insert into withheld_area (guardian_id, student_id, area) values (?, ?, 'SCHEDULE')", guardian, student
    )
    fresh = await family.house.context(world.source, await family.house.mobile("marisol"))
    try:
        assert (await family.order(CREATE, fresh, id=node_id("Student", student)))["problems"] == refused
    finally:
        world.change("delete from withheld_area where guardian_id = ? and student_id = ?", guardian, student)
    assert await family.house.count("select count(*) as n from calendar_feed") == 0


async def test_an_account_has_so_many_feeds_and_no_more(family: Family) -> None:
    for _ in range(MOST_FEEDS):
        assert "url" in await family.feed()
    assert (await family.feed())["problems"] == [{"code": "TOO_MANY_CALENDAR_FEEDS", "path": []}]
    assert await family.house.count("select count(*) as n from calendar_feed") == MOST_FEEDS


async def test_a_source_that_is_away_is_told_so_that_no_calendar_empties_itself(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = (await family.feed())["url"]

    async def away(*given: Any, **named: Any) -> Any:
        raise SourceDown("The database is away.")

    monkeypatch.setattr(family.world.recorded, "fetch", away)
    found = await family.get(url)
    assert (found.status_code, found.headers["retry-after"]) == (503, "300")


async def test_readings_are_in_the_familys_log_once_a_day_and_not_every_hour(family: Family) -> None:
    made = await family.feed()
    for _ in range(3):
        await family.get(made["url"])
    family.house.clock.pass_by(minutes=61)
    await family.get(made["url"])
    await family.get(made["url"], address="203.0.113.9")
    family.house.clock.pass_by(hours=25)
    await family.get(made["url"], address="203.0.113.9")
    fresh = await family.house.context(family.world.source, await family.house.mobile("marisol"))
    log = await family.order("{ me { accessLog { nodes { kind by address } } } }", fresh)
    lines = [(n["kind"], n["by"], n["address"]) for n in log["accessLog"]["nodes"] if "CALENDAR" in n["kind"]]
    assert lines == [
        ("CALENDAR_FEED_FETCHED", "UNKNOWN", "203.0.113.0/24"),
        ("CALENDAR_FEED_FETCHED", "UNKNOWN", "203.0.113.0/24"),
        ("CALENDAR_FEED_FETCHED", "UNKNOWN", "198.51.100.0/24"),
        ("CALENDAR_FEED_CHANGED", "SELF", None),
    ]
    (feed,) = (await family.order(FEEDS, fresh))["calendarFeeds"]
    assert feed["lastFetchedAt"] == "2026-11-24T14:01:00Z"


async def test_who_guesses_waits_and_so_does_who_reads_one_feed_without_end(family: Family) -> None:
    for n in range(30):
        assert (await family.get(f"/calendar/{n:043}.ics")).status_code == 404
    waiting = await family.get("/calendar/" + "y" * 43 + ".ics")
    assert (waiting.status_code, waiting.headers["retry-after"]) == (429, "20")
    url = (await family.feed())["url"]
    codes = [(await family.get(url, address="192.0.2.4")).status_code for _ in range(31)]
    assert codes == [200] * 30 + [429]


async def test_staff_have_no_feeds(house: House, world: World) -> None:
    await house.staff("jordan", StaffRole.OFFICE)
    context = await house.context(world.source, await house.mobile("jordan"))
    answer = await schema.execute(CREATE, variable_values={"id": node_id("Student", 1)}, context_value=context)
    assert isinstance(answer, ExecutionResult)
    assert answer.errors is not None
    assert getattr(answer.errors[0].original_error, "code", None) == "FORBIDDEN"
    assert await house.count("select count(*) as n from calendar_feed") == 0
