"""The script of triggers by which a database notes at once which students have changed: printed, never run from here.

Each row that is written into one of the adapter's tables adds the students whom it concerns to one small table, which
only ever grows at its end, so that no two writers wait for each other. What is old in it goes by itself.
"""

from collections.abc import Iterator

from loaders.adapter import Adapter
from loaders.dialect import Dialect
from loaders.errors import AdapterInvalid
from loaders.feed import TABLE

#: How many changes the table holds on SQLite and MariaDB; on PostgreSQL it holds those of a day.
HELD = 200_000
#: The channel on which PostgreSQL wakes the gateway; it says a number that means nothing.
CHANNEL = TABLE

_ROWS = {"insert": ("new",), "update": ("old", "new"), "delete": ("old",)}


def trigger_script(adapter: Adapter, dialect: Dialect, *, notify: bool = False) -> str:
    """The statements that make the table and the triggers on this engine, for whoever owns the database.

    They may be run again. With `notify`, PostgreSQL also wakes the gateway. AdapterInvalid where the adapter names no
    tables, or the engine cannot wake anybody.
    """
    if not adapter.triggers:
        raise AdapterInvalid(f"adapter.toml of {adapter.name} has no [triggers]: name the tables that families see.")
    if notify and dialect is not Dialect.POSTGRESQL:
        raise AdapterInvalid("Only PostgreSQL can wake the gateway: leave --notify out.")
    match dialect:
        case Dialect.SQLITE:
            parts = _sqlite(adapter)
        case Dialect.POSTGRESQL:
            parts = _postgresql(adapter, notify=notify)
        case Dialect.MYSQL:
            parts = _mysql(adapter)
    return "\n\n".join((_heading(adapter, dialect), *parts)) + "\n"


def removal_script(adapter: Adapter, dialect: Dialect) -> str:
    """The statements that take all of it away again."""
    lines = [f"-- Takes away what `homeroom triggers` made for {adapter.title}."]
    for table in adapter.triggers:
        for event in _ROWS:
            of = f" on {table}" if dialect is Dialect.POSTGRESQL else ""
            lines.append(f"drop trigger if exists {_name(table, event)}{of};")
        if dialect is Dialect.POSTGRESQL:
            lines.append(f"drop function if exists {TABLE}_{table}();")
    if dialect is Dialect.MYSQL:
        lines.append(f"drop event if exists {TABLE}_sweep;")
    lines.append(f"drop table if exists {TABLE};")
    return "\n".join(lines) + "\n"


def _heading(adapter: Adapter, dialect: Dialect) -> str:
    lines = [
        f"-- Notes at once which students have changed in {adapter.title}, in the table {TABLE}.",
        f"-- Run it as the owner of {', '.join(adapter.triggers)}.",
        "-- `homeroom triggers --remove` prints how it goes again.",
    ]
    if dialect is not Dialect.SQLITE:
        lines.append(f"-- Then let the gateway's user read it: grant select on {TABLE} to homeroom_reader;")
    if dialect is Dialect.MYSQL:
        lines.append("-- An event sweeps the table: set event_scheduler = on in the server's configuration.")
    return "\n".join(lines)


def _sqlite(adapter: Adapter) -> Iterator[str]:
    yield (
        f"create table if not exists {TABLE} (\n  mark integer primary key autoincrement,\n"
        "  student_id text not null\n);"
    )
    for table, select in adapter.triggers.items():
        for event, rows in _ROWS.items():
            name = _name(table, event)
            yield (
                f"drop trigger if exists {name};\ncreate trigger {name} after {event} on {table}\nbegin\n"
                f"{_noted(select, rows)}\nend;"
            )
    sweep = f"{TABLE}_sweep"
    yield (
        f"drop trigger if exists {sweep};\ncreate trigger {sweep} after insert on {TABLE} when new.mark % 1000 = 0\n"
        f"begin\n  delete from {TABLE} where mark <= new.mark - {HELD};\nend;"
    )


def _postgresql(adapter: Adapter, *, notify: bool) -> Iterator[str]:
    # No sequence: it would change what lastval() tells an application that has just inserted a row of its own. With no
    # key, a publication of all tables would refuse to have rows deleted, but for the full identity.
    yield (
        f"create table if not exists {TABLE} (\n"
        "  mark timestamp not null default (clock_timestamp() at time zone 'UTC'),\n  student_id text not null\n);\n"
        f"create index if not exists {TABLE}_by_mark on {TABLE} (mark);\n"
        f"alter table {TABLE} replica identity full;"
    )
    waking = f"  notify {CHANNEL}, '1';\n" if notify else ""
    for table, select in adapter.triggers.items():
        function = f"{TABLE}_{table}"
        noted = "\n".join(
            f"  if tg_op <> '{without}' then\n"
            f"    insert into {TABLE} (student_id)\n    select distinct concerned.student_id from {row}_rows\n"
            f"    cross join lateral ({select.replace('{row}', f'{row}_rows')}) as concerned\n"
            "    where concerned.student_id is not null;\n  end if;"
            for row, without in (("old", "INSERT"), ("new", "DELETE"))
        )
        # With the owner's rights, for who writes a grade need not be allowed to write here. Rows that another
        # transaction is about to sweep are left to it: no writer waits for one.
        yield (
            f"create or replace function {function}() returns trigger language plpgsql security definer\n"
            f"set search_path = public, pg_temp as $$\nbegin\n{noted}\n"
            f"  if random() < 0.01 then\n    delete from {TABLE} where ctid = any (array(\n"
            f"      select ctid from {TABLE} where mark < (clock_timestamp() at time zone 'UTC') - interval '1 day'\n"
            f"      order by mark limit 10000 for update skip locked\n    ));\n  end if;\n"
            f"{waking}  return null;\nend $$;"
        )
        for event, rows in _ROWS.items():
            seen = " ".join(f"{row} table as {row}_rows" for row in rows)
            name = _name(table, event)
            yield (
                f"drop trigger if exists {name} on {table};\ncreate trigger {name} after {event} on {table}\n"
                f"referencing {seen} for each statement execute function {function}();"
            )


def _mysql(adapter: Adapter) -> Iterator[str]:
    yield (
        f"create table if not exists {TABLE} (\n  mark bigint not null auto_increment primary key,\n"
        "  student_id varchar(255) not null\n) engine = InnoDB;"
    )
    yield "delimiter //"
    for table, select in adapter.triggers.items():
        for event, rows in _ROWS.items():
            name = _name(table, event)
            yield (
                f"drop trigger if exists {name}//\ncreate trigger {name} after {event} on {table} for each row\n"
                f"begin\n{_noted(select, rows)}\nend//"
            )
    sweep = f"{TABLE}_sweep"
    yield (
        f"drop event if exists {sweep}//\ncreate event {sweep} on schedule every 10 minute do\nbegin\n"
        f"  declare last_mark bigint;\n  select max(mark) into last_mark from {TABLE};\n"
        f"  delete from {TABLE} where mark <= last_mark - {HELD};\nend//"
    )
    yield "delimiter ;"


def _noted(select: str, rows: tuple[str, ...]) -> str:
    return "\n".join(
        f"  insert into {TABLE} (student_id)\n  select student_id from ({select.replace('{row}', row)}) as concerned\n"
        "  where student_id is not null;"
        for row in rows
    )


def _name(table: str, event: str) -> str:
    return f"{TABLE}_{table}_{event}"
