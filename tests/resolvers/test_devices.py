"""Devices on both engines: which log-in is told by mail, and by what a device is known."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from loaders.portal.devices import forget_devices
from resolvers.context import Caller, ClientKind, Context
from resolvers.portal.devices import KEPT, remember_device
from resolvers.portal.sessions import LoggedIn, LogIn, log_in
from resolvers.portal.tokens import token_hash
from tests.portal import PASSWORD, House, empty_place, open_house
from tests.world import World, open_world

DANA = "3"
TOLD = ("dana.porter.3@example.org", "A log-in from a new device")


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students, where Dana Porter has an e-mail address."""
    made = await open_world(Path(tmp_path_factory.mktemp("devices")) / "district.db", 25)
    yield made
    await made.recorded.reads.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        await house.account("dana", DANA)
        yield house


async def entered(
    house: House,
    world: World,
    client: ClientKind = ClientKind.MOBILE,
    *,
    device_id: str | None = None,
    agent: str = "",
    cookie: str | None = None,
) -> str | None:
    """Logs in, and says what the browser is to be known by."""
    context = Context(world.source, None, Caller(user_agent=agent, device=cookie), house.portal, None)
    order = LogIn("dana", PASSWORD, client, None, device_id)
    done = await log_in(house.portal, order, context.caller, context.reply)
    assert isinstance(done, LoggedIn)
    remember_device(context, order, done)
    await house.portal.errands.done()
    return context.reply.device_cookie


async def told(house: House) -> list[tuple[str, str]]:
    return [(to, subject) for to, subject, _ in await house.mail()]


async def test_the_first_device_ever_is_no_news(house: House, world: World) -> None:
    assert await entered(house, world, device_id="a") is None
    assert await told(house) == []


async def test_another_one_is_told_once(house: House, world: World) -> None:
    for device in ("a", "b", "b", "a"):
        await entered(house, world, device_id=device)
    assert await told(house) == [TOLD]
    assert await house.count("select count(*) as n from known_device") == 2
    rows = await house.writer.rows("select known_device_id as device from session order by id")
    first, second = rows[0]["device"], rows[1]["device"]
    assert [row["device"] for row in rows] == [first, second, second, first]


async def test_a_browser_is_known_by_its_cookie_whatever_it_calls_itself(house: House, world: World) -> None:
    cookie = await entered(house, world, ClientKind.WEB, agent="Firefox 145")
    assert cookie is not None
    assert await entered(house, world, ClientKind.WEB, agent="Firefox 146", cookie=cookie) == cookie
    assert await told(house) == []
    other = await entered(house, world, ClientKind.WEB, agent="Firefox 146")
    assert other != cookie
    ((_, _, text),) = await house.mail()
    assert "Firefox 146" in text
    kept = [row["device_hash"] for row in await house.writer.rows("select device_hash from known_device order by id")]
    assert kept == [token_hash(cookie), token_hash(other or "")]


async def test_a_cookie_that_is_none_of_ours_is_replaced(house: House, world: World) -> None:
    for given in ("short", "x" * 44, "\ud800"):
        new = await entered(house, world, ClientKind.WEB, cookie=given)
        assert new is not None
        assert new != given


async def test_an_app_without_an_id_is_known_by_what_it_calls_itself(house: House, world: World) -> None:
    for agent in ("App 1", "App 1", "App 2"):
        await entered(house, world, agent=agent)
    assert await told(house) == [TOLD]


async def test_what_was_not_seen_for_400_days_is_forgotten(house: House, world: World) -> None:
    await entered(house, world, device_id="a")
    house.clock.pass_by(days=400, seconds=1)
    await entered(house, world, device_id="b")
    async with house.writer.transaction() as transaction:
        assert await forget_devices(transaction, house.clock.now() - KEPT) == 1
        assert await forget_devices(transaction, house.clock.now() - KEPT - timedelta(days=1)) == 0
    assert await house.count("select count(*) as n from known_device") == 1
