"""The page and its files over HTTP: headers, types, caching, and nothing beyond the list."""

import re
from collections.abc import AsyncIterator

import pytest
from httpx2 import ASGITransport, AsyncClient

from gateway.pages.graphiql import (
    FROM_PACKAGE,
    MEDIA_TYPES,
    OUR_OWN,
    STATIC_PATH,
    GraphiQLMissing,
    from_package,
    graphiql_page,
    static_files,
)
from tests.gateway.graphiql_stand_in import gateway


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(gateway), base_url="http://127.0.0.1") as opened:
        yield opened


async def test_the_page_carries_its_policy_and_is_never_stored(client: AsyncClient) -> None:
    first, second = await client.get("/graphql"), await client.get("/graphql")
    nonces = [re.findall(r'nonce="([^"]+)"', answer.text) for answer in (first, second)]
    assert [len(found) for found in nonces] == [1, 1]
    assert nonces[0] != nonces[1]
    assert first.headers["content-security-policy"] == (
        f"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonces[0][0]}'; connect-src 'self'; "
        "img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    expected = {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "x-frame-options": "DENY",
    }
    assert {name: first.headers[name] for name in expected} == expected
    assert re.findall(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=", first.text) == []


async def test_an_endpoint_cannot_break_out_of_the_page() -> None:
    page = graphiql_page('/g"><script>$nonce')
    async with AsyncClient(transport=ASGITransport(page), base_url="http://127.0.0.1") as client:
        text = (await client.get("/")).text
    assert 'content="/g&quot;&gt;&lt;script&gt;$nonce"' in text


async def test_head_tells_what_get_would_and_sends_no_body(client: AsyncClient) -> None:
    name = f"{STATIC_PATH}/{static_files().version}/graphiql.min.js"
    for path in ("/graphql", name):
        whole, head = await client.get(path), await client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        for header in ("content-type", "content-length", "cache-control"):
            assert head.headers[header] == whole.headers[header]


@pytest.mark.parametrize("name", [*FROM_PACKAGE, *OUR_OWN])
async def test_a_file_is_served_whole_with_its_type_and_for_ever(client: AsyncClient, name: str) -> None:
    url = f"{STATIC_PATH}/{static_files().version}/{name}"
    content = static_files().by_name[name].content
    plain = await client.get(url, headers={"accept-encoding": "identity"})
    packed = await client.get(url, headers={"accept-encoding": "br;q=1, GZIP;q=0.5"})
    refused = await client.get(url, headers={"accept-encoding": "gzip;q=0.0"})
    assert (plain.content, packed.content, refused.content) == (content, content, content)
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in refused.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(content)
    assert plain.headers["content-type"] == MEDIA_TYPES[name.rpartition(".")[2]]
    assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert plain.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "fetch.umd.js",
        "graphiql.html",
        "graphiql.py",
        "",
        "..%2fgraphiql.py",
        "..%2f..%2f..%2fviews.py",
        "HOMEROOM.JS",
        "x%00",
    ],
)
async def test_nothing_but_the_files_of_the_page_is_served(client: AsyncClient, path: str) -> None:
    assert (await client.get(f"{STATIC_PATH}/{static_files().version}/{path}")).status_code == 404


async def test_another_version_is_not_there_and_a_file_takes_no_post(client: AsyncClient) -> None:
    assert (await client.get(f"{STATIC_PATH}/{'0' * 16}/homeroom.js")).status_code == 404
    assert (await client.post(f"{STATIC_PATH}/{static_files().version}/homeroom.js")).status_code == 405


def test_a_package_that_is_not_whole_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GraphiQLMissing, match=r"^graphiql\.js of GraphiQL is not there: install graphene-django-"):
        from_package("graphiql.js")
    monkeypatch.setattr("gateway.pages.graphiql.PACKAGE", "homeroom-no-such-package")
    with pytest.raises(GraphiQLMissing, match="install homeroom-no-such-package again"):
        from_package("graphiql.min.js")
