"""Letters: a page to each guardian, progress that is told, a crash that is gone on from, and one who fetches them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
import pytest_asyncio
from pypdf import PdfReader

from gateway.letters import LetterWriter, printed
from loaders.portal import letter_jobs as jobs
from loaders.portal.letter_jobs import LetterJob, LetterState, forget_letters
from loaders.portal.portal_requests import KeyDelivery, RequestState
from loaders.portal.roles import StaffRole
from resolvers.context import Context
from resolvers.errors import Forbidden, SecondFactorRequired, Unauthenticated
from resolvers.portal import Letterhead
from resolvers.portal.guardians import schools_of
from resolvers.portal.key_delivery import IssueKey, KeyIssued, issue_activation_key, order_key_letters
from resolvers.portal.letters import (
    AT_ONCE,
    PATH,
    JobMoved,
    Page,
    address_of,
    fetch_letters,
    job_of,
    opened_work,
    write_some,
)
from resolvers.portal.redeeming import Redeemed, redeem_activation_key
from resolvers.portal.request_decision import Decided, Decision, decide_portal_request
from tests.office import ADDRESS, DANA, MARISOL, bytes_of, everything, nobody, office, verified, written
from tests.portal import House, empty_place, open_house
from tests.world import World, open_world


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 90 students, so that a school has more guardians than are written to at once."""
    made = await open_world(Path(tmp_path_factory.mktemp("letters")) / "district.db", 90)
    yield made
    await made.recorded.reads.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        yield house


async def ordered(desk: Context) -> LetterJob:
    """The letters of the school with the most guardians."""
    found = [await order_key_letters(desk, school.id) for school in await schools_of(desk)]
    largest = max((job for job in found if isinstance(job, LetterJob)), key=lambda job: job.total)
    portal = desk.portal
    async with portal.writer.transaction() as transaction:
        await transaction.execute("delete from letter_job where id <> :id", {"id": largest.id})
    assert largest.total > AT_ONCE
    return largest


async def fetched(context: Context, job_id: int) -> bytes | None:
    address = address_of(context, await job_of(context.portal, job_id))
    assert address is not None
    assert address.startswith(f"https://portal.example{PATH}/")
    return await fetch_letters(context, address.rpartition("/")[2])


async def test_a_schools_letters_go_to_every_guardian_with_a_right_and_without_an_account(
    house: House, world: World
) -> None:
    desk = await office(house, world.source)
    job = await ordered(desk)
    school = int(job.school_id or 0)
    entitled = {
        str(row[0])
        for row in world.rows(
            "select distinct gs.guardian_id from guardian_student gs join school_enrollment e "
            "on e.student_id = gs.student_id where gs.portal_access = 1 and e.school_id = ? "
            "and (gs.starts_on is null or gs.starts_on <= '2026-11-23') "
            "and (gs.ends_on is null or gs.ends_on >= '2026-11-23') "
            "and (e.starts_on is null or e.starts_on <= '2026-11-23') "
            "and (e.ends_on is null or e.ends_on >= '2026-11-23')",
            school,
        )
    }
    assert job.total == len(entitled)
    late = min(entitled, key=int)
    await house.account("late", late)
    assert await written(house, world.source) == 1
    done = await job_of(house.portal, job.id)
    assert (done.state, done.total, done.done) == (LetterState.DONE, len(entitled) - 1, len(entitled) - 1)
    keys = {row["guardian_id"] for row in (await everything(house))["activation_key"]}
    assert keys == entitled - {late}
    pdf = await fetched(desk, job.id)
    assert pdf is not None
    assert pdf.startswith(b"%PDF-")
    assert len(PdfReader(BytesIO(pdf)).pages) == len(entitled) - 1


