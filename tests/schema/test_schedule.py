"""`Student.schedule` of the made district: dates, grids, notices, other hours, and what closes it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.execution.documents import GraphQLRequest
from loaders.adapter import load_adapter
from loaders.dialect import Dialect
from loaders.ids import node_id
from loaders.relations import Relations
from loaders.source import Source
from tests.world import ENGINE, TODAY, World, noon, open_world

DAY = """
  notice { code text }
  days {
    date dayName isSchoolDay reason bellSchedule
    meetings { period startsAt endsAt room status addedOn droppedOn course { title } teachers { name } }
  }
"""
STUDENTS = f"query ($on: Date, $term: ID) {{ me {{ students {{ schedule(date: $on, termId: $term) {{ {DAY} }} }} }} }}"
AREAS = "{ me { students { areas { area state reason } schedule { days { date } } } } }"


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    made = await open_world(Path(tmp_path_factory.mktemp("schedule")) / "district.db", 60)
    yield made
    await made.recorded.reads.close()


async def schedules(world: World, case: str = "parent", **variables: Any) -> list[Any]:
    told = await world.data(STUDENTS, guardian=world.guardian(case), **variables)
    return [student["schedule"] for student in told["me"]["students"]]


def meetings(day: Any) -> list[tuple[Any, ...]]:
    return [(m["startsAt"], m["endsAt"], m["room"], m["course"]["title"], m["status"]) for m in day["meetings"]]


async def test_today_is_told_where_no_date_is_named(world: World) -> None:
    eldest, *_ = await schedules(world)
    (day,) = eldest["days"]
    assert (day["date"], day["dayName"], day["isSchoolDay"], day["reason"]) == (str(TODAY), "A Day", True, None)
    assert meetings(day) == [
        ("08:00", "08:50", "Room 109", "Science 10", "ACTIVE"),
        ("08:55", "09:45", "Room 110", "History 10", "ACTIVE"),
        ("09:50", "10:40", "Room 111", "Spanish 10", "ACTIVE"),
        ("10:45", "11:35", "Room 112", "Health 10", "ACTIVE"),
        ("12:10", "13:00", "Room 107", "Mathematics 10", "ACTIVE"),
        ("13:05", "13:55", "Room 108", "English 10", "ACTIVE"),
        ("14:05", "14:50", "Auditorium", "Choir", "ADDED"),
    ]
    assert day["meetings"][-1]["addedOn"] == "2026-11-17"
    assert all(len(meeting["teachers"]) >= 1 for meeting in day["meetings"])


async def test_a_b_day_has_another_order_and_another_room(world: World) -> None:
    eldest, _, youngest = await schedules(world, on="2026-11-24")
    (day,) = eldest["days"]
    assert day["dayName"] == "B Day"
    assert [m["period"] for m in day["meetings"]] == [f"Period {n}" for n in (4, 5, 6, 1, 2, 3)]
    assert day["meetings"][3]["room"] == "Lab 1"
    assert youngest["days"][0]["dayName"] == "Tuesday"


async def test_a_wednesday_starts_late_at_one_school_and_not_at_the_other(world: World) -> None:
    eldest, _, youngest = await schedules(world, on="2026-11-18")
    assert (eldest["days"][0]["bellSchedule"], youngest["days"][0]["bellSchedule"]) == ("Late start", None)
    assert [m["startsAt"] for m in eldest["days"][0]["meetings"]] == [
        "10:00", "10:40", "11:20", "12:30", "13:10", "13:50",
    ]  # fmt: skip
    assert youngest["days"][0]["meetings"][0]["startsAt"] == "08:30"


@pytest.mark.parametrize(
    ("on", "reason"),
    [("2026-11-10", "Snow day"), ("2026-11-26", "Thanksgiving break"), ("2026-11-28", None), ("2027-07-15", None)],
)
async def test_a_day_without_school_says_why_and_holds_nothing(world: World, on: str, reason: str | None) -> None:
    for schedule in await schedules(world, on=on):
        (day,) = schedule["days"]
        assert (day["date"], day["isSchoolDay"], day["reason"], day["meetings"]) == (on, False, reason, [])


async def test_the_rotation_goes_on_behind_a_snow_day_where_it_stood(world: World) -> None:
    told = [(await schedules(world, on=f"2026-11-{day:02}"))[0]["days"][0]["dayName"] for day in (9, 10, 11)]
    assert told == ["B Day", "Tuesday", "A Day"]


async def test_a_grid_has_the_days_of_the_rotation_and_what_was_dropped_with_its_date(world: World) -> None:
    quarter, next_one = await terms(world, "Quarter 1"), await terms(world, "Quarter 2")
    first, *_ = await schedules(world, term=quarter)
    assert [(day["date"], day["dayName"]) for day in first["days"]] == [(None, "A Day"), (None, "B Day")]
    dropped = [m for day in first["days"] for m in day["meetings"] if m["status"] == "DROPPED"]
    assert [(m["course"]["title"], m["droppedOn"]) for m in dropped] == [("Spanish 6", "2026-09-08")] * 2
    second, *_ = await schedules(world, term=next_one)
    told = [(m["course"]["title"], m["status"]) for m in second["days"][0]["meetings"]]
    assert ("Choir", "ADDED") in told
    assert "Spanish 6" not in dict(told)


async def terms(world: World, name: str, at: int = 0) -> str:
    told = await world.data("{ me { students { terms { id name } } } }", guardian=world.guardian("parent"))
    return str(next(term["id"] for term in told["me"]["students"][at]["terms"] if term["name"] == name))


async def test_the_grid_of_a_school_that_goes_by_weekdays_has_weekdays(world: World) -> None:
    _, _, youngest = await schedules(world, term=await terms(world, "Quarter 2", at=2))
    assert {day["dayName"]: [m["course"]["title"] for m in day["meetings"]] for day in youngest["days"]} == {
        "Monday": ["Reading 2", "Writing 2", "Mathematics 2", "Science 2"],
        "Tuesday": ["Reading 2", "Writing 2", "Mathematics 2", "Social Studies 2", "Art and Music 2"],
        "Wednesday": ["Reading 2", "Writing 2", "Mathematics 2", "Science 2"],
        "Thursday": ["Reading 2", "Writing 2", "Mathematics 2", "Social Studies 2", "Art and Music 2"],
        "Friday": ["Reading 2", "Writing 2", "Mathematics 2", "Science 2"],
    }


async def test_a_term_of_another_school_has_no_grid_here(world: World) -> None:
    _, _, youngest = await schedules(world, term=await terms(world, "Quarter 2"))
    assert youngest["days"] == []


async def test_kindergarten_to_grade_five_bears_the_notice_and_nobody_else(world: World) -> None:
    told = await schedules(world)
    assert [schedule["notice"] and schedule["notice"]["code"] for schedule in told] == [
        None,
        None,
        "K5_SCHEDULE_NOT_ACCURATE",
    ]
    assert "not an accurate reflection of a student's day" in told[2]["notice"]["text"]
    assert "grading purposes" in told[2]["notice"]["text"]


async def test_the_notice_is_in_the_language_that_the_family_prefers(world: World) -> None:
    guardian = world.guardian("parent")
    ((before,),) = world.rows("select preferred_language from guardian where id = ?", guardian)
    for language, word in (("es-MX", "Los horarios"), ("fr", "Schedules"), (None, "Schedules")):
        world.change("update guardian set preferred_language = ? where id = ?", language, guardian)
        assert (await schedules(world))[2]["notice"]["text"].startswith(word)
    world.change("update guardian set preferred_language = ? where id = ?", before, guardian)


async def test_a_date_and_a_term_are_not_both_taken(world: World) -> None:
    answer = await world.ask(
        STUDENTS, guardian=world.guardian("parent"), on="2026-11-23", term=await terms(world, "Quarter 1")
    )
    assert answer.errors is not None
    assert answer.errors[0].message.startswith("`date` and `termId` are both given")


async def test_today_is_that_of_the_school_and_not_of_the_district(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    school = world.rows("select school_id from school_enrollment where student_id = ?", world.student("parent"))[0][0]
    try:
        for zone, expected in (("Pacific/Auckland", "2026-11-24"), ("America/New_York", "2026-11-23")):
            world.change("update school set time_zone = ? where id = ?", zone, school)
            told = await schedules(world)
            assert told[0]["days"][0]["date"] == expected
            assert told[2]["days"][0]["date"] == "2026-11-23"
        monkeypatch.setattr(world.source, "_now", lambda: datetime(2026, 11, 24, 5, 30, tzinfo=UTC))
        world.change("update school set time_zone = 'Pacific/Honolulu' where id = ?", school)
        assert [each["days"][0]["date"] for each in await schedules(world)][::2] == ["2026-11-23", "2026-11-24"]
    finally:
        world.change("update school set time_zone = 'America/New_York' where id = ?", school)


async def test_an_answer_may_be_given_again_until_midnight_where_the_school_is(world: World) -> None:
    student = world.student("parent")
    ((school,),) = world.rows("select distinct school_id from school_enrollment where student_id = ?", student)
    document = "query ($id: ID!) { student(id: $id) { schedule { days { date meetings { period } } } } }"
    prepared = ENGINE.prepare(GraphQLRequest(document, variables={"id": node_id("Student", student)}))
    try:
        for zone, hour in (("Pacific/Auckland", 11), ("America/New_York", 5)):
            world.change("update school set time_zone = ? where id = ?", zone, school)
            context = world.context(world.guardian("parent"))
            assert not (await ENGINE.execute(prepared, context)).errors
            assert context.fresh_until == datetime(2026, 11, 24, hour, tzinfo=UTC)
            assert not context.volatile
    finally:
        world.change("update school set time_zone = 'America/New_York' where id = ?", school)


@pytest.mark.parametrize("case", ["parent", "four_children", "large_family", "kindergartner"])
async def test_any_number_of_children_takes_two_statements_for_a_day(world: World, case: str) -> None:
    guardian = world.guardian(case)
    document = "{ me { students { schedule { days { date meetings { period startsAt } } } } } }"
    await world.serve("{ me { students { name } } }", guardian)  # who is who is remembered from here on
    world.recorded.statements.clear()
    await world.serve(document, guardian)
    sent = [sql for sql, _ in world.recorded.statements if "calendar_day" in sql or "from meeting" in sql]
    assert len(sent) == 2
    assert len(world.recorded.statements) <= 3


async def test_a_source_without_meetings_closes_the_area(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told = await without(world, monkeypatch, "meeting")
    for student in told["me"]["students"]:
        assert student["schedule"] is None
        assert {"area": "SCHEDULE", "state": "CLOSED", "reason": "NOT_PROVIDED"} in student["areas"]


async def test_a_source_without_bells_keeps_its_usual_hours(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told = await without(world, monkeypatch, "bell_period", document=STUDENTS, on="2026-11-18")
    (day,) = told["me"]["students"][0]["schedule"]["days"]
    assert (day["dayName"], day["bellSchedule"], day["meetings"][0]["startsAt"]) == ("B Day", None, "08:00")


async def test_a_source_without_calendar_goes_by_weekdays(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told = await without(world, monkeypatch, "calendar_day", document=STUDENTS, on="2026-11-26")
    eldest, _, youngest = [student["schedule"]["days"][0] for student in told["me"]["students"]]
    assert (youngest["isSchoolDay"], youngest["dayName"], len(youngest["meetings"])) == (True, "Thursday", 5)
    assert eldest["meetings"] == []  # without a calendar nobody knows which day of the rotation it is
    told = await without(world, monkeypatch, "calendar_day", document=STUDENTS, on="2026-11-28")
    assert not told["me"]["students"][0]["schedule"]["days"][0]["isSchoolDay"]


async def without(
    world: World, monkeypatch: pytest.MonkeyPatch, relation: str, document: str = AREAS, **variables: Any
) -> Any:
    home = load_adapter("home")
    selects = {name: select for name, select in home.selects.items() if name != relation}
    relations = Relations(replace(home, selects=selects), Dialect.SQLITE)
    source = Source(relations, world.recorded, lambda: noon(TODAY))
    monkeypatch.setattr(world, "source", source)
    return await world.data(document, guardian=world.guardian("parent"), **variables)


async def test_nobody_elses_child_has_a_schedule(world: World) -> None:
    told = await world.data("{ me { students { id } } }", guardian=world.guardian("four_children"))
    stranger = told["me"]["students"][0]["id"]
    document = "query ($id: ID!) { student(id: $id) { schedule { days { date } } } }"
    assert await world.data(document, guardian=world.guardian("parent"), id=stranger) == {"student": None}
