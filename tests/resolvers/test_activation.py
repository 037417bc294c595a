"""Activation keys: how they are made and read, that every one that opens nothing looks alike, and who may show one."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from loaders.errors import ConstraintBroken
from loaders.portal.activation_keys import NewKey
from loaders.portal.portal_requests import KeyDelivery
from resolvers.context import Context
from resolvers.errors import BadUserInput, RateLimited
from resolvers.portal.activation_key import ALPHABET, LENGTH, key_hash, new_key, read_key, shown
from resolvers.portal.key_delivery import IssueKey, KeyIssued, issue_activation_key
from resolvers.portal.problems import ProblemCode, Refused
from resolvers.portal.redeeming import RECOVERY, Redeemed, redeem_activation_key
from tests.office import ADDRESS, DANA, MARISOL, MONTH, ask, everything, issued, nobody, office, opened
from tests.portal import House, empty_place, open_house
from tests.timing import compare
from tests.world import World, open_world

REDEEM = """mutation ($key: String!) { redeemActivationKey(key: $key) {
  ... on RedeemActivationKeySuccess { name accountExists help { code } }
  ... on Problems { problems { code message path } } } }"""

ISSUE = """mutation ($in: IssueKeyInput!) { issueActivationKey(input: $in) {
  ... on IssueKeySuccess { delivery expiresAt letterJob { jobId } }
  ... on Problems { problems { code path } } } }"""


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students."""
    made = await open_world(Path(tmp_path_factory.mktemp("keys")) / "district.db", 25)
    yield made
    await made.recorded.reads.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        yield house


def test_a_key_has_130_random_bits_in_groups() -> None:
    keys = {new_key() for _ in range(200)}
    assert len(keys) == 200
    assert len(set(ALPHABET)) == 32
    assert LENGTH * 5 == 130
    for key in keys:
        assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{6}", shown(key))
        assert read_key(shown(key)) == key


_SPACES = st.text(alphabet=" \u00a0\u2009\t\n-\u2010\u2013\u2014\u2212\u200b\u00ad", max_size=2)


@given(st.text(alphabet=ALPHABET, min_size=LENGTH, max_size=LENGTH), st.data())
def test_a_key_is_read_however_it_is_cased_spaced_dashed_and_mistaken(key: str, data: st.DataObject) -> None:
    typed = ""
    for character in key:
        same = {"0": "0Oo", "1": "1IilL"}.get(character, character + character.lower() + chr(ord(character) + 0xFEE0))
        typed += data.draw(_SPACES) + data.draw(st.sampled_from(same))
    typed += data.draw(_SPACES)
    assert read_key(typed) == key
    assert key_hash(typed) == key_hash(key)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_key_or_none_and_always_hashes(typed: str) -> None:
    read = read_key(typed)
    assert read is None or (len(read) == LENGTH and set(read) <= set(ALPHABET))
    assert len(key_hash(typed)) == 64


@pytest.mark.parametrize("typed", ["", "U" * 26, "A" * 25, "A" * 27, "A" * 10_000, "\ud800" * 26, "Ä" * 26, "é" * 26])
def test_what_is_no_key_is_none(typed: str) -> None:
    assert read_key(typed) is None


async def dead_keys(house: House) -> dict[str, str]:
    """A key of each kind that opens nothing, by its kind."""
    used, replaced, expired = await issued(house, "1001"), await issued(house, "1002"), await issued(house, "1003")
    await issued(house, "1002")
    async with house.writer.transaction() as transaction:
        await transaction.execute(
            "update activation_key set used_at = :now_at, account_id = (select min(id) from account) "
            "where guardian_id = '1001'",
            {"now_at": house.clock.now()},
        )
        await transaction.execute(
            "update activation_key set expires_at = :now_at where guardian_id = '1003'", {"now_at": house.clock.now()}
        )
    return {"unknown": shown(new_key()), "unreadable": "U?", "used": used, "replaced": replaced, "expired": expired}


async def test_unknown_used_replaced_expired_and_unreadable_keys_look_the_same(house: House, world: World) -> None:
    answers, trails = set(), set()
    for kind, key in (await dead_keys(house)).items():
        before = await everything(house)
        answer = await ask(nobody(house, world.source), REDEEM, key=key)
        answers.add(repr((answer.data, answer.errors)))
        assert await everything(house) == before, kind
        trails.add((await house.trail())[-1])
    assert len(answers) == 1
    assert "KEY_NOT_VALID" in answers.pop()
    assert trails == {("stranger", "ACTIVATION_KEY_REFUSED", "activation_key")}


@dataclass
class _Told:
    """A store whose statements are written down, in the order in which they were sent."""

    inner: Any
    said: list[str]

    async def rows(self, sql: str, params: Any = None) -> Any:
        """The rows."""
        self.said.append(sql)
        return await self.inner.rows(sql, params)

    def transaction(self) -> Any:
        """The transaction."""
        self.said.append("transaction")
        return self.inner.transaction()


