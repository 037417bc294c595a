"""Ids that clients give as arguments, made into the source's own keys."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime

from loaders.ids import read_node_id
from loaders.messages import folded
from loaders.posted import HERE, MessageKey, Posted
from loaders.statement import Key
from resolvers.context import Context
from resolvers.errors import BadUserInput

#: The entities of the source whose keys make up an id of each type, student first where a student is part of it.
ID_PARTS: dict[str, tuple[str, ...]] = {
    "Parent": ("guardian",),
    "Student": ("student",),
    "Teacher": ("staff",),
    "School": ("school",),
    "Term": ("term",),
    "Course": ("student", "section"),
    "Grade": ("student", "grade"),
    "Assignment": ("student", "section", "assignment"),
    "Attendance": ("student", "date", "period"),
    "Message": ("message",),
    "Document": ("student", "paper"),
}

Part = Key | date | Posted

MOST_COURSES = 100
MOST_WORDS = 8
LONGEST_SEARCH = 200
#: Beyond these no engine compares instants in every zone, and no school has sent anything.
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

#: How a document is named within its student.
_PAPER = re.compile(r"transcript|(issued|card)-.{1,255}")


def read_id(context: Context, text: str) -> tuple[str, tuple[Part, ...]] | None:
    """Type name and keys of an id; None where it cannot be one of this source's, whatever is wrong with it."""
    found = read_node_id(text)
    if found is None or found[0] not in ID_PARTS:
        return None
    type_name, texts = found
    if type_name == "Message" and (posted := Posted.read(texts)) is not None:
        return type_name, (posted,)
    if type_name == "Document" and len(texts) == 3:
        return _read_file(texts)
    entities = ID_PARTS[type_name]
    if len(texts) != len(entities):
        return None
    parts = [_read_part(context, entity, part) for entity, part in zip(entities, texts, strict=True)]
    return (
        None if any(part is None for part in parts) else (type_name, tuple(part for part in parts if part is not None))
    )


def _read_file(texts: Sequence[str]) -> tuple[str, tuple[Part, ...]] | None:
    """The key of a document that came with a message: no student's, and a name."""
    message, file = Posted.read(tuple(texts[:2])), Posted.read((HERE, texts[2]))
    return None if message is None or file is None else ("Document", ("", f"file-{message.number}-{file.number}"))


def _read_part(context: Context, entity: str, text: str) -> Part | None:
    if entity == "paper":
        return text if _PAPER.fullmatch(text) else None
    if entity != "date":
        return context.source.adapter.parse_key(entity, text)
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def keys_of(context: Context, type_name: str, text: str, argument: str) -> tuple[Part, ...]:
    """The keys in an argument that must be the id of one type; BadUserInput naming the argument where it is not."""
    found = read_id(context, text)
    if found is None or found[0] != type_name:
        raise BadUserInput(f"`{argument}` is not the id of a {type_name}: give back an id exactly as it came.")
    return found[1]


def term_key(context: Context, text: str | None, argument: str = "termId") -> Key | None:
    """The key of a term's id, None where no term is named."""
    return None if text is None else _key(keys_of(context, "Term", text, argument)[0])


def student_keys(context: Context, texts: Sequence[str], argument: str) -> tuple[Key, ...]:
    """The keys of some students' ids."""
    return tuple(_key(keys_of(context, "Student", text, argument)[0]) for text in texts)


def course_pair(context: Context, text: str, argument: str) -> tuple[Key, Key]:
    """The (student, section) pair of a course's id."""
    student, section = keys_of(context, "Course", text, argument)
    return _key(student), _key(section)


def course_pairs(context: Context, texts: Sequence[str], argument: str) -> tuple[tuple[Key, Key], ...]:
    """The (student, section) pairs of some courses' ids; BadUserInput beyond a hundred."""
    if len(texts) > MOST_COURSES:
        raise BadUserInput(f"`{argument}` holds {len(texts)} ids: name {MOST_COURSES} at the most.")
    return tuple(course_pair(context, text, argument) for text in texts)


def assignment_keys(context: Context, text: str, argument: str) -> tuple[Key, Key, Key]:
    """The (student, section, assignment) keys of an assignment's id."""
    student, section, assignment = keys_of(context, "Assignment", text, argument)
    return _key(student), _key(section), _key(assignment)


def category_pair(context: Context, text: str, argument: str) -> tuple[Key, Key]:
    """The (category, section) pair of a category's id, which is no node's."""
    read = read_node_id(text)
    parts = None
    if read is not None and read[0] == "Category" and len(read[1]) == 2:
        parse = context.source.adapter.parse_key
        parts = parse("category", read[1][0]), parse("section", read[1][1])
    if parts is None or parts[0] is None or parts[1] is None:
        raise BadUserInput(f"`{argument}` is not the id of a Category: give back an id exactly as it came.")
    return parts[0], parts[1]


def message_keys(context: Context, texts: Sequence[str]) -> list[MessageKey | None]:
    """The key of each message's id; None for what is no id of a message."""
    found = [read_id(context, text) for text in texts]
    return [
        None if each is None or each[0] != "Message" or isinstance(each[1][0], date) else each[1][0] for each in found
    ]


def search_words(text: str, argument: str) -> tuple[str, ...]:
    """The words to look for, without case and accents; BadUserInput where there are too many, or none."""
    words = folded(text).split() if len(text) <= LONGEST_SEARCH else []
    if not 1 <= len(words) <= MOST_WORDS:
        raise BadUserInput(f"`{argument}` holds 1 to {MOST_WORDS} words, {LONGEST_SEARCH} characters at the most.")
    return tuple(words)


def within_reach(instant: datetime) -> datetime:
    """The instant, or the nearest to it that everything can be compared with."""
    return min(max(instant, _EARLIEST), _LATEST)


def student_parts(parts: Sequence[Part]) -> list[Key]:
    """The parts of an id that are keys of the source."""
    return [part for part in parts if not isinstance(part, date | Posted)]


def _key(part: Part) -> Key:
    if isinstance(part, date | Posted):
        raise TypeError("That is no key of the source.")
    return part
