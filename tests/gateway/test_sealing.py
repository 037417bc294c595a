"""Seals: only the key opens them, only for their purpose; and where the key comes from."""

import stat
from pathlib import Path

import pytest

from gateway.sealing import SealKeyInvalid, open_sealer, sealer_of
from gateway.settings import load_settings
from resolvers.portal.sealing import NO_KEY, KeyMissing, SealBroken

KEY, OTHER = b"k" * 32, b"o" * 32


def test_what_is_sealed_is_read_by_its_key_for_its_purpose_alone() -> None:
    sealer = sealer_of(KEY)
    sealed = sealer.seal("mail", "Hola, señora\n")
    assert sealer.open("mail", sealed) == "Hola, señora\n"
    assert "Hola" not in sealed
    assert sealer.seal("mail", "Hola, señora\n") != sealed
    changed = sealed[:-3] + ("A" if sealed[-3] != "A" else "B") + sealed[-2:]
    for opener, purpose, text in (
        (sealer_of(OTHER), "mail", sealed),
        (sealer, "totp", sealed),
        (sealer, "mail", changed),
        (sealer, "mail", ""),
        (sealer, "mail", "not sealed"),
    ):
        with pytest.raises(SealBroken):
            opener.open(purpose, text)


def test_a_tag_is_the_same_for_the_same_and_for_nothing_else() -> None:
    tag = sealer_of(KEY).tag("images", "7 cat LIKE")
    assert tag == sealer_of(KEY).tag("images", "7 cat LIKE")
    others = [
        sealer_of(KEY).tag("images", "7 cat DISLIKE"),
        sealer_of(KEY).tag("image", "s\x007 cat LIKE"),
        sealer_of(OTHER).tag("images", "7 cat LIKE"),
    ]
    assert tag not in others


def test_the_key_stands_beside_a_store_on_sqlite_made_once_for_its_owner(tmp_path: Path) -> None:
    settings = load_settings(sis_url="sqlite:///sis.db", portal_url=f"sqlite:///{tmp_path}/portal.db")
    sealed = open_sealer(settings).seal("mail", "text")
    path = tmp_path / "portal.db.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["portal.db.key"]
    assert open_sealer(settings).open("mail", sealed) == "text"
    path.write_text("plover")
    with pytest.raises(SealKeyInvalid) as caught:
        open_sealer(settings)
    assert "plover" not in str(caught.value)


def test_a_store_on_a_server_wants_a_key_in_a_file(tmp_path: Path) -> None:
    url = "postgresql://127.0.0.1/portal"
    with pytest.raises(SealKeyInvalid, match="HOMEROOM_SEAL_FILE"):
        open_sealer(load_settings(sis_url="sqlite:///sis.db", portal_url=url))
    (tmp_path / "key").write_text(f"{'ab' * 32}\n")
    settings = load_settings(sis_url="sqlite:///sis.db", portal_url=url, seal_file=tmp_path / "key")
    assert open_sealer(settings).open("mail", open_sealer(settings).seal("mail", "text")) == "text"


def test_without_a_key_nothing_is_sealed() -> None:
    for refused in (NO_KEY.seal, NO_KEY.open, NO_KEY.tag):
        with pytest.raises(KeyMissing):
            refused("mail", "text")
