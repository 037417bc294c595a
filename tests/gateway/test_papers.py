"""Printed papers: tagged, in their language, with text that can be read out, and not blank when looked at."""

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from gateway.papers import Press
from gateway.papers.fonts import UNKNOWN, known_characters, printable
from gateway.papers.press import Part, Sheet, printed
from gateway.papers.sheets import sheet_of
from loaders.contract import GradeLevel, TermKind
from loaders.demo.names import ORIGINS
from resolvers.attendance_summary import Summary
from resolvers.credits import ClassRank, CreditArea, Entry, Gpa, GpaBasis, GpaKind
from resolvers.documents import transcript_paper
from resolvers.errors import Overloaded
from resolvers.report_card import Bearer, Line, PrintedTranscript, ReportCard
from resolvers.transcript import Transcript, TranscriptTerm, TranscriptYear

HALF = Decimal("0.50")
_KNOWN = [chr(each) for each in sorted(known_characters())]
BEARER = Bearer("Maple Falls", "Łódź Elementary", "Zoë Müller-Đặng", "10017", GradeLevel.G10, date(2026, 11, 23), "en")
CARD = ReportCard(
    BEARER, "Quarter 1", date(2026, 8, 17), date(2026, 10, 20),
    (
        Line("Algebra *I* #x $y$", "Ana Ruiz, Jo Kim", "Quarter Grade", "A-", Decimal("90.50"), ("Très bien!",)),
        Line("English 10", "Ó Brien", "Quarter Grade", None, None, ()),
    ),
    Summary("TERM:1", 1, None, 3, Decimal("1.50"), 2, 1, 4, 2),
)  # fmt: skip
COURSE = Entry(
    2026, GradeLevel.G09, "Elm", "Semester 1", TermKind.SEMESTER, "Biology 9", "SCI09", "Science", "B+", Decimal(88),
    HALF, HALF, Decimal("3.30"), Decimal(4), Decimal("3.80"), Decimal(5), "Honors", False, None, False, False,
)  # fmt: skip
TRANSCRIPT = PrintedTranscript(
    BEARER,
    Transcript(
        1,
        [
            TranscriptYear(year, GradeLevel.G09, [TranscriptTerm(f"Semester {n}", "Elm", [COURSE] * 9) for n in (1, 2)])
            for year in (2024, 2025, 2026)
        ],
        [Gpa(GpaKind.WEIGHTED, Decimal("3.800"), Decimal(5), GpaBasis.COMPUTED, None)],
        [CreditArea("Science", Decimal(3), HALF, Decimal(0))],
        ClassRank(3, 41, date(2026, 6, 5)),
        transcript_paper(1),
    ),
)


def opened(pdf: bytes) -> PdfReader:
    return PdfReader(BytesIO(pdf))


def root_of(reader: PdfReader) -> Any:
    return reader.root_object


def tags(reader: PdfReader) -> list[str]:
    """The names of the structure's elements, in reading order."""
    found: list[str] = []

    def walk(node: Any) -> None:
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            for kid in node:
                walk(kid)
        elif isinstance(node, DictionaryObject):
            if "/S" in node:
                found.append(str(node["/S"]))
            if "/K" in node:
                walk(node["/K"])

    walk(reader.root_object["/StructTreeRoot"])
    return found


@pytest.fixture(scope="module")
def card() -> PdfReader:
    return opened(printed(sheet_of(CARD)))


@pytest.fixture(scope="module")
def transcript() -> bytes:
    return printed(sheet_of(TRANSCRIPT))


def test_a_paper_is_tagged_with_its_title_headings_and_header_cells(card: PdfReader) -> None:
    root = root_of(card)
    assert root["/MarkInfo"]["/Marked"].value is True
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"].value is True
    assert card.metadata is not None
    assert card.metadata.title == "Report card: Quarter 1"
    found = tags(card)
    assert found[:2] == ["/Document", "/Title"]
    assert [tag for tag in found if tag in ("/H1", "/Table", "/THead")] == ["/H1", "/Table", "/THead"] * 2
    assert (found.count("/TH"), found.count("/TD")) == (5 + 6, 2 * 5 + 6)


def test_its_text_can_be_selected_in_reading_order_and_is_never_markup(card: PdfReader) -> None:
    text = card.pages[0].extract_text()
    in_order = [
        "Report card: Quarter 1", "Maple Falls", "Student: Zoë Müller-Đặng", "Student number: 10017",
        "School: Łódź Elementary", "Grade: 10", "Printed on: 2026-11-23", "Term: Quarter 1, 2026-08-17 – 2026-10-20",
        "Grades",
        "Algebra *I* #x $y$ Ana Ruiz, Jo Kim A- 90.5 Très bien!", "English 10 Ó Brien", "Attendance", "1.5 3 2 1 4 2",
    ]  # fmt: skip
    places = [text.find(part) for part in in_order]
    assert -1 not in places, text
    assert places == sorted(places)


