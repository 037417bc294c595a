"""The command line: what each command says, on which stream, and with which exit code."""

import os
import pty
import re
import select
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.demo import DISTRICT_NAME, STAFF, STAFF_SECRET, Demo, lines
from gateway.push.services import push_services
from gateway.settings import SettingsInvalid, load_settings
from loaders.demo import make_district
from loaders.demo.made import Made, read_made, write_made
from loaders.registration.reading import DEFAULT_FORM
from resolvers.portal.push_offer import Platform
from resolvers.portal.totp import otpauth_uri
from tests.portal import NOON
from tests.push_services import decoded

SECONDS = 30.0


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a small made district."""
    path = tmp_path_factory.mktemp("district") / "sis.db"
    write_made(make_district(path, students=30, today=date(2026, 11, 23)), 30, 1)
    return path


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def settings(district: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of that district, with a portal store that is not there yet."""
    monkeypatch.setenv("HOMEROOM_SIS_URL", f"sqlite:///{district}")
    monkeypatch.setenv("HOMEROOM_PORTAL_URL", f"sqlite:///{tmp_path}/store/portal.db")
    monkeypatch.setenv("HOMEROOM_TODAY", "2026-11-23")


def homeroom(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, arguments, input=typed)


def accounts(path: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("select username, guardian_id, staff_role from account order by id").fetchall()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ((), ["demo", "serve", "check", "triggers", "migrate", "pushkey", "schema", "registration", "user"]),
        (("demo",), ["--students", "--seed", "--fresh", "--no-serve"]),
        (("serve",), ["Serve the district"]),
        (("check",), ["Prove the adapter"]),
        (("triggers",), ["Print triggers", "--notify", "--remove"]),
        (("migrate",), ["portal store", "--restored"]),
        (("pushkey",), ["FILE", "HOMEROOM_PUSH_KEY_FILE"]),
        (("schema",), ["--check"]),
        (("registration", "export"), ["--year", "--to", "--school"]),
        (("user", "add"), ["--guardian", "--staff", "--username"]),
    ],
)
def test_each_command_explains_itself(command: tuple[str, ...], said: list[str]) -> None:
    answer = homeroom(*command, "--help")
    assert answer.exit_code == 0
    plain = re.sub(r"\x1b\[[0-9;]*m", "", answer.output)
    assert [word for word in said if word not in plain] == []


def test_a_key_for_web_push_is_made_once_for_its_owner_to_read_and_the_settings_take_it(settings: None) -> None:
    made = homeroom("pushkey", "push.pem")
    assert made.exit_code == 0
    public = made.output.split()[-1]
    assert len(decoded(public)) == 65
    path = Path("push.pem")
    assert path.stat().st_mode & 0o777 == 0o600
    held = path.read_bytes()
    again = homeroom("pushkey", "push.pem")
    assert (again.exit_code, again.output) == (1, "homeroom: push.pem is there already, and is left as it is.\n")
    assert homeroom("pushkey", "nowhere/push.pem").exit_code == 1
    assert path.read_bytes() == held
    push = push_services(load_settings(push_key_file=path, support_email="help@school.example"), lambda: NOON)
    assert (push.offer.public_key, push.offer.platforms) == (public, frozenset({Platform.WEB_PUSH}))
    with pytest.raises(SettingsInvalid, match="HOMEROOM_SUPPORT_EMAIL must be set"):
        load_settings(push_key_file=path)
    with pytest.raises(SettingsInvalid, match="HOMEROOM_APNS_TOPIC must be set"):
        load_settings(apns_key_file=path, apns_key_id="ABC123DEFG", apns_team="DEF123GHIJ")
    phones = push_services(
        load_settings(
            apns_key_file=path, apns_key_id="ABC123DEFG", apns_team="DEF123GHIJ", apns_topic="org.example.portal"
        ),
        lambda: NOON,
    )
    assert (phones.offer.public_key, phones.offer.platforms) == (None, frozenset({Platform.APNS}))


