"""For whom a proxy asks: its fields count, and only from where it is trusted."""

from typing import Any

import pytest

from gateway.serving import configure
from gateway.settings import SettingsInvalid, load_settings


async def address(
    headers: list[tuple[bytes, bytes]], client: str = "127.0.0.1", trusted: tuple[str, ...] = ("127.0.0.1",)
) -> tuple[Any, Any]:
    """The client and the scheme that the application is told."""
    told: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        told.append((scope["client"], scope["scheme"]))

    config = configure(app, trusted=trusted)
    config.load()
    scope: Any = {"type": "http", "client": (client, 5), "scheme": "http", "headers": headers}
    await config.loaded_app(scope, None, None)
    client_told, scheme = told[0]
    return client_told, scheme


async def test_a_proxy_on_this_machine_is_believed() -> None:
    fields = [(b"host", b"x"), (b"x-forwarded-for", b"203.0.113.7"), (b"x-forwarded-proto", b"https")]
    assert await address(fields) == (("203.0.113.7", 0), "https")


async def test_without_its_fields_the_address_is_the_connections() -> None:
    assert await address([(b"host", b"x")]) == (("127.0.0.1", 5), "http")


async def test_a_stranger_who_says_for_whom_it_asks_is_not_believed() -> None:
    fields = [(b"x-forwarded-for", b"203.0.113.7"), (b"x-forwarded-proto", b"https")]
    assert await address(fields, client="198.51.100.9") == (("198.51.100.9", 5), "http")


async def test_the_trusted_proxies_can_be_named() -> None:
    fields = [(b"x-forwarded-for", b"203.0.113.7")]
    for trusted in ("198.51.100.9", "198.51.100.0/24", "10.0.0.1"):
        found = await address(fields, client="198.51.100.9", trusted=(trusted,))
        believed = trusted != "10.0.0.1"
        assert found[0] == (("203.0.113.7", 0) if believed else ("198.51.100.9", 5))
    assert await address(fields, trusted=("10.0.0.1",)) == (("127.0.0.1", 5), "http")


async def test_of_a_chain_the_last_who_is_no_proxy_of_ours_counts() -> None:
    fields = [(b"x-forwarded-for", b"192.0.2.66, 203.0.113.7, 10.0.0.2")]
    assert (await address(fields, trusted=("127.0.0.1", "10.0.0.0/8")))[0] == ("203.0.113.7", 0)


@pytest.mark.parametrize("text", ["*", "proxy.example.org", "10.0.0.0/33", "10.0.0.1/8", "10.0.0"])
def test_a_proxy_that_is_no_address_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEROOM_TRUSTED_PROXIES", text)
    with pytest.raises(SettingsInvalid, match="HOMEROOM_TRUSTED_PROXIES"):
        load_settings(sis_url="sqlite:///x.db")
