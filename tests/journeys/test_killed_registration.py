"""A gateway that is killed while a family saves, signs and hands documents in: what it told of is there, and whole."""

import asyncio
import os
import random
import signal
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from gateway.demo import PARENT, PARENT_PASSWORD
from loaders.ids import node_id, read_node_id
from tests.journeys.running import Gateway, homeroom, run
from tests.registration import YEAR
from tests.resolvers.registration.test_two_guardians import SMALL
from tests.uploads import PDF_TYPE, pdf

#: How often the gateway is killed; many more are asked for by hand.
KILLS = int(os.environ.get("HOMEROOM_TEST_KILLS", "1"))
SEED = 20261125
FORM = (
    SMALL
    + """
[[sections]]
id = "papers"
title = { en = "Papers" }
fields = [{ id = "any", kind = "DOCUMENT", max_documents = 20, label = { en = "Any" } }]
[[windows]]
opens_on = 2020-01-01
closes_on = 2030-01-01
"""
)
SEEN = "registration { id answersVersion state sections { id version entries { answers { values } } } }"
DONE = f"{{ ... on RegistrationSuccess {{ {SEEN} }} ... on Problems {{ problems {{ code }} }} }}"
START = f"mutation ($given: StartRegistrationInput!) {{ done: startRegistration(input: $given) {DONE} }}"
SAVE = f"mutation ($given: SaveRegistrationInput!) {{ done: saveRegistration(input: $given) {DONE} }}"
SUBMIT = f"mutation ($given: SubmitRegistrationInput!) {{ done: submitRegistration(input: $given) {DONE} }}"
WITHDRAW = f"mutation ($given: ID!) {{ done: withdrawRegistration(id: $given) {DONE} }}"
REMOVE = f"mutation ($given: ID!) {{ done: removeUpload(id: $given) {DONE} }}"
BEGIN = """mutation ($given: BeginUploadInput!) { done: beginUpload(input: $given) {
  ... on BeginUploadSuccess { url upload { id } } ... on Problems { problems { code } } } }"""
READ = """query ($id: ID!) { node(id: $id) { ... on Registration {
  sections { id version entries { answers { values } } }
  uploads { id state url } } } }"""


@dataclass
class Told:
    """What the family was told is done, and what it asked for besides."""

    version: int = 0
    value: str = ""
    handed_in: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    submitted: set[int] = field(default_factory=set)
    withdrawn: set[int] = field(default_factory=set)
    count: int = 0
    enough: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    def heard(self) -> None:
        self.count += 1
        if self.count >= self.enough:
            self.reached.set()


@dataclass
class Family:
    """A parent at work."""

    gateway: Gateway
    token: str
    name: str
    told: Told

    async def order(self, document: str, given: Any) -> Any:
        answer = await self.gateway.ask(document, token=self.token, given=given)
        done = answer["data"]["done"]
        assert "problems" not in done, done
        self.told.heard()
        return done

    async def start(self, **given: Any) -> Any:
        return (await self.order(START, {"schoolYear": YEAR, **given}))["registration"]

    async def save(self, seen: Any, section: str, value: str) -> Any:
        version = next(each["version"] for each in seen["sections"] if each["id"] == section)
        given = {"id": seen["id"], "section": section, "version": version,
                 "answers": [{"field": "said", "values": [value]}]}  # fmt: skip
        return (await self.order(SAVE, given))["registration"]

    async def save_on(self, seen: Any) -> None:
        """Saves one section again and again, each time with the next number."""
        while True:
            value = f"value {self.told.version + 1}"
            seen = await self.save(seen, "health", value)
            self.told.version, self.told.value = version_of(seen, "health"), value

    async def submit_on(self) -> None:
        """Starts one new student after the other, fills it in, signs it and takes it back."""
        while True:
            seen = await self.start(schoolId=node_id("School", 1), another=True)
            number = number_of(seen["id"])
            if not seen["sections"][0]["entries"]:
                seen = await self.save(seen, "home", "12 Oak")
            seen = await self.save(seen, "health", "none")
            given = {"id": seen["id"], "signature": self.name, "answersVersion": seen["answersVersion"]}
            await self.order(SUBMIT, given)
            self.told.submitted.add(number)
            await self.order(WITHDRAW, seen["id"])
            self.told.withdrawn.add(number)

    async def hand_in_on(self, seen: Any) -> None:
        """Hands documents in, and takes every other one away."""
        async with httpx2.AsyncClient() as client:
            while True:
                content = pdf(b"(%d)" % self.told.count)
                given = {"id": seen["id"], "section": "papers", "field": "any", "fileName": "a.pdf",
                         "mediaType": PDF_TYPE, "bytes": len(content)}  # fmt: skip
                begun = await self.order(BEGIN, given)
                headers = {"authorization": f"Bearer {self.token}", "content-type": PDF_TYPE}
                answer = await client.put(begun["url"], content=content, headers=headers)
                assert answer.status_code == 201, answer.text
                self.told.handed_in.add(begun["upload"]["id"])
                self.told.heard()
                if len(self.told.handed_in) % 2 or len(self.told.handed_in) > 12:
                    await self.order(REMOVE, begun["upload"]["id"])
                    self.told.removed.add(begun["upload"]["id"])


