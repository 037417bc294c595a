"""The PDF of some letters: a page each, the address where a window envelope shows it, the key in large groups."""

from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from fontTools.ttLib import TTFont
from fpdf import FPDF, Align

from resolvers.portal import Letterhead
from resolvers.portal.letters import Page
from resolvers.portal.wording import worded

PACKAGE = "font-source-sans-pro"
PACKAGE_FOLDER = "font_source_sans_pro/files"
REGULAR, BOLD = "SourceSansPro-Regular.ttf", "SourceSansPro-Semibold.ttf"
UNKNOWN = "?"

# Letter paper, in millimetres; a #10 envelope folded in thirds shows what stands 50 to 80 below the upper edge.
_PAPER = (215.9, 279.4)
_LEFT, _RIGHT, _SENDER_AT, _WINDOW_AT, _WINDOW_LINES, _SUBJECT_AT = 22.0, 22.0, 18.0, 52.0, 5, 98.0
_TEXT, _LINE, _KEY = 11.5, 5.4, 17.0
#: More names than these would push the letter's end off its page.
_STUDENTS = 20


class FontMissing(RuntimeError):
    """The package that carries the letters' font is not installed whole; the message names it and the remedy."""


def printed(pages: Sequence[Page], head: Letterhead) -> bytes:
    """The letters as one PDF, in their order, each in its own language; it takes some milliseconds a letter.

    The font has Latin, Greek and Cyrillic letters; one that it has not is a question mark.
    """
    pdf = FPDF(unit="mm", format=_PAPER)
    pdf.set_auto_page_break(False)
    pdf.set_margins(_LEFT, _SENDER_AT, _RIGHT)
    pdf.add_font("letters", "", font_file(REGULAR))
    pdf.add_font("letters", "B", font_file(BOLD))
    pdf.set_creator("Homeroom")
    for page in pages:
        _print(pdf, page, head)
    return bytes(pdf.output())


def font_file(name: str) -> Path:
    """A file of the font where pip put it; FontMissing where it is not there."""
    try:
        found = Path(str(distribution(PACKAGE).locate_file(f"{PACKAGE_FOLDER}/{name}")))
    except PackageNotFoundError:
        raise FontMissing(f"{name} is not there: install {PACKAGE} again.") from None
    if not found.is_file():
        raise FontMissing(f"{name} is not there: install {PACKAGE} again.")
    return found


def _print(pdf: FPDF, page: Page, head: Letterhead) -> None:
    words = worded(
        "activation_letter",
        page.language,
        {
            "district": head.district_name,
            "portal": head.portal_url or head.district_name,
            "support": head.support_email or head.portal_url or head.district_name,
            "name": page.name,
            "students": ", ".join(page.students[:_STUDENTS]) + (" …" if len(page.students) > _STUDENTS else ""),
            "key": page.key,
            "until": page.until,
        },
    )
    pdf.add_page()
    pdf.set_font("letters", "B", _TEXT)
    _line(pdf, head.district_name)
    pdf.set_font("letters", "", _TEXT)
    pdf.set_y(_WINDOW_AT)
    for line in (page.name, *page.address)[:_WINDOW_LINES]:
        _line(pdf, line)
    pdf.set_y(_SUBJECT_AT)
    pdf.set_font("letters", "B", _TEXT + 2)
    _line(pdf, words.subject)
    pdf.ln(_LINE)
    for line in words.text.splitlines():
        if line == page.key:
            pdf.set_font("letters", "B", _KEY)
            _line(pdf, line, Align.C, 2 * _LINE)
        else:
            pdf.set_font("letters", "", _TEXT)
            _line(pdf, line)


def _line(pdf: FPDF, text: str, align: Align = Align.L, height: float = _LINE) -> None:
    """A line of text, or as many as it takes."""
    for line in _wrapped(pdf, printable(text)):
        pdf.cell(0, height, line, align=align, new_x="LMARGIN", new_y="NEXT")


def _wrapped(pdf: FPDF, text: str) -> list[str]:
    """The text in lines that fit; the library's own way measures each line anew for each of its characters."""
    lines: list[str] = []
    used, space = pdf.epw, pdf.get_string_width(" ")
    for word in text.split() or [""]:
        width = pdf.get_string_width(word)
        if used + space + width > pdf.epw:
            lines.append(word)
            used = width
        else:
            lines[-1] += f" {word}"
            used += space + width
    return lines


def printable(text: str) -> str:
    """The text with a question mark for every character that the font has not."""
    known = _known()
    return "".join(character if ord(character) in known else UNKNOWN for character in text)


@cache
def _known() -> frozenset[int]:
    """The characters that the font has."""
    with TTFont(font_file(REGULAR), lazy=True) as font:
        return frozenset(font.getBestCmap())
