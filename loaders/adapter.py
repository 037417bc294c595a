"""Adapters: a folder that says how one student information system answers the relations, in SQL and no Python.

`adapter.toml` holds the facts (name, engines, time zone, types of keys, triggers); `<relation>.sql` holds one SELECT
each, and `changes.sql`, where there is one, tells which students have changed.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from loaders.contract import ESSENTIAL, RELATIONS
from loaders.dialect import Dialect
from loaders.errors import AdapterInvalid
from loaders.statement import Key

_CHANGES = "changes"
BUILT_IN = Path(__file__).parent / "sis"
KEY_TYPES = ("integer", "text", "uuid")


#: For how many seconds a transaction may go on after it has given its rows their marks, and still be seen at once.
OVERLAP = 120


@dataclass(frozen=True)
class Changes:
    """How a source says which students have changed.

    `select` answers with `student_id` and `mark` for everything whose mark is `:since` or later. Marks are times
    (`timed`), or numbers that grow. `overlap` is for how many seconds one that is read may still get company before it.
    """

    select: str
    timed: bool = True
    overlap: float = OVERLAP


@dataclass(frozen=True)
class Adapter:
    """One student information system, as the gateway reads it.

    `selects` holds the SELECT of each relation the source has; `key_types` says for each entity whether its keys
    are integers, texts or UUIDs; `time_zone` is that of instants which the source writes without one, and of its
    schools where they name none. `triggers` holds for each table that triggers are made for the SELECT of the students
    whom one of its rows concerns, over the columns of `{row}`.
    """

    name: str
    title: str
    dialects: tuple[Dialect, ...]
    time_zone: ZoneInfo
    default_key_type: str
    key_types: Mapping[str, str]
    selects: Mapping[str, str]
    changes: Changes | None = None
    triggers: Mapping[str, str] = field(default_factory=dict)

    def key_type(self, entity: str) -> str:
        """`integer`, `text` or `uuid`: the type of this entity's keys."""
        return self.key_types.get(entity, self.default_key_type)

    def parse_key(self, entity: str, text: str) -> Key | None:
        """A client's or an operator's text as a key of this source; None where no key of it can read so."""
        kind = self.key_type(entity)
        if kind == "text":
            return text if len(text) <= 255 and "\x00" not in text else None
        if kind == "uuid":
            try:
                return UUID(text)
            except ValueError:
                return None
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            return None
        return int(text)

    def has(self, *relations: str) -> bool:
        """Whether the source answers all of these relations."""
        return self.selects.keys() >= set(relations)


def find_adapter(name_or_folder: str) -> Path:
    """The folder of a built-in adapter by its name, or a district's own folder by its path."""
    built_in = BUILT_IN / name_or_folder
    if re.fullmatch(r"[a-z0-9_-]+", name_or_folder) and (built_in / "adapter.toml").is_file():
        return built_in
    folder = Path(name_or_folder)
    if (folder / "adapter.toml").is_file():
        return folder
    names = ", ".join(sorted(path.parent.name for path in BUILT_IN.glob("*/adapter.toml")))
    raise AdapterInvalid(
        f"There is no adapter {name_or_folder!r}: name one of {names}, or a folder that holds an adapter.toml."
    )


def load_adapter(name_or_folder: str, time_zone: str | None = None) -> Adapter:
    """Read an adapter's folder; `time_zone` takes the place of the adapter's own.

    Raises AdapterInvalid, naming the file and what is wrong with it.
    """
    folder = find_adapter(name_or_folder)
    path = folder / "adapter.toml"
    try:
        facts = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AdapterInvalid(f"{path.name} of adapter {folder.name}: {error}") from error
    return Adapter(
        name=folder.name,
        title=_text(facts, "title", folder.name),
        dialects=_dialects(facts, folder.name),
        time_zone=_zone(time_zone or _text(facts, "time_zone", folder.name), folder.name),
        default_key_type=_key_types(facts, folder.name).pop("default", "integer"),
        key_types={k: v for k, v in _key_types(facts, folder.name).items() if k != "default"},
        selects=_selects(folder),
        changes=_changes(facts, folder),
        triggers=_triggers(facts, folder.name),
    )


def _text(facts: Mapping[str, object], name: str, adapter: str) -> str:
    value = facts.get(name)
    if not isinstance(value, str) or not value:
        raise AdapterInvalid(f"adapter.toml of {adapter}: `{name}` must be a text.")
    return value


