"""The PDF of some letters: a page each, the address where a window envelope shows it, the key in large groups."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typst

from gateway.papers.fonts import FAMILIES, fonts, printable
from resolvers.portal import Letterhead
from resolvers.portal.letters import Page
from resolvers.portal.wording import worded

_TEMPLATE = Path(__file__).with_name("letter.typ")
_WINDOW_LINES = 5
#: More names than these would push the letter's end off its page.
_STUDENTS = 20


def printed(pages: Sequence[Page], head: Letterhead) -> bytes:
    """The letters as one PDF, in their order, each in its own language; it takes some milliseconds a letter.

    A character that no font has is a question mark.
    """
    letters = [_letter(page, head) for page in pages]
    data = {
        "fonts": FAMILIES,
        "district": printable(head.district_name),
        "title": printable(head.district_name),
        "letters": letters,
    }
    return typst.compile(
        _TEMPLATE,
        format="pdf",
        font_paths=fonts(),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data)},
    )


def _letter(page: Page, head: Letterhead) -> dict[str, Any]:
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
    return {
        "language": page.language,
        "address": [printable(line) for line in (page.name, *page.address)[:_WINDOW_LINES]],
        "subject": printable(words.subject),
        "lines": [printable(line) for line in words.text.splitlines()],
        "key": page.key,
    }
