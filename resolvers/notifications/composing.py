"""Composing: the few words of a push, and a mail of all that is told at once, as text and as HTML."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from resolvers.notifications.folding import Verdict
from resolvers.notifications.rules import NotificationKind
from resolvers.notifications.standing import Standing
from resolvers.notifications.wording import line, said, sentence
from resolvers.portal.push import PAGE_PATH
from resolvers.portal.service import Letterhead
from resolvers.portal.texts import label

#: How many things a push names where the guardian wants them named, and how many a mail does.
MOST_IN_PUSH, MOST_IN_MAIL = 3, 40
_SUBJECT, _LINE = 200, 300


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is told: what stands there now, and whether it is news."""

    standing: Standing | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Told:
    """What is told together: things of one kind about one student (None: about none), all news or all corrections."""

    kind: NotificationKind
    student: str | None
    corrects: bool
    items: Sequence[Item] = field(repr=False)

    @property
    def number(self) -> int:
        """How many things it tells of."""
        return len(self.items)


@dataclass(frozen=True, slots=True)
class Written:
    """A mail's subject, and what it says."""

    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


def push_text(told: Told, language: str, *, detail: bool) -> str:
    """What a lock screen shows: that there is something, and with `detail` what."""
    said_first = sentence(told.kind, told.number, told.student, language, corrects=told.corrects)
    named = _lines(told, language, MOST_IN_PUSH, detail=True) if detail else []
    return f"{said_first}: {'; '.join(named)}" if named else said_first


def mail_of(all_told: Sequence[Told], name: str, language: str, head: Letterhead, *, detail: bool) -> Written:
    """One mail of all that is told at once, by student; each thing is named, and with `detail` what stands there."""
    ordered = sorted(all_told, key=lambda told: (told.student or "", list(NotificationKind).index(told.kind)))
    blocks = [
        (
            sentence(told.kind, told.number, told.student, language, corrects=told.corrects),
            _lines(told, language, MOST_IN_MAIL, detail=detail),
            max(0, told.number - MOST_IN_MAIL),
        )
        for told in ordered
    ]
    subject = (
        blocks[0][0]
        if len(blocks) == 1
        else f"{head.district_name}: {said('several', language, n=sum(told.number for told in all_told))}"
    )
    hello = said("hello", language, name=label(name, _LINE))
    see = said("see", language, portal=f"{head.portal_url}{PAGE_PATH}" if head.portal_url else head.district_name)
    why = said("why", language, district=head.district_name)
    return Written(label(subject, _SUBJECT), _text(hello, blocks, see, why), _html(language, hello, blocks, see, why))


Block = tuple[str, Sequence[str], int]


def _text(hello: str, blocks: Sequence[Block], see: str, why: str) -> str:
    parts = [hello]
    for first, lines, more in blocks:
        parts.append("\n".join([first, *(f"  - {each}" for each in lines), *([f"  - … +{more}"] if more else [])]))
    return "\n\n".join([*parts, see, why]) + "\n"


def _html(language: str, hello: str, blocks: Sequence[Block], see: str, why: str) -> str:
    parts = [f'<!doctype html><html lang="{escape(language)}"><body><p>{escape(hello)}</p>']
    for first, lines, more in blocks:
        items = "".join(f"<li>{escape(each)}</li>" for each in [*lines, *([f"… +{more}"] if more else [])])
        parts.append(f"<h2>{escape(first)}</h2>{f'<ul>{items}</ul>' if items else ''}")
    return "".join([*parts, f"<p>{escape(see)}</p><p><small>{escape(why)}</small></p></body></html>"])


def _lines(told: Told, language: str, most: int, *, detail: bool) -> list[str]:
    found = (line(told.kind, item.standing, item.verdict, language, detail=detail) for item in told.items[:most])
    # A title is whatever a teacher typed: one line, whatever is in it.
    return [label(each, _LINE) for each in found if each]