def _dialects(facts: Mapping[str, object], adapter: str) -> tuple[Dialect, ...]:
    value = facts.get("dialects")
    known = [dialect.value for dialect in Dialect]
    if not isinstance(value, list) or not value or any(item not in known for item in value):
        raise AdapterInvalid(f"adapter.toml of {adapter}: `dialects` must list some of {', '.join(known)}.")
    return tuple(Dialect(item) for item in value)


def _zone(name: str, adapter: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise AdapterInvalid(f"adapter {adapter}: {name!r} is not an IANA time zone.") from error


def _key_types(facts: Mapping[str, object], adapter: str) -> dict[str, str]:
    value = facts.get("keys", {})
    if not isinstance(value, dict) or any(kind not in KEY_TYPES for kind in value.values()):
        raise AdapterInvalid(f"adapter.toml of {adapter}: each of `[keys]` must be one of {', '.join(KEY_TYPES)}.")
    return dict(value)


def _changes(facts: Mapping[str, object], folder: Path) -> Changes | None:
    path = folder / f"{_CHANGES}.sql"
    given = facts.get(_CHANGES, {})
    if not path.is_file():
        if given:
            raise AdapterInvalid(f"adapter.toml of {folder.name} tells of changes, and there is no {path.name}.")
        return None
    if not isinstance(given, dict) or given.keys() - {"mark", "overlap"}:
        raise AdapterInvalid(f"adapter.toml of {folder.name}: `[changes]` holds `mark` and `overlap`.")
    mark, overlap = given.get("mark", "time"), given.get("overlap", OVERLAP)
    if mark not in ("time", "number"):
        raise AdapterInvalid(f"adapter.toml of {folder.name}: `mark` of `[changes]` must be time or number.")
    if not isinstance(overlap, int) or not 0 < overlap <= 86_400:
        raise AdapterInvalid(f"adapter.toml of {folder.name}: `overlap` of `[changes]` is in seconds, a day at most.")
    select = _single_select(path.read_text("utf-8"), f"{path.name} of adapter {folder.name}")
    return Changes(select, timed=mark == "time", overlap=overlap)


def _triggers(facts: Mapping[str, object], adapter: str) -> dict[str, str]:
    given = facts.get("triggers", {})
    if not isinstance(given, dict) or not all(isinstance(select, str) for select in given.values()):
        raise AdapterInvalid(f"adapter.toml of {adapter}: `[triggers]` holds a SELECT for each table.")
    for table, select in given.items():
        where = f"the trigger of {table} in adapter.toml of {adapter}"
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,40}", table):
            raise AdapterInvalid(f"{where}: that is no table's name.")
        if "{row}" not in _single_select(select, where):
            raise AdapterInvalid(f"{where} says nothing of {{row}}.")
    return {table: _single_select(select, table) for table, select in given.items()}


def _selects(folder: Path) -> dict[str, str]:
    selects = {}
    for path in sorted(folder.glob("*.sql")):
        name = path.stem
        if name == _CHANGES:
            continue
        if name not in RELATIONS:
            raise AdapterInvalid(f"{path.name} of adapter {folder.name}: the contract has no relation {name!r}.")
        selects[name] = _single_select(path.read_text("utf-8"), f"{path.name} of adapter {folder.name}")
    missing = sorted(ESSENTIAL - selects.keys())
    if missing:
        raise AdapterInvalid(f"adapter {folder.name} lacks {', '.join(f'{name}.sql' for name in missing)}.")
    return selects


_WRITES = re.compile(
    r"\b(insert|update|delete|merge|create|drop|alter|grant|truncate|call|into|attach|pragma)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`")
_COMMENT_OR_QUOTED = re.compile(rf"(?P<quoted>{_QUOTED.pattern})|--[^\n]*")


def _single_select(text: str, where: str) -> str:
    """The SELECT without its comments and final semicolon; refused where it is more, or other, than one SELECT."""
    bare = _COMMENT_OR_QUOTED.sub(lambda found: found["quoted"] or "", text).strip().removesuffix(";").strip()
    unquoted = _QUOTED.sub("''", bare)
    if ";" in unquoted:
        raise AdapterInvalid(f"{where} holds more than one statement.")
    if not re.match(r"(select|with)\b", unquoted, re.IGNORECASE):
        raise AdapterInvalid(f"{where} is not a SELECT.")
    found = _WRITES.search(unquoted)
    if found:
        raise AdapterInvalid(f"{where} holds the word {found.group()!r}: an adapter only reads.")
    return bare
