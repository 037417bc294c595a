"""For whom a proxy asks: its fields count, and only from where it is trusted."""

from typing import Any

import pytest

from gateway.serving import configure


async def address(headers: list[tuple[bytes, bytes]], client: str = "127.0.0.1") -> tuple[Any, Any]:
    """The client and the scheme that the application is told."""
    told: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        told.append((scope["client"], scope["scheme"]))

    config = configure(app)
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


async def test_the_trusted_proxies_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "198.51.100.9")
    assert await address([(b"x-forwarded-for", b"203.0.113.7")], client="198.51.100.9") == (("203.0.113.7", 0), "http")
