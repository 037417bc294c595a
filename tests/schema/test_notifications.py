"""Rules, settings and the list of notifications as clients have them, and nobody else's by any id."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from strawberry.types import ExecutionResult

from gateway.execution.documents import GraphQLRequest
from loaders.ids import node_id
from loaders.portal.access_rules import Switch, SwitchReason
from resolvers.notifications.rules import AREAS, DEFAULTS, OWN_KINDS, NotificationKind
from schema.api import schema
from tests.notifications import AFTERNOON, FATHER, MOTHER, PUPIL, SISTER, Told, open_told
from tests.world import ENGINE

RULES = """{ me { notificationRules { kind mode channels threshold direction daysAhead isDefault student { id } } } }"""
SET = """mutation ($input: NotificationRuleInput!) { setNotificationRule(input: $input) {
  ... on NotificationRuleSuccess { rule { kind mode channels threshold direction daysAhead isDefault student { id } } }
  ... on Problems { problems { code path } } } }"""
HABITS = "quietFrom quietUntil timeZone holdInSchoolHours showDetail digestAt digestWeekday"
SETTINGS = f"{{ me {{ notificationSettings {{ {HABITS} }} }} }}"
SET_SETTINGS = f"""mutation ($input: NotificationSettingsInput!) {{ setNotificationSettings(input: $input) {{
  ... on NotificationSettingsSuccess {{ settings {{ {HABITS} }} }}
  ... on Problems {{ problems {{ code path }} }} }} }}"""
LIST = """query ($first: Int, $after: String, $unread: Boolean) { me { unreadNotificationCount
  notifications(first: $first, after: $after, unread: $unread) { totalCount pageInfo { hasNextPage endCursor }
  nodes { id kind text count corrects subjectIds read readAt toldAt student { id } } } } }"""
MARK = """mutation ($ids: [ID!]!, $read: Boolean! = true) { markNotificationsRead(ids: $ids, read: $read) {
  ... on MarkNotificationsReadSuccess { marked unreadNotificationCount } } }"""


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[Told]:
    async with open_told(tmp_path) as made:
        yield made


async def ask(told: Told, guardian: int, document: str, **variables: Any) -> Any:
    """The data of an answer without errors; a query must be answered alike by both executors."""
    answer = await schema.execute(document, variable_values=variables, context_value=told.context(guardian))
    assert isinstance(answer, ExecutionResult)
    assert answer.errors is None, answer.errors
    if not document.startswith("mutation"):
        prepared = ENGINE.prepare(GraphQLRequest(document, variables=variables))
        served = await ENGINE.execute(prepared, told.context(guardian))
        assert orjson.dumps(served.data) == orjson.dumps(answer.data)
    return answer.data


async def put(told: Told, guardian: int = MOTHER, **given: Any) -> Any:
    """What setting a rule answers: the rule, or the codes of what is wrong with it."""
    done = (await ask(told, guardian, SET, input=given))["setNotificationRule"]
    return done["rule"] if "rule" in done else [each["code"] for each in done["problems"]]


async def test_a_default_holds_for_every_kind_until_a_rule_is_set_for_one_or_for_all(told: Told) -> None:
    rules = (await ask(told, MOTHER, RULES))["me"]["notificationRules"]
    students = list(dict.fromkeys(rule["student"]["id"] for rule in rules if rule["student"]))
    assert {node_id("Student", PUPIL), node_id("Student", SISTER)} <= set(students)
    assert len(rules) == len(students) * len(AREAS) + len(OWN_KINDS)
    for rule in rules:
        usual = DEFAULTS[NotificationKind(rule["kind"])]
        assert (rule["mode"], rule["daysAhead"], rule["isDefault"]) == (usual.mode.value, usual.days_ahead, True)
        assert set(rule["channels"]) == {channel.value for channel in usual.channels}
    pupil, sister = node_id("Student", PUPIL), node_id("Student", SISTER)
    line: dict[str, Any] = {"kind": "GRADE_CROSSED", "mode": "INSTANT", "threshold": "70.00", "direction": "BELOW"}
    own = await put(told, **line, studentId=pupil, channels=["INBOX", "PUSH"])
    assert own["channels"] == ["PUSH", "INBOX"]
    assert (own["threshold"], own["direction"], own["student"]["id"]) == ("70.00", "BELOW", pupil)

    async def lines(guardian: int = MOTHER) -> dict[str, str | None]:
        found = (await ask(told, guardian, RULES))["me"]["notificationRules"]
        return {rule["student"]["id"]: rule["threshold"] for rule in found if rule["kind"] == "GRADE_CROSSED"}

    assert (await lines())[pupil] == "70.00"
    assert (await lines())[sister] is None
    # One for all takes the place of those about single ones; taken back, the default holds.
    assert (await put(told, **{**line, "threshold": "60"}))["student"] is None
    assert set((await lines()).values()) == {"60"}
    assert (await put(told, kind="GRADE_CROSSED", studentId=pupil, mode="OFF"))["mode"] == "OFF"
    assert ((await lines())[pupil], (await lines())[sister]) == (None, "60")
    await put(told, kind="GRADE_CROSSED", studentId=pupil)
    assert (await lines())[pupil] == "60"
    assert (await put(told, kind="GRADE_CROSSED"))["isDefault"]
    assert set((await lines(FATHER)).values()) == {None}


async def test_what_cannot_be_a_rule_or_a_setting_is_refused_with_its_place_and_changes_nothing(told: Told) -> None:
    stranger = node_id("Student", 4)
    line = {"kind": "GRADE_CROSSED", "mode": "INSTANT"}
    refused: list[tuple[dict[str, Any], list[str]]] = [
        ({"kind": "MESSAGE", "mode": "OFF", "studentId": node_id("Student", PUPIL)}, ["STUDENT_NOT_TAKEN"]),
        ({"kind": "ATTENDANCE", "mode": "OFF", "studentId": stranger}, ["STUDENT_NOT_FOUND"]),
        ({"kind": "ATTENDANCE", "mode": "OFF", "studentId": node_id("Student", 999_999)}, ["STUDENT_NOT_FOUND"]),
        ({"kind": "ATTENDANCE", "mode": "OFF", "studentId": "x"}, ["STUDENT_NOT_FOUND"]),
        ({"kind": "ATTENDANCE", "mode": "DAILY", "channels": []}, ["CHANNELS_MISSING"]),
        (line, ["THRESHOLD_INVALID"]),
        ({**line, "threshold": "70"}, ["THRESHOLD_INVALID"]),
        ({**line, "direction": "ABOVE"}, ["THRESHOLD_INVALID"]),
        ({**line, "threshold": "-1", "direction": "ABOVE"}, ["THRESHOLD_INVALID"]),
        ({**line, "threshold": "1000.1", "direction": "ABOVE"}, ["THRESHOLD_INVALID"]),
        ({"kind": "ATTENDANCE", "mode": "OFF", "threshold": "70", "direction": "ABOVE"}, ["THRESHOLD_INVALID"]),
        ({"kind": "DUE_SOON", "mode": "DAILY", "daysAhead": 15}, ["DAYS_AHEAD_INVALID"]),
        (
            {"kind": "ATTENDANCE", "mode": "DAILY", "daysAhead": 1, "channels": []},
            ["CHANNELS_MISSING", "DAYS_AHEAD_INVALID"],
        ),
    ]
    for given, codes in refused:
        assert await put(told, **given) == codes, given
    usual = (await ask(told, MOTHER, SETTINGS))["me"]["notificationSettings"]
    assert usual == {
        "quietFrom": "21:00",
        "quietUntil": "07:00",
        "timeZone": None,
        "holdInSchoolHours": True,
        "showDetail": False,
        "digestAt": "17:00",
        "digestWeekday": 5,
    }
    refused = [
        ({"quietFrom": "21:00", "quietUntil": None}, ["QUIET_HOURS_INVALID"]),
        ({"quietFrom": "21:00", "quietUntil": "21:00"}, ["QUIET_HOURS_INVALID"]),
        ({"timeZone": "../../etc/passwd", "digestWeekday": 8}, ["TIME_ZONE_UNKNOWN", "WEEKDAY_INVALID"]),
        ({"timeZone": "x" * 10_000}, ["TIME_ZONE_UNKNOWN"]),
    ]
    for given, codes in refused:
        done = (await ask(told, MOTHER, SET_SETTINGS, input=given))["setNotificationSettings"]
        assert [each["code"] for each in done["problems"]] == codes, given
    for table in ("notification_rule", "notification_habit"):
        assert await told.house.count(f"select count(*) as n from {table}") == 0
    given = {
        "quietFrom": None,
        "quietUntil": None,
        "timeZone": "America/Denver",
        "showDetail": True,
        "digestAt": "06:30",
    }
    done = (await ask(told, MOTHER, SET_SETTINGS, input=given))["setNotificationSettings"]["settings"]
    assert done == {**usual, **given}
    assert (await ask(told, MOTHER, SETTINGS))["me"]["notificationSettings"] == done
    assert (await ask(told, FATHER, SETTINGS))["me"]["notificationSettings"] == usual


async def test_the_list_has_what_was_told_newest_first_in_pages_and_is_marked_read_by_its_owner_alone(
    told: Told,
) -> None:
    grades = {student: told.grade(student) for student in (PUPIL, SISTER)}
    for student, grade in grades.items():
        await told.set(grade, 33)
        assert await told.settle() == 2, student
    page = (await ask(told, MOTHER, LIST, first=1))["me"]
    assert (page["unreadNotificationCount"], page["notifications"]["totalCount"]) == (2, 2)
    (newest,) = page["notifications"]["nodes"]
    assert newest["student"]["id"] == node_id("Student", SISTER)
    assert newest["subjectIds"] == [node_id("Grade", SISTER, grades[SISTER])]
    assert (newest["kind"], newest["count"], newest["corrects"], newest["read"]) == ("GRADE_POSTED", 1, False, False)
    assert newest["text"].startswith("A new grade for ")
    after = page["notifications"]["pageInfo"]["endCursor"]
    rest = (await ask(told, MOTHER, LIST, after=after))["me"]["notifications"]
    assert [each["student"]["id"] for each in rest["nodes"]] == [node_id("Student", PUPIL)]
    assert not rest["pageInfo"]["hasNextPage"]
    # Another's, and what is none, are passed over alike.
    ids = [newest["id"], node_id("Notification", 999), node_id("Message", 1), "x", "", newest["id"]]
    assert (await ask(told, FATHER, MARK, ids=ids))["markNotificationsRead"]["marked"] == 0
    done = (await ask(told, MOTHER, MARK, ids=ids))["markNotificationsRead"]
    assert done == {"marked": 1, "unreadNotificationCount": 1}
    first_read = (await ask(told, MOTHER, LIST, unread=False))["me"]["notifications"]["nodes"][0]["readAt"]
    told.forward(hours=1)
    await ask(told, MOTHER, MARK, ids=ids)
    assert (await ask(told, MOTHER, LIST, unread=False))["me"]["notifications"]["nodes"][0]["readAt"] == first_read
    assert len((await ask(told, MOTHER, LIST, unread=True))["me"]["notifications"]["nodes"]) == 1
    done = (await ask(told, MOTHER, MARK, ids=ids, read=False))["markNotificationsRead"]
    assert done == {"marked": 1, "unreadNotificationCount": 2}
    # What is closed now is listed no more, nor counted.
    told.order(Switch(1, None, "GRADES", SwitchReason.SUMMER, AFTERNOON, None, AFTERNOON))
    shut = (await ask(told, MOTHER, LIST))["me"]
    assert (shut["unreadNotificationCount"], shut["notifications"]["nodes"]) == (0, [])
    answer = await schema.execute(MARK, variable_values={"ids": ["x"] * 101}, context_value=told.context(MOTHER))
    assert isinstance(answer, ExecutionResult)
    assert "100 at the most" in str(answer.errors)