def test_help_loads_neither_drivers_nor_schema() -> None:
    heavy = ("asyncpg", "strawberry", "uvicorn", "pydantic")
    code = f"import sys, gateway.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    "command",
    [("serve",), ("check",), ("triggers",), ("migrate",), ("user", "add", "--username", "x", "--staff", "OFFICE")],
)
def test_faulty_settings_end_every_command_with_their_names(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOMEROOM_PORT", "plover")
    monkeypatch.setenv("HOMEROOM_PEPER", "plover")
    answer = homeroom(*command)
    assert answer.exit_code == 1
    assert answer.stdout == ""
    for name in ("HOMEROOM_SIS_URL", "HOMEROOM_PORT", "HOMEROOM_PEPER"):
        assert name in answer.stderr
    assert "plover" not in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.usefixtures("settings")
def test_triggers_are_printed_for_the_engine_and_never_run(district: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = homeroom("triggers")
    assert (script.exit_code, script.stderr) == (0, "")
    assert homeroom("triggers", "--notify").stderr == (
        "homeroom: Only PostgreSQL can wake the gateway: leave --notify out.\n"
    )
    with closing(sqlite3.connect(district)) as connection:
        assert connection.execute("select name from sqlite_master where type = 'trigger'").fetchall() == []
    monkeypatch.setenv("HOMEROOM_SIS_ADAPTER", "rosariosis")
    assert "reads postgresql, mysql" in homeroom("triggers").stderr
    monkeypatch.setenv("HOMEROOM_SIS_URL", "postgresql://nobody@nowhere.invalid/sis")
    assert "notify homeroom_change, '1';" in homeroom("triggers", "--notify").stdout
    assert homeroom("triggers", "--remove").stdout.count("drop trigger if exists") == 15


@pytest.mark.usefixtures("settings")
def test_migrate_tells_what_it_applied_and_then_that_nothing_was_to_do(tmp_path: Path) -> None:
    first, second = homeroom("migrate"), homeroom("migrate")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout.splitlines()[0] == "applied 0001"
    assert first.stdout.splitlines()[-1] == "The portal store is up to date."
    assert second.stdout == "The portal store was up to date; nothing was to do.\n"
    assert (tmp_path / "store").stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(tmp_path / "store" / "portal.db")) as connection:
        connection.execute("insert into change_log (id, epoch, head, forgotten) values (1, 'before', 7, 2)")
        connection.commit()
        assert homeroom("migrate", "--restored").exit_code == 0
        ((epoch, head, forgotten),) = connection.execute("select epoch, head, forgotten from change_log").fetchall()
    assert re.fullmatch(r"[0-9a-f]{16}", epoch)
    assert (head, forgotten) == (7, 2)


@pytest.mark.usefixtures("settings")
def test_check_finds_the_made_district_fit_to_serve() -> None:
    answer = homeroom("check")
    assert answer.exit_code == 0
    said = answer.stdout.splitlines()
    assert said[0] == "Adapter home on sqlite"
    assert "student\t30\tok\t" in said
    assert said[-3:] == [
        "credentials: read only",
        "registration: off, for HOMEROOM_REGISTRATION is not set.",
        "The source can be served.",
    ]


@pytest.mark.usefixtures("settings")
def test_check_ends_with_1_where_a_registration_window_is_of_no_school(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forms = tmp_path / "forms"
    forms.mkdir()
    monkeypatch.setenv("HOMEROOM_REGISTRATION", str(forms))
    text = DEFAULT_FORM.read_text("utf-8")
    for school, code in (("1", 0), ("999", 1)):
        window = f'[[windows]]\nschool = "{school}"\nopens_on = 2026-11-01\ncloses_on = 2026-12-01\n\n[[windows]]'
        (forms / "form.toml").write_text(text.replace("[[windows]]", window, 1), "utf-8")
        answer = homeroom("check")
        assert answer.exit_code == code, answer.output
        assert ("'999'" in answer.stdout) == bool(code)


@pytest.mark.usefixtures("settings")
def test_an_export_says_that_nothing_is_due_and_refuses_a_folder_that_cannot_be_one(tmp_path: Path) -> None:
    homeroom("migrate")
    answer = homeroom("registration", "export", "--year", "2028", "--to", str(tmp_path / "out"))
    assert (answer.exit_code, answer.stdout) == (
        0, "No registration is due: none was approved since the last export.\n",
    )  # fmt: skip
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("settings")
def test_check_ends_with_1_where_a_relation_is_wrong(
    district: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.db"
    with closing(sqlite3.connect(district)) as whole, closing(sqlite3.connect(broken)) as copy:
        whole.backup(copy)
        copy.execute("alter table student rename column family_name to surname")
        copy.execute("drop table message")
        copy.commit()
    monkeypatch.setenv("HOMEROOM_SIS_URL", f"sqlite:///{broken}")
    answer = homeroom("check")
    assert answer.exit_code == 1
    wrong = [line.split("\t")[0] for line in answer.stdout.splitlines() if "\tNOT OK\t" in line]
    assert {"student", "message"} <= set(wrong)
    assert "guardian" not in wrong
    assert answer.stderr == "homeroom: The source cannot be served as it is: see what stands above.\n"


@pytest.mark.parametrize(
    ("url", "adapter", "said"),
    [
        ("sqlite:///gone.db", "home", "gone.db"),
        ("postgresql://reader:plover@127.0.0.1:1/sis", "rosariosis", "does not answer"),
        ("postgresql://reader:plover@127.0.0.1:1/sis", "home", "does not answer"),
        (None, "rosariosis", "correct HOMEROOM_SIS_ADAPTER or HOMEROOM_SIS_URL"),
    ],
)
@pytest.mark.usefixtures("settings")
def test_a_source_that_cannot_be_opened_ends_check_with_one_line(
    url: str | None, adapter: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if url:
        monkeypatch.setenv("HOMEROOM_SIS_URL", url)
    monkeypatch.setenv("HOMEROOM_SIS_ADAPTER", adapter)
    answer = homeroom("check")
    assert answer.exit_code == 1
    assert answer.stderr.startswith("homeroom: ")
    assert said in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert "plover" not in answer.output


@pytest.mark.usefixtures("settings")
def test_user_add_reads_the_password_from_standard_input(tmp_path: Path) -> None:
    store = tmp_path / "store" / "portal.db"
    assert homeroom("migrate").exit_code == 0
    assert homeroom("user", "add", "--guardian", "1", "--username", "marisol", typed="plover-1 x\n").exit_code == 0
    assert homeroom("user", "add", "--staff", "office", "--username", "desk", typed="plover-2 x").exit_code == 0
    assert accounts(store) == [("marisol", "1", None), ("desk", None, "OFFICE")]
    assert b"plover" not in store.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "typed", "said"),
    [
        (("--guardian", "1", "--username", "marisol"), "plover", "at least one digit"),
        (("--guardian", "1", "--username", "marisol"), "", "at least 8 characters"),
        (("--guardian", "1", "--username", "m"), "plover-1 x", "at least 3 characters"),
        (("--guardian", "999999", "--username", "marisol"), "plover-1 x", "has no guardian '999999'"),
        (("--guardian", "plover'; drop", "--username", "marisol"), "plover-1 x", "has no guardian"),
    ],
)
@pytest.mark.usefixtures("settings")
def test_user_add_says_why_it_made_no_account(
    arguments: tuple[str, ...], typed: str, said: str, tmp_path: Path
) -> None:
    assert homeroom("migrate").exit_code == 0
    answer = homeroom("user", "add", *arguments, typed=typed)
    assert answer.exit_code == 1
    assert said in answer.stderr
    assert "plover-1" not in answer.output
    assert accounts(tmp_path / "store" / "portal.db") == []


@pytest.mark.parametrize("command", [("migrate",), ("demo", "--no-serve")])
@pytest.mark.usefixtures("settings")
def test_a_folder_that_cannot_be_made_is_told_in_one_line(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "store").touch()
    (tmp_path / ".homeroom").touch()
    answer = homeroom(*command)
    assert answer.exit_code == 1
    assert re.fullmatch(r"homeroom: The folder of the .* cannot be made \(File exists\): .*\.\n", answer.stderr)


@pytest.mark.usefixtures("settings")
def test_user_add_before_migrate_names_the_remedy() -> None:
    answer = homeroom("user", "add", "--staff", "OFFICE", "--username", "desk", typed="plover-1 x")
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert "run `homeroom migrate`" in answer.stderr


@pytest.mark.usefixtures("settings")
def test_on_a_terminal_the_password_is_asked_for_twice_and_never_shown(tmp_path: Path) -> None:
    assert homeroom("migrate").exit_code == 0
    child, terminal = pty.fork()
    if child == 0:
        command = [sys.executable, "-m", "gateway.cli", "user", "add", "--staff", "OFFICE", "--username", "desk"]
        os.execv(sys.executable, command)
    try:
        shown = ""
        for typed in ("plover-1 x", "plover-2 x", "plover-1 x", "plover-1 x"):
            shown += _read_until(terminal, ": ")
            os.write(terminal, f"{typed}\n".encode())
        shown += _read_until(terminal, None)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        os.close(terminal)
    assert "do not match" in shown
    assert "plover" not in shown
    assert accounts(tmp_path / "store" / "portal.db") == [("desk", None, "OFFICE")]


def _read_until(terminal: int, end: str | None) -> str:
    """What the terminal shows up to a text that it ends in, or up to its end."""
    shown = ""
    while end is None or not shown.endswith(end):
        if not select.select([terminal], [], [], SECONDS)[0]:
            raise TimeoutError(shown)
        try:
            read = os.read(terminal, 4096)
        except OSError:
            break
        if not read:
            break
        shown += read.decode()
    return shown


@pytest.mark.parametrize("owner", [(), ("--guardian", "1", "--staff", "OFFICE")])
def test_user_add_wants_one_owner(owner: tuple[str, ...]) -> None:
    assert homeroom("user", "add", "--username", "marisol", *owner).exit_code == 2


def test_the_demo_is_made_once_and_made_again_when_it_is_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, store = tmp_path / ".homeroom" / "demo.db", tmp_path / ".homeroom" / "demo-portal.db"
    # A district's own settings must not reach the demo.
    monkeypatch.setenv("HOMEROOM_PEPPER", "plover-plover-plover")
    monkeypatch.setenv("HOMEROOM_TODAY", "2026-11-23")

    def made() -> tuple[int, Made | None]:
        assert homeroom("demo", "--no-serve", "--students", "30").exit_code == 0
        return path.stat().st_ino, read_made(path)

    first = made()
    assert first[1] == Made(date(2026, 11, 23), 30, 1)
    assert accounts(store) == [("parent", "1", None), ("staff", None, "OFFICE,SUPPORT,ADMIN")]
    assert made() == first
    monkeypatch.setenv("HOMEROOM_TODAY", "2026-11-24")
    second = made()
    assert second[1] == Made(date(2026, 11, 24), 30, 1)
    assert second[0] != first[0]
    path.write_bytes(path.read_bytes()[:5000])
    assert made()[1] == second[1]
    assert accounts(store) == [("parent", "1", None), ("staff", None, "OFFICE,SUPPORT,ADMIN")]
    assert sorted(p.name for p in path.parent.iterdir() if not p.name.endswith(("-wal", "-shm"))) == [
        "demo-portal.db",
        "demo-portal.db.key",
        "demo.db",
        "documents",
        "push.pem",
        "registration",
    ]


def test_a_district_that_was_not_finished_counts_as_none(tmp_path: Path) -> None:
    make_district(tmp_path / "demo.db", students=25, today=date(2026, 11, 23))
    assert read_made(tmp_path / "demo.db") is None
    assert read_made(tmp_path / "gone.db") is None
    (tmp_path / "noise.db").write_bytes(b"plover" * 1000)
    assert read_made(tmp_path / "noise.db") is None


def test_what_the_demo_shows_is_fit_to_be_read_by_a_program() -> None:
    said = lines(Demo(Path("/a folder/demo.db"), Path("/a folder/portal.db")), "http://127.0.0.1:8000/graphql")
    assert said[:5] == [
        "url: http://127.0.0.1:8000/graphql",
        "parent: parent walnut-kite-58",
        "staff: staff harbor-lamp-73",
        f"second factor: {otpauth_uri(STAFF_SECRET, DISTRICT_NAME, STAFF)}",
        "mail: /a folder/mail",
    ]
    assert [shlex.split(line)[:2] for line in said[5:]] == [["curl", "-s"], ["curl", "-s"]]
    assert not any("\n" in line for line in said)