async def test_every_refused_key_takes_the_same_work(
    house: House, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = set()
    for key in (await dead_keys(house)).values():
        context = nobody(house, world.source)
        told = _Told(house.portal.writer, [])
        object.__setattr__(house.portal, "writer", told)
        asked = len(world.recorded.statements)
        try:
            assert isinstance(await redeem_activation_key(context, key), Refused)
        finally:
            object.__setattr__(house.portal, "writer", told.inner)
        works.add((*told.said, len(world.recorded.statements) - asked))
    assert len(works) == 1


async def test_the_clock_tells_no_refused_key_from_another(house: House, world: World) -> None:
    keys = await dead_keys(house)

    def tried(kind: str) -> Callable[[int], Awaitable[object]]:
        # Each from an address of its own, or the throttle would answer.
        return lambda n: redeem_activation_key(nobody(house, world.source, f"{kind} {n}"), keys[kind])

    for kind in ("used", "replaced", "expired", "unreadable"):
        verdict = await compare(tried("unknown"), tried(kind), samples=60)
        assert not verdict.apart, (kind, verdict)


async def test_a_living_key_says_for_whom_it_is_and_is_not_used_up(house: House, world: World) -> None:
    key = await issued(house)
    before = await everything(house)
    for _ in range(12):
        answer = await redeem_activation_key(nobody(house, world.source), key.lower())
        assert answer == Redeemed("Dana Porter", False, None)
    assert await everything(house) == before


async def test_who_has_an_account_is_told_so_on_a_living_key_alone_and_shown_the_way(
    house: House, world: World
) -> None:
    await house.account("dana", DANA)
    key = await issued(house)
    assert await redeem_activation_key(nobody(house, world.source), key) == Redeemed("Dana Porter", True, RECOVERY)
    answer = await ask(nobody(house, world.source), REDEEM, key=key)
    assert answer.data == {
        "redeemActivationKey": {"name": "Dana Porter", "accountExists": True, "help": {"code": "FORGOT_PASSWORD"}}
    }


async def test_ten_refused_keys_in_ten_minutes_close_an_address_and_no_other(house: House, world: World) -> None:
    key = await issued(house)
    for _ in range(10):
        assert isinstance(await redeem_activation_key(nobody(house, world.source), "x"), Refused)
    verified = len(house.hasher.verified)
    for tried in ("x", key):
        with pytest.raises(RateLimited) as caught:
            await redeem_activation_key(nobody(house, world.source), tried)
        assert caught.value.retry_after == 60
        with pytest.raises(RateLimited):
            await opened(house, world.source, tried)
    assert len(house.hasher.verified) == verified
    assert isinstance(await redeem_activation_key(nobody(house, world.source, "203.0.113.5"), key), Redeemed)
    house.clock.pass_by(minutes=1)
    assert isinstance(await redeem_activation_key(nobody(house, world.source, ADDRESS), key), Redeemed)


async def test_an_operation_shows_one_key(house: House, world: World) -> None:
    context = nobody(house, world.source)
    await redeem_activation_key(context, "x")
    with pytest.raises(BadUserInput):
        await redeem_activation_key(context, "y")


async def test_a_key_dies_after_thirty_days_to_the_second(house: House, world: World) -> None:
    key = await issued(house)
    house.clock.pass_by(seconds=MONTH.total_seconds() - 1)
    assert isinstance(await redeem_activation_key(nobody(house, world.source), key), Redeemed)
    house.clock.pass_by(seconds=1)
    assert isinstance(await redeem_activation_key(nobody(house, world.source), key), Refused)


async def test_reissue_ends_the_key_before(house: House, world: World) -> None:
    first = await issued(house)
    second = await issued(house)
    other = await issued(house, MARISOL)
    assert isinstance(await redeem_activation_key(nobody(house, world.source), first), Refused)
    for key in (second, other):
        assert isinstance(await redeem_activation_key(nobody(house, world.source), key), Redeemed)


async def test_the_store_itself_holds_no_two_living_keys_of_a_guardian(house: House) -> None:
    await issued(house)
    with pytest.raises(ConstraintBroken):
        async with house.writer.transaction() as transaction:
            await transaction.execute(
                "insert into activation_key (key_hash, guardian_id, issued_at, expires_at) "
                "values ('x', :guardian, :now_at, :now_at)",
                {"guardian": DANA, "now_at": house.clock.now()},
            )
    assert NewKey.__dataclass_fields__.keys().isdisjoint({"key", "text"})


async def test_the_office_issues_a_key_which_is_in_the_mail_and_in_no_answer(house: House, world: World) -> None:
    desk = await office(house, world.source)
    answer = await ask(desk, ISSUE, **{"in": {"guardianId": DANA, "delivery": "EMAIL"}})
    assert answer.errors is None
    assert answer.data == {
        "issueActivationKey": {"delivery": "EMAIL", "expiresAt": "2026-12-23T12:00:00Z", "letterJob": None}
    }
    ((address, _, text),) = await house.mail()
    assert address == "dana.porter.3@example.org"
    key = text.split("\n\n")[2]
    assert isinstance(await redeem_activation_key(nobody(house, world.source), key), Redeemed)
    assert await stored(house, key) == []


async def test_without_an_address_there_is_no_key_by_mail(house: House, world: World) -> None:
    desk = await office(house, world.source)
    answer = await issue_activation_key(desk, IssueKey(MARISOL, KeyDelivery.EMAIL))
    assert isinstance(answer, Refused)
    assert [problem.code for problem in answer.problems] == [ProblemCode.EMAIL_NEEDED]
    assert (await everything(house))["activation_key"] == []


async def test_of_two_keys_issued_at_once_one_lives(house: House, world: World) -> None:
    contexts: list[Context] = [await office(house, world.source) for _ in range(2)]
    answers = await asyncio.gather(
        *(issue_activation_key(context, IssueKey(DANA, KeyDelivery.EMAIL)) for context in contexts)
    )
    assert all(isinstance(answer, KeyIssued) for answer in answers)
    assert await house.count("select count(*) as n from activation_key where revoked_at is null") == 1


async def stored(house: House, key: str) -> list[str]:
    """The tables in which a key stands readable, in whatever form; there should be none."""
    forms = {key, key.replace("-", ""), key.lower(), key.replace("-", "").lower()}
    found = await everything(house)
    found["audit"] = [dict(row) for row in await house.writer.rows("select * from audit")]
    return [name for name, rows in found.items() if any(form in repr(rows) for form in forms)]
