"""Two gateways over one store: what ends in one closes what is open in the other."""

import asyncio
from pathlib import Path
from time import perf_counter

import pytest
from websockets.exceptions import ConnectionClosed

from tests.journeys.running import homeroom, run
from tests.portal import PASSWORD
from tests.stores import bare_place

OTHERS = "mutation { revokeOtherSessions { ... on RevokeSessionSuccess { ended } } }"
SESSIONS = "{ me { sessions { id } } }"


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def test_a_session_revoked_in_one_process_closes_its_socket_in_the_other_within_a_second(
    tmp_path: Path, engine: str
) -> None:
    assert (await run("demo", "--students", "30", "--no-serve", folder=tmp_path))[0] == 0
    (tmp_path / "seal").write_text("5e" * 32)
    async with bare_place(engine, tmp_path) as portal:
        settings = {
            "HOMEROOM_SIS_URL": f"sqlite:///{tmp_path}/.homeroom/demo.db",
            "HOMEROOM_SIS_ALLOW_WRITABLE": "true",
            "HOMEROOM_PORTAL_URL": portal,
            "HOMEROOM_SEAL_FILE": str(tmp_path / "seal"),
        }
        assert (await run("migrate", folder=tmp_path, settings=settings))[0] == 0
        add = ("user", "add", "--username", "ana", "--guardian", "1")
        code, said = await run(*add, folder=tmp_path, settings=settings, given=f"{PASSWORD}\n")
        assert code == 0, said
        async with (
            homeroom("serve", folder=tmp_path, settings=settings) as one,
            homeroom("serve", folder=tmp_path, settings=settings) as other,
        ):
            kept, lost = [await one.log_in("ana", PASSWORD) for _ in range(2)]
            async with other.socket(lost) as socket:
                assert len((await other.ask(SESSIONS, token=lost))["data"]["me"]["sessions"]) == 2
                assert (await one.ask(OTHERS, token=kept))["data"] == {"revokeOtherSessions": {"ended": 1}}
                answered = perf_counter()
                async with asyncio.timeout(10):
                    with pytest.raises(ConnectionClosed) as closed:
                        await socket.recv()
                took = perf_counter() - answered
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, took < 1.0) == (4403, True), took
            assert (await other.ask(SESSIONS, token=lost))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