async def test_a_person_of_several_keys_gets_one_letter_and_none_once_one_of_them_has_an_account(
    house: House, tmp_path: Path
) -> None:
    made = await open_world(tmp_path / "years.db", 30)
    desk = await office(house, made.source)
    school = max(await schools_of(desk), key=lambda each: each.name)
    (before,) = [await order_key_letters(desk, school.id)]
    assert isinstance(before, LetterJob)
    oldest = opened_work(house.portal, before).pending[0].guardian_id
    # Last year's row of the same person, under a key of its own.
    made.change(
        "insert into guardian (id, given_name, family_name, email, phone, preferred_language) "
        "select id + 1000000, given_name, family_name, email, phone, preferred_language from guardian where id = ?",
        int(oldest),
    )
    made.change(
        "insert into guardian_student (guardian_id, student_id, relationship, portal_access, legal_guardian, "
        "lives_with, contact_priority, starts_on, ends_on) select guardian_id + 1000000, student_id, relationship, "
        "portal_access, legal_guardian, lives_with, contact_priority, starts_on, ends_on from guardian_student "
        "where guardian_id = ?",
        int(oldest),
    )
    again = await order_key_letters(desk, school.id)
    assert isinstance(again, LetterJob)
    keys = [each.guardian_id for each in opened_work(house.portal, again).pending]
    assert again.total == before.total
    assert str(int(oldest) + 1_000_000) in keys
    assert oldest not in keys
    await house.account("known", oldest)
    last = await order_key_letters(desk, school.id)
    assert isinstance(last, LetterJob)
    assert last.total == before.total - 1
    await made.recorded.reads.close()


async def test_progress_is_told_while_letters_are_written(house: House, world: World) -> None:
    desk = await office(house, world.source)
    job = await ordered(desk)
    assert (job.state, job.done) == (LetterState.WAITING, 0)
    await write_some(house.portal, world.source, job)
    running = await job_of(house.portal, job.id)
    assert (running.state, running.done, running.total) == (LetterState.RUNNING, AT_ONCE, job.total)
    assert address_of(desk, running) is None


async def test_a_job_that_was_killed_half_way_goes_on_and_issues_no_key_twice(house: House, world: World) -> None:
    desk = await office(house, world.source)
    job = await ordered(desk)
    first = await write_some(house.portal, world.source, job)
    # Here the process dies. Another begins with what the store holds.
    assert opened_work(house.portal, await job_of(house.portal, job.id)) == first
    await written(house, world.source)
    rows = (await everything(house))["activation_key"]
    assert len(rows) == len({row["guardian_id"] for row in rows}) == job.total
    assert all(row["revoked_at"] is None for row in rows)
    for page in first.pages[:3]:
        answer = await redeem_activation_key(nobody(house, world.source), page.key)
        assert isinstance(answer, Redeemed)
        assert answer.name == page.name


async def test_of_two_writers_of_one_job_the_second_writes_nothing(house: House, world: World) -> None:
    desk = await office(house, world.source)
    job = await ordered(desk)
    await write_some(house.portal, world.source, job)
    before = await everything(house)
    with pytest.raises(JobMoved):
        await write_some(house.portal, world.source, job)
    assert await everything(house) == before


async def test_a_request_by_post_is_printed_and_its_key_is_sent_when_it_is_fetched(house: House, world: World) -> None:
    desk = await office(house, world.source)
    reference = await verified(house, desk, MARISOL, email=None, delivery=KeyDelivery.POST, language="es")
    done = await decide_portal_request(desk, Decision(reference, True))
    assert isinstance(done, Decided)
    assert done.letter is not None
    assert done.found.request.state is RequestState.APPROVED
    assert house.portal.letters_ordered.is_set()
    work = opened_work(house.portal, done.letter)
    assert (await everything(house))["activation_key"] == []
    assert work.pending[0].address == ("12 Elm Street", "Maple Falls, MO 65101")
    page = (await write_some(house.portal, world.source, done.letter)).pages[0]
    assert (page.name, page.language, page.until) == ("Marisol Peña", "es", "2026-12-23")
    await written(house, world.source)
    assert await fetched(desk, done.letter.id) is not None
    steps = await house.writer.rows("select state, account_id from portal_request_step order by id")
    assert [row["state"] for row in steps] == ["SUBMITTED", "ID_VERIFIED", "APPROVED", "KEY_SENT"]
    assert await house.mail() == []


