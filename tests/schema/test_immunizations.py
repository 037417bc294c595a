"""Immunizations: each dose in exactly its product's groups, the source's verdicts as they are, and none of ours."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from loaders.contract import EVERY_GROUP, ComplianceStatus, ExemptionKind
from resolvers.immunizations import ImmunizationRecord, record_of
from resolvers.vaccines import FILLS, GROUPS, KNOWN, code_of
from tests.world import TODAY, World, open_world

ASKED = """{ me { students { sourcedId immunizations { status asOf exemption { kind } vaccines {
  group cvx name status nextDueOn exemption { kind from to } doses { number date cvx product valid } } } } } }"""
UNKNOWN = ("999", "998", "x1")
DAYS = st.none() | st.dates(date(2008, 1, 1), TODAY)
CODES = st.none() | st.sampled_from([*FILLS, *UNKNOWN])
NAMES = st.none() | st.sampled_from(["Travel", "Half a dose", "MMR"])
DOSES = st.lists(st.tuples(st.just(1), DAYS, CODES, NAMES, st.none() | st.booleans()), max_size=12)
GIVEN = st.sampled_from([*KNOWN, EVERY_GROUP, "Travel"])
VERDICTS = st.lists(
    st.tuples(st.just(1), GIVEN, st.sampled_from(ComplianceStatus), DAYS, DAYS),
    max_size=6,
    unique_by=lambda row: row[1],
)


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of forty students."""
    made = await open_world(Path(tmp_path_factory.mktemp("immunizations")) / "district.db", 40)
    yield made
    await made.recorded.reads.close()


async def of_case(world: World, case: str) -> Any:
    """The record of a case's student, as its guardian reads it."""
    data = await world.data(ASKED, guardian=world.guardian(case))
    (found,) = [
        each["immunizations"] for each in data["me"]["students"] if int(each["sourcedId"]) == world.student(case)
    ]
    return found


def by_group(record: Any) -> dict[str, Any]:
    return {vaccine["group"]: vaccine for vaccine in record["vaccines"]}


@given(DOSES)
def test_each_dose_stands_in_exactly_the_groups_of_its_product(doses: list[Any]) -> None:
    record = record_of(doses, [], [], TODAY)
    stands = [(vaccine.group, dose.date, dose.cvx) for vaccine in record.vaccines for dose in vaccine.doses]
    expected = [
        (group, day, code_of(code))
        for _, day, code, name, _ in doses
        for group in FILLS.get(code or "", (name or (f"CVX {code}" if code else "Vaccine not named"),))
    ]
    assert sorted(stands, key=str) == sorted(expected, key=str)
    assert all([dose.number for dose in v.doses] == list(range(1, len(v.doses) + 1)) for v in record.vaccines)


@given(DOSES, VERDICTS)
def test_no_verdict_is_made_here(doses: list[Any], verdicts: list[Any]) -> None:
    record = record_of(doses, verdicts, [], TODAY)
    said = {row[1]: row[2] for row in verdicts}
    assert record.status == said.get(EVERY_GROUP, ComplianceStatus.NOT_EVALUATED)
    found = {vaccine.group: vaccine.status for vaccine in record.vaccines}
    assert found == {group: said.get(group, ComplianceStatus.NOT_EVALUATED) for group in found}
    assert set(said) - {EVERY_GROUP} <= set(found)


def test_a_record_of_nothing_says_nothing() -> None:
    assert record_of([], [], [], TODAY) == ImmunizationRecord(ComplianceStatus.NOT_EVALUATED, None, None, [])


def test_every_code_fills_known_groups_and_every_group_is_filled_by_its_own_code() -> None:
    assert {group for groups in FILLS.values() for group in groups} == set(KNOWN)
    assert all(group.id in FILLS[group.cvx] for group in GROUPS)
    assert {code: FILLS[code] for code in ("94", "102", "110", "120", "130", "146")} == {
        "94": ("MMR", "VARICELLA"),
        "102": ("DTAP", "HIB", "HEPB"),
        "110": ("DTAP", "POLIO", "HEPB"),
        "120": ("DTAP", "POLIO", "HIB"),
        "130": ("DTAP", "POLIO"),
        "146": ("DTAP", "POLIO", "HIB", "HEPB"),
    }


@pytest.mark.parametrize(("text", "code"), [("3", "03"), (" 110 ", "110"), ("08", "08"), ("", None), ("x1", "x1")])
def test_a_code_is_read_with_or_without_its_leading_nought(text: str, code: str | None) -> None:
    assert code_of(text) == code


def test_the_exemption_that_holds_today_is_the_one_that_is_told() -> None:
    over = (1, "MMR", ExemptionKind.MEDICAL, None, TODAY - timedelta(days=1))
    holding = (1, "MMR", ExemptionKind.RELIGIOUS, TODAY, None)
    coming = (1, "MMR", ExemptionKind.OTHER, TODAY + timedelta(days=1), None)
    for rows, kind in (([over, holding, coming], ExemptionKind.RELIGIOUS), ([over], ExemptionKind.MEDICAL)):
        (vaccine,) = record_of([], [], rows, TODAY).vaccines
        assert vaccine.exemption is not None
        assert vaccine.exemption.kind is kind


async def test_a_combined_dose_fills_its_several_groups(world: World) -> None:
    groups = by_group(await of_case(world, "next_dose"))
    assert [dose["cvx"] for dose in groups["HEPB"]["doses"]] == ["08", "110", "146", "110"]
    assert [dose["cvx"] for dose in groups["POLIO"]["doses"]] == ["110", "146", "110", "130"]
    assert [dose["cvx"] for dose in groups["VARICELLA"]["doses"]] == ["94", "94"]
    assert (groups["DTAP"]["cvx"], groups["TDAP"]["cvx"]) == ("107", "115")


async def test_what_the_source_says_is_told_as_it_is(world: World) -> None:
    record = await of_case(world, "next_dose")
    groups = by_group(record)
    assert (record["status"], record["asOf"]) == ("IN_PROGRESS", "2026-09-15")
    assert (groups["HEPB"]["status"], groups["HEPB"]["nextDueOn"]) == ("IN_PROGRESS", "2027-01-07")
    assert (groups["POLIO"]["status"], groups["HPV"]["status"]) == ("COMPLIANT", "NOT_EVALUATED")
    assert [dose["valid"] for dose in groups["HPV"]["doses"]] == [True, False]


async def test_an_exemption_has_its_kind_and_its_days(world: World) -> None:
    groups = by_group(await of_case(world, "exempt_student"))
    assert groups["MMR"]["exemption"] == {"kind": "MEDICAL", "from": "2026-08-01", "to": "2027-07-31"}
    assert (groups["MMR"]["status"], groups["MMR"]["doses"], groups["POLIO"]["exemption"]) == ("EXEMPT", [], None)


async def test_a_code_of_no_table_stays_under_its_own_name(world: World) -> None:
    odd = by_group(await of_case(world, "unknown_vaccine"))["Travel vaccine, not listed"]
    assert (odd["cvx"], odd["name"], odd["status"]) == ("999", "Travel vaccine, not listed", "NOT_EVALUATED")


async def test_doses_without_a_verdict_are_not_evaluated(world: World) -> None:
    record = await of_case(world, "not_evaluated")
    assert (record["status"], record["asOf"]) == ("NOT_EVALUATED", None)
    assert {vaccine["status"] for vaccine in record["vaccines"]} == {"NOT_EVALUATED"}
    assert len(record["vaccines"]) > 5


async def test_a_guardian_from_whom_health_is_withheld_reads_no_record(world: World) -> None:
    assert await of_case(world, "withheld_area") is None
