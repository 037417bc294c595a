"""The words of notifications: every kind in every language, and nothing that a title can bring in."""

from decimal import Decimal

import pytest

from loaders.contract import AttendanceExcuse, AttendanceStatus
from resolvers.notifications.composing import Item, Told, mail_of
from resolvers.notifications.folding import Verdict
from resolvers.notifications.rules import CORRECTED, NotificationKind
from resolvers.notifications.standing import Standing
from resolvers.notifications.wording import line, sentence
from resolvers.portal import Letterhead
from resolvers.portal.wording import LANGUAGES

HEAD = Letterhead("Maple Falls", "https://portal.example", "help@school.example")
NASTY = '</li><script>alert(1)</script>\r\nBcc: all@example.org {n} $portal "&'


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", NotificationKind)
def test_every_kind_has_its_sentences_which_differ_by_number_and_correction(
    kind: NotificationKind, language: str
) -> None:
    found = [sentence(kind, n, "Ana", language, corrects=corrects) for corrects in (False, True) for n in (1, 12)]
    assert len(set(found)) == (4 if kind in CORRECTED else 2)
    assert all(("12" in text) == (n % 2 == 1) for n, text in enumerate(found))
    assert all("{" not in text for text in found)
    others = [each for each in LANGUAGES if each != language]
    assert all(sentence(kind, 1, "Ana", other) != found[0] for other in others)


def test_a_title_brings_in_no_markup_no_line_and_no_word_of_ours() -> None:
    standing = Standing("x", (), title=NASTY, course=NASTY, points=Decimal("7.50"), points_possible=Decimal(10))
    told = Told(NotificationKind.ASSIGNMENT_SCORED, NASTY, False, [Item(standing, Verdict.NEWS)])
    mail = mail_of([told], NASTY, "en", HEAD, detail=True)
    assert "\n" not in mail.subject
    assert "\r" not in mail.subject + mail.text
    assert "<script" not in mail.html
    assert mail.html.count("<li>") == 1
    assert "{n} $portal" in mail.text
    assert [each for each in mail.text.splitlines() if each.startswith("Bcc")] == []
    assert "7.5/10" in mail.text
    hidden = mail_of([told], "Ana", "en", HEAD, detail=False)
    assert "7.5" not in hidden.text + hidden.html


def test_detail_is_told_of_a_mark_and_of_what_was_taken_back_only_that_it_was() -> None:
    mark = Standing("x", (), period="Period 1", status=AttendanceStatus.ABSENT, excuse=AttendanceExcuse.UNKNOWN)
    assert line(NotificationKind.ATTENDANCE, mark, Verdict.NEWS, "en", detail=True) == "Period 1: absent"
    assert line(NotificationKind.ATTENDANCE, mark, Verdict.NEWS, "es", detail=False) == "Period 1"
    assert line(NotificationKind.GRADE_POSTED, None, Verdict.TAKEN_BACK, "en", detail=True) == "taken back"
    assert line(NotificationKind.MESSAGE, Standing("x", ()), Verdict.NEWS, "en", detail=True) is None
