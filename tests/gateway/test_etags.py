"""GET, ETag and 304: what a client has already it is not sent again, and nobody else's cache may keep it."""

from collections.abc import AsyncIterator

import pytest

from tests.gateway.stage import Served, serve
from tests.gateway.wire import ask, post

RESPONSE = "application/graphql-response+json"
VIEWER = {"query": "{ viewer }"}


@pytest.fixture(scope="module", params=[False, True], ids=["asgi", "direct"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    async with serve(secure=True, direct=request.param) as served:
        yield served


@pytest.fixture
def served(server: Served) -> Served:
    server.stage.forget()
    return server


async def test_a_get_has_a_strong_tag_and_whoever_shows_it_gets_304_without_a_body(served: Served) -> None:
    first = await ask(served, "GET", query=VIEWER)
    assert (first.status, first.json()) == (200, {"data": {"viewer": None}})
    tag = first.headers["etag"]
    assert tag[0] == tag[-1] == '"'
    for shown in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = await ask(served, "GET", {"if-none-match": shown}, query=VIEWER)
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["cache-control"] == first.headers["cache-control"] == "private, no-cache"
        assert again.headers["vary"] == first.headers["vary"] == "Accept, Origin, Authorization, Cookie"
        assert again.headers["strict-transport-security"] == "max-age=31536000"
        assert "content-type" not in again.headers
        assert "content-length" not in again.headers
    for shown in ('"other"', tag[:-2] + '"', tag.strip('"')):
        assert (await ask(served, "GET", {"if-none-match": shown}, query=VIEWER)).status == 200


async def test_anothers_tag_does_not_say_that_the_answer_is_the_same(served: Served) -> None:
    tag = (await ask(served, "GET", {"authorization": "Bearer maria"}, query=VIEWER)).headers["etag"]
    other = await ask(served, "GET", {"authorization": "Bearer omar", "if-none-match": tag}, query=VIEWER)
    assert (other.status, other.json()) == (200, {"data": {"viewer": "omar"}})
    assert other.headers["etag"] != tag


async def test_the_media_types_of_one_answer_have_different_tags(served: Served) -> None:
    classic = await ask(served, "GET", query=VIEWER)
    newer = await ask(served, "GET", {"accept": RESPONSE, "if-none-match": classic.headers["etag"]}, query=VIEWER)
    assert (newer.status, newer.body) == (200, classic.body)


async def test_an_error_and_what_comes_by_post_have_no_tag_and_are_not_kept(served: Served) -> None:
    replies = [await ask(served, "GET", {"if-none-match": "*"}, query={"query": text}) for text in ("{ crash }", "{")]
    replies.append(await ask(served, "GET", {"if-none-match": "*"}, query={"query": "{ surrogate }"}))
    replies.append(await post(served, VIEWER, if_none_match="*"))
    for reply in replies:
        assert reply.status == 200
        assert "etag" not in reply.headers
        assert reply.headers["cache-control"] == "no-store"