def version_of(seen: Any, section: str) -> int:
    return next(int(each["version"]) for each in seen["sections"] if each["id"] == section)


def number_of(id: str) -> int:
    found = read_node_id(id)
    assert found is not None
    return int(found[1][0])


def whole(folder: Path, told: Told) -> None:
    """What the store and the folder of a dead gateway must hold."""
    with closing(sqlite3.connect(folder / ".homeroom" / "demo-portal.db")) as store:

        def rows(sql: str) -> list[Any]:
            return store.execute(sql).fetchall()

        assert rows("pragma integrity_check") == [("ok",)]
        signed = [row[0] for row in rows("select registration_id from registration_signature order by 1")]
        assert len(signed) == len({*signed})
        submitted = "select registration_id from registration_step where state = 'SUBMITTED' order by 1"
        assert [row[0] for row in rows(submitted)] == signed
        assert rows("select count(*) from audit where action = 'REGISTRATION_SUBMITTED'") == [(len(signed),)]
        assert rows("select count(*) from mail where template = 'registration_submitted'") == [(len(signed),)]
        states = dict(rows("select id, state from registration"))
        assert told.submitted <= {*signed}
        assert told.withdrawn <= {number for number, state in states.items() if state == "WITHDRAWN"}
        assert {number for number, state in states.items() if state != "DRAFT"} == {*signed}
        uploads = {str(row[0]): row[1:] for row in rows("select id, state, stored_as from registration_upload")}
        files = {each.name for each in (folder / "uploads").iterdir() if not each.suffix}
        assert files <= {name for _, name in uploads.values()}
        assert {name for state, name in uploads.values() if state in ("RECEIVED", "CLEAN")} <= files
        gone = {id for id in told.handed_in if uploads[id][0] not in ("RECEIVED", "CLEAN")}
        # The last one may have been taken away just before anybody could say so.
        assert told.removed <= gone
        assert len(gone - told.removed) <= KILLS


async def test_killed_at_any_moment_nothing_acknowledged_is_lost_and_nothing_stands_by_half(tmp_path: Path) -> None:
    code, said = await run("demo", "--students", "30", "--no-serve", folder=tmp_path)
    assert code == 0, said
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "form.toml").write_text(FORM)
    settings = {
        "HOMEROOM_SIS_URL": f"sqlite:///{tmp_path}/.homeroom/demo.db",
        "HOMEROOM_SIS_ALLOW_WRITABLE": "true",
        "HOMEROOM_PORTAL_URL": f"sqlite:///{tmp_path}/.homeroom/demo-portal.db",
        "HOMEROOM_REGISTRATION": str(tmp_path / "forms"),
        "HOMEROOM_UPLOADS": str(tmp_path / "uploads"),
        "HOMEROOM_UPLOAD_SCAN": "true",
    }
    (tmp_path / "uploads").mkdir(mode=0o700)
    drawn = random.Random(SEED)
    told = Told()
    for kill in range(KILLS + 1):
        async with homeroom("serve", folder=tmp_path, settings=settings) as gateway:
            token = await gateway.log_in(PARENT, PARENT_PASSWORD)
            me = (await gateway.ask("{ me { name students { id } } }", token=token))["data"]["me"]
            family = Family(gateway, token, me["name"], told)
            seen = await family.start(studentId=me["students"][0]["id"])
            (entry,) = next(each["entries"] for each in seen["sections"] if each["id"] == "health") or [None]
            version = version_of(seen, "health")
            assert told.version <= version <= told.version + 1
            assert entry is None or entry["answers"][0]["values"] == [f"value {version}"]
            told.version = version
            found = (await gateway.ask(READ, token=token, id=seen["id"]))["data"]["node"]["uploads"]
            for each in found:
                if each["state"] == "EXPECTED":
                    await family.order(REMOVE, each["id"])
            if kill == KILLS:
                break
            told.enough, told.reached = told.count + drawn.randint(10, 40), asyncio.Event()
            tasks = [
                asyncio.create_task(work)
                for work in (family.save_on(seen), family.submit_on(), family.hand_in_on(seen))
            ]
            reached = asyncio.create_task(told.reached.wait())
            async with asyncio.timeout(60):
                await asyncio.wait([*tasks, reached], return_when=asyncio.FIRST_COMPLETED)
            gateway.process.send_signal(signal.SIGKILL)
            await gateway.process.wait()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(end, httpx2.TransportError) for end in ends), (SEED, ends)
            reached.cancel()
        whole(tmp_path, told)
    assert told.version > 0
    assert told.submitted
    assert told.handed_in
