"""Addresses of documents on both stores: for one session, for five minutes, and of several at once for one."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from loaders.portal.document_links import forget_document_links
from resolvers.context import Batch, Context
from resolvers.errors import SecuritySetupRequired
from resolvers.portal.document_links import GOOD_FOR, fetched, first_views_of_documents, take, urls_of_documents
from tests.portal import House, empty_place, open_house
from tests.world import World, open_world

CARDS = [(1, "issued-1"), (1, "issued-2"), (1, "transcript")]


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    made = await open_world(Path(tmp_path_factory.mktemp("links")) / "district.db", 30)
    yield made
    await made.recorded.reads.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        yield house


async def mother(house: House, world: World, *, finished: bool = True) -> Context:
    await house.account("mother", str(world.guardian("parent")), finished=finished)
    return await house.context(world.source, await house.mobile("mother"))


async def tokens(context: Context) -> list[str]:
    return [url.rsplit("/", 1)[1] for url in await urls_of_documents(CARDS, Batch(context))]


async def test_of_many_who_take_a_document_at_once_one_has_it(house: House, world: World) -> None:
    context = await mother(house, world)
    first, second, _ = await tokens(context)
    found = await fetched(context, first)
    assert found is not None
    taken = await asyncio.gather(*(take(context, found) for _ in range(5)))
    assert sorted(taken) == [False, False, False, False, True]
    assert await fetched(context, first) is None
    assert await fetched(context, second) is not None
    assert (await house.trail())[-1] == ("account:1", "DOCUMENT_FETCHED", "document:1:issued-1")


async def test_the_first_view_stays_and_is_the_guardians_own(house: House, world: World) -> None:
    context = await mother(house, world)
    at = house.portal.instant()
    for token in [*(await tokens(context))[:1], *(await tokens(context))[:1]]:
        found = await fetched(context, token)
        assert found is not None
        assert await take(context, found)
        house.clock.pass_by(seconds=30)
    assert await first_views_of_documents(CARDS, Batch(context)) == [at, None, None]
    await house.account("father", str(world.guardian("two_households")))
    father = await house.context(world.source, await house.mobile("father"))
    assert await first_views_of_documents(CARDS, Batch(father)) == [None, None, None]


async def test_an_address_is_good_for_five_minutes_and_then_forgotten(house: House, world: World) -> None:
    context = await mother(house, world)
    (token, *_) = await tokens(context)
    house.clock.pass_by(seconds=GOOD_FOR.total_seconds() - 1)
    assert await fetched(context, token) is not None
    house.clock.pass_by(seconds=1)
    assert await fetched(context, token) is None
    async with house.writer.transaction() as transaction:
        assert await forget_document_links(transaction, house.portal.instant()) == len(CARDS)


async def test_another_session_of_the_same_account_has_nothing(house: House, world: World) -> None:
    context = await mother(house, world)
    (token, *_) = await tokens(context)
    other = await house.context(world.source, await house.mobile("mother"))
    assert await fetched(other, token) is None
    for made_up in ("", "x" * 43, token[:-1], f"{token}x"):
        assert await fetched(context, made_up) is None
    assert await fetched(context, token) is not None


async def test_who_has_not_finished_the_set_up_gets_no_address(house: House, world: World) -> None:
    context = await mother(house, world, finished=False)
    with pytest.raises(SecuritySetupRequired):
        await urls_of_documents(CARDS, Batch(context))
    assert await house.count("select count(*) as n from document_link") == 0


async def test_any_list_of_documents_gets_as_many_addresses_in_its_order(house: House, world: World) -> None:
    context = await mother(house, world)
    keys = [CARDS[n] for n in (2, 0, 2, 1)]
    found = [await fetched(context, url.rsplit("/", 1)[1]) for url in await urls_of_documents(keys, Batch(context))]
    assert [each and each.paper.link_key for each in found] == keys