async def test_an_issued_letter_is_written_for_who_has_an_account_too(house: House, world: World) -> None:
    desk = await office(house, world.source)
    await house.account("dana", DANA)
    done = await issue_activation_key(desk, IssueKey(DANA, KeyDelivery.POST))
    assert isinstance(done, KeyIssued)
    assert done.letter is not None
    await written(house, world.source)
    assert (await job_of(house.portal, done.letter.id)).total == 1


async def test_letters_are_fetched_once_within_minutes_and_by_whom_the_address_was_given(
    house: House, world: World
) -> None:
    desk, other = await office(house, world.source), await office(house, world.source)
    done = await issue_activation_key(desk, IssueKey(DANA, KeyDelivery.POST))
    assert isinstance(done, KeyIssued)
    assert done.letter is not None
    await written(house, world.source)
    address = address_of(desk, await job_of(house.portal, done.letter.id))
    assert address is not None
    token = address.rpartition("/")[2]
    assert await fetch_letters(other, token) is None
    for made_up in ("", "x", token[:-4] + "AAAA", "\u00e9", "A" * 43):
        assert await fetch_letters(desk, made_up) is None
    house.clock.pass_by(minutes=5)
    assert await fetch_letters(desk, token) is None
    assert (await job_of(house.portal, done.letter.id)).fetched_at is None
    assert await fetched(desk, done.letter.id) is not None
    gone = await job_of(house.portal, done.letter.id)
    assert (gone.document_sealed, gone.fetched_at) == (None, house.clock.now())
    assert address_of(desk, gone) is None
    assert (await house.trail())[-1][1:] == ("LETTERS_FETCHED", f"letter_job:{done.letter.id}")


async def test_an_address_given_twice_gives_the_letters_once(house: House, world: World) -> None:
    desk = await office(house, world.source)
    done = await issue_activation_key(desk, IssueKey(DANA, KeyDelivery.POST))
    assert isinstance(done, KeyIssued)
    assert done.letter is not None
    await written(house, world.source)
    job = await job_of(house.portal, done.letter.id)
    tokens = [(address_of(desk, job) or "").rpartition("/")[2] for _ in range(2)]
    assert len(set(tokens)) == 2
    assert [await fetch_letters(desk, token) is not None for token in tokens] == [True, False]


@pytest.mark.parametrize(
    ("role", "proven", "refusal"),
    [
        (None, True, Unauthenticated),
        (StaffRole.TEACHER, True, Forbidden),
        (StaffRole.SUPPORT, True, Forbidden),
        (StaffRole.ADMIN, True, Forbidden),
        (StaffRole.OFFICE, False, SecondFactorRequired),
    ],
)
async def test_nobody_else_fetches_letters(
    house: House, world: World, role: StaffRole | None, proven: bool, refusal: type[Exception]
) -> None:
    desk = await office(house, world.source)
    done = await issue_activation_key(desk, IssueKey(DANA, KeyDelivery.POST))
    assert isinstance(done, KeyIssued)
    assert done.letter is not None
    await written(house, world.source)
    token = (address_of(desk, await job_of(house.portal, done.letter.id)) or "").rpartition("/")[2]
    context = nobody(house, world.source, ADDRESS)
    if role is not None:
        context = await office(house, world.source, role, proven=proven)
    before = await everything(house)
    with pytest.raises(refusal):
        await fetch_letters(context, token)
    assert await everything(house) == before


async def test_letters_that_nobody_fetches_are_gone_after_a_day(house: House, world: World) -> None:
    desk = await office(house, world.source)
    await issue_activation_key(desk, IssueKey(DANA, KeyDelivery.POST))
    await written(house, world.source)
    async with house.writer.transaction() as transaction:
        assert await forget_letters(transaction, house.clock.now() + timedelta(hours=23)) == 0
        assert await forget_letters(transaction, house.clock.now() + timedelta(hours=24)) == 1
    assert (await everything(house))["letter_job"][0]["document_sealed"] is None