def test_a_report_card_without_attendance_says_nothing_of_it() -> None:
    text = opened(printed(sheet_of(replace(CARD, attendance=None)))).pages[0].extract_text()
    assert "Attendance" not in text
    assert "Grades" in text


def test_a_transcript_is_marked_unofficial_in_text_and_picture_on_every_page(transcript: bytes) -> None:
    pages = opened(transcript).pages
    assert len(pages) > 1
    for page in pages:
        text = page.extract_text()
        assert "UNOFFICIAL. An official transcript comes sealed from the school." in text
        assert "UNOFFICIAL" in text.splitlines()
    plain = printed(replace(sheet_of(TRANSCRIPT), mark=None))
    marked, bare = pypdfium2.PdfDocument(transcript), pypdfium2.PdfDocument(plain)
    for n in range(len(pages)):
        assert _share(marked[n], 236) > 0.008 + _share(bare[n], 236)


def _share(page: Any, grey: int) -> float:
    """Which share of a page's picture is of exactly this grey."""
    picture = page.render(scale=0.5, grayscale=True).to_pil()
    share: float = picture.histogram()[grey] / (picture.width * picture.height)
    return share


def test_a_transcript_holds_its_courses_credits_averages_and_rank(transcript: bytes) -> None:
    text = "\n".join(page.extract_text() for page in opened(transcript).pages)
    for part in (
        "2025–2026, Semester 1, Grade 9, Elm",
        "SCI09 Biology 9 B+ 88 0.5 0.5 3.3 Honors",
        "Science 3 0.5 0",
        "Weighted 3.8 5 Computed from the courses above",
        "Class rank: 3 of 41, as of 2026-06-05",
    ):
        assert part in text


def test_a_transcript_without_courses_is_a_paper_too() -> None:
    empty = replace(TRANSCRIPT, transcript=Transcript(1, [], [], [], None, transcript_paper(1)))
    assert "No course stands on this transcript yet." in opened(printed(sheet_of(empty))).pages[0].extract_text()


def test_who_reads_spanish_gets_the_words_in_spanish() -> None:
    made = opened(printed(sheet_of(replace(CARD, bearer=replace(BEARER, language="es-MX")))))
    assert root_of(made)["/Lang"] == "es"
    assert "Boleta de calificaciones: Quarter 1" in made.pages[0].extract_text()


def test_pages_are_not_blank_when_they_are_looked_at(transcript: bytes) -> None:
    for page in pypdfium2.PdfDocument(transcript):
        picture = page.render(scale=1, grayscale=True).to_pil()
        dark = sum(picture.histogram()[:128]) / (picture.width * picture.height)
        assert 0.003 < dark < 0.3


def test_every_script_can_be_printed_and_what_no_font_has_is_a_question_mark() -> None:
    text = "".join(_KNOWN[::150])
    rows = tuple((text[n : n + 60],) for n in range(0, len(text), 60))
    head = ("漢字", "a\u0000b\nc", "e\u0301\u200b.\ufeff", "\U00016800")
    sheet = Sheet("Ж", "Ω", "en", head, (Part("✓", ("Ł",), (1,), (), rows),), "f", "p")
    found = opened(printed(sheet)).pages[0].extract_text()
    assert "漢字" in found
    assert "a?b c" in found
    assert "é.\n?" in found


@settings(max_examples=25, deadline=None, database=None)
@given(st.lists(st.text(st.sampled_from(_KNOWN), max_size=60) | st.text(max_size=20), max_size=5))
def test_any_text_of_a_family_makes_a_paper(texts: list[str]) -> None:
    assert printed(Sheet("t", "d", "en", tuple(texts), (), "f", "p")).startswith(b"%PDF-")


def test_no_name_of_the_demo_lacks_a_letter() -> None:
    lacking = [
        name
        for origin in ORIGINS
        for name in (*origin.female, *origin.male, *origin.family)
        if UNKNOWN in printable(name)
    ]
    assert lacking == []


async def test_a_press_that_has_too_much_to_do_says_so_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    press = Press()
    try:
        monkeypatch.setattr("gateway.papers.press._WAITING", 2)
        sheet = sheet_of(CARD)
        answers = await asyncio.gather(*(press.print(sheet) for _ in range(3)), return_exceptions=True)
        assert [isinstance(answer, bytes) for answer in answers] == [True, True, False]
        assert isinstance(answers[2], Overloaded)
        assert (await press.print(sheet)).startswith(b"%PDF-")
    finally:
        press.close()