async def test_where_the_school_is_away_letters_wait_and_with_another_seal_they_are_given_up(
    house: House, world: World, tmp_path: Path
) -> None:
    desk = await office(house, world.source)
    await issue_activation_key(desk, IssueKey(DANA, KeyDelivery.POST))
    away = await open_world(tmp_path / "away.db", 25)
    await away.recorded.reads.close()
    with pytest.raises(Exception, match="does not answer"):
        await written(house, away.source)
    job = await jobs.next_letter_job(house.portal.writer)
    assert job is not None
    assert job.state is LetterState.WAITING
    async with house.writer.transaction() as transaction:
        await transaction.execute("update letter_job set document_sealed = 'x'")
    assert await written(house, world.source) == 1
    failed = await job_of(house.portal, job.id)
    assert (failed.state, failed.error, failed.document_sealed) == (
        LetterState.FAILED,
        "It was sealed with another key.",
        None,
    )


async def test_the_writer_is_woken_by_an_order_and_ends_when_it_is_told_to(house: House, world: World) -> None:
    desk = await office(house, world.source)
    writer = LetterWriter(house.portal, world.source)
    await writer.start()
    try:
        done = await issue_activation_key(desk, IssueKey(DANA, KeyDelivery.POST))
        assert isinstance(done, KeyIssued)
        assert done.letter is not None
        for _ in range(400):
            job = await job_of(house.portal, done.letter.id)
            if job.state is LetterState.DONE:
                break
            await house.writer.ping()
        assert job.state is LetterState.DONE
    finally:
        await writer.stop()


async def test_no_key_of_a_letter_stands_in_the_stores_bytes(tmp_path: Path, world: World) -> None:
    async with open_house(f"sqlite:///{tmp_path}/portal.sqlite") as house:
        desk = await office(house, world.source)
        job = await ordered(desk)
        work = await write_some(house.portal, world.source, job)
        held = bytes_of(tmp_path)
        await written(house, world.source)
        held += bytes_of(tmp_path)
    held += bytes_of(tmp_path)
    assert len(work.pages) == AT_ONCE
    for page in work.pages:
        assert page.key.encode() not in held
        assert page.key.replace("-", "").encode() not in held
        assert page.key not in repr(work) + repr(page)


@pytest.mark.parametrize(("language", "subject"), [("en", "Your activation key"), ("es", "Su clave de activación")])
def test_a_letter_holds_address_key_and_way_in_its_own_language_on_one_page(language: str, subject: str) -> None:
    key = "ABCDE-FGHJK-MNPQR-STVWX-YZ0123"
    students = tuple(f"Łucja{n} Alongfamilynameindeed" for n in range(30))
    address = ("12 Elm Street", "Maple Falls, MO 65101", "too", "long", "for", "the", "window")
    page = Page("Łukasz Žižka 王", address, students, language, key, "2026-12-23")
    pdf = pypdfium2.PdfDocument(printed([page], Letterhead("Maple Falls", "https://portal.example", "help@x.example")))
    (sheet,) = pdf
    letter = sheet.get_textpage()
    text = letter.get_text_range()
    for words in (subject, "Łukasz Žižka 王", "12 Elm Street", key, "https://portal.example", "2026-12-23", "Łucja19"):
        assert words in text
    assert "Łucja20" not in text
    assert "window" not in text
    millimetre = 72 / 25.4
    lowest = min(letter.get_charbox(n)[1] for n in range(letter.count_chars()) if letter.get_text_range(n, 1).strip())
    assert lowest > 12 * millimetre
    # A #10 envelope shows what stands 50 to 80 millimetres below the upper edge.
    for line in ("Łukasz Žižka", "12 Elm", "Maple Falls, MO"):
        at, _ = letter.search(line).get_next()
        _, bottom, _, top = letter.get_charbox(at)
        assert 50 * millimetre < sheet.get_height() - top < sheet.get_height() - bottom < 80 * millimetre
