"""The demo: an invented district and two accounts to look at it with, made where they are missing."""

import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from gateway.demo_accounts import furnish
from gateway.demo_form import write_form
from gateway.operators import create_accounts, make_folder, migrate_store
from gateway.papers.press import Part, Sheet, printed
from gateway.push.tokens import make_key_file
from gateway.settings import Settings, load_settings
from loaders.demo import make_district
from loaders.demo.calendar import TIME_ZONE
from loaders.demo.district import Progress as Hears
from loaders.demo.documents import Issued, put_documents
from loaders.demo.made import guardian_of_case, read_made, write_made
from loaders.home import note_changes
from loaders.portal.roles import StaffRole
from resolvers.portal.accounts import CreateAccount
from resolvers.portal.totp import otpauth_uri

FOLDER = Path(".homeroom")
DISTRICT_NAME = "Maple Falls School District"
FRESH_DAYS = 6

MAIL_FROM = "portal@maplefalls.example"
PARENT, PARENT_PASSWORD = "parent", "walnut-kite-58"
PARENT_EMAIL = "marisol.pena@families.maplefalls.example"
STAFF, STAFF_PASSWORD = "staff", "harbor-lamp-73"
#: In base32, the same in every demo: an authenticator app that knows it once knows it for good.
STAFF_SECRET = "JVQXA3DFEBDGC3DMOMQGIZLNN4QHGZLD"
STAFF_EMAIL = "jordan.ellis@maplefalls.example"
STAFF_ROLES = frozenset({StaffRole.OFFICE, StaffRole.SUPPORT, StaffRole.ADMIN})

LOG_IN = (
    "mutation LogIn($input: LogInInput!) "
    "{ logIn(input: $input) { __typename ... on Problem { message } ... on LogInSuccess { session { expiresAt } } } }"
)
QUERY = "{ me { name students { name grades { task percent letter course { title } } } } }"


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo's two databases, each its file, and the folders of its mail and forms beside them."""

    district: Path
    store: Path

    @property
    def mail(self) -> Path:
        """The folder to which its mail goes."""
        return self.store.parent / "mail"

    @property
    def uploads(self) -> Path:
        """The folder that keeps what its families hand in."""
        return self.store.parent / "uploads"

    @property
    def documents(self) -> Path:
        """The folder of what its schools have issued."""
        return self.store.parent / "documents"

    @property
    def forms(self) -> Path:
        """The folder of its registration forms."""
        return self.store.parent / "registration"

    @property
    def push_key(self) -> Path:
        """The key that its web push is signed with."""
        return self.store.parent / "push.pem"

    @property
    def portal_url(self) -> str:
        """The URL of its portal store."""
        return _url(self.store)

    def settings(self) -> Settings:
        """Settings that serve the demo on this machine only, whatever a district's own settings say."""
        return load_settings(
            sis_url=_url(self.district),
            sis_adapter="home",
            sis_time_zone=None,
            sis_allow_writable=True,
            portal_url=self.portal_url,
            host="127.0.0.1",
            public_url=None,
            secure_cookies=False,
            pepper=None,
            pepper_file=None,
            seal_file=None,
            smtp_url=None,
            mail_from=MAIL_FROM,
            mail_folder=self.mail,
            push_key_file=self.push_key if self.push_key.exists() else None,
            fcm_account_file=None,
            apns_key_file=None,
            documents=self.documents,
            registration=self.forms,
            uploads=self.uploads,
            upload_scan=None,
            password_policy="seed",
            district_name=DISTRICT_NAME,
        )


def demo_at(folder: Path = FOLDER) -> Demo:
    """The demo whose files are in that folder."""
    home = folder.absolute()
    return Demo(home / "demo.db", home / "demo-portal.db")


async def prepare(
    demo: Demo, *, students: int, seed: int, fresh: bool, today: date | None, say: Callable[[str], None]
) -> None:
    """Make what is missing: the district, the portal store, its accounts.

    A district of another size or seed, or one made more than FRESH_DAYS days from today, is made again, and the
    store with it, whose marks speak of the old one's records.
    """
    day = today or datetime.now(TIME_ZONE).date()
    make_folder(demo.district.parent, "of the demo", "run it where you may write")
    reason = None if fresh else _reason_to_keep(demo, students, seed, day, exact=today is not None)
    if reason is None:
        for path in (demo.store, Path(f"{demo.store}-wal"), Path(f"{demo.store}-shm")):
            path.unlink(missing_ok=True)
        with _told(say) as progress:
            district = make_district(demo.district, students=students, seed=seed, today=day, progress=progress)
        note_changes(demo.district)
        put_documents(demo.district, demo.documents, _issued)
        write_made(district, students, seed)
        say(f"The demo district was made: {students} students, current as of {day}.")
    else:
        say(reason)
    if not demo.push_key.exists():
        make_key_file(demo.push_key)
    write_form(demo.forms, day, keep=reason is not None)
    await migrate_store(demo.portal_url)
    guardian = str(guardian_of_case(demo.district, "parent"))
    await create_accounts(
        demo.portal_url,
        None,
        [
            CreateAccount(PARENT, PARENT_PASSWORD, guardian_id=guardian, finished=True),
            CreateAccount(STAFF, STAFF_PASSWORD, roles=STAFF_ROLES, name="Jordan Ellis", email=STAFF_EMAIL),
        ],
        keep=True,
    )
    await furnish(demo.settings(), parent=PARENT, parent_email=PARENT_EMAIL, staff=STAFF, staff_secret=STAFF_SECRET)


def lines(demo: Demo, url: str) -> list[str]:
    """What the demo says of itself: where it is, who may log in, and what to try, each on a line of its own."""
    jar = shlex.quote(str(demo.district.parent / "cookies"))
    log_in = {"input": {"username": PARENT, "password": PARENT_PASSWORD, "client": "WEB"}}
    return [
        f"url: {url}",
        f"parent: {PARENT} {PARENT_PASSWORD}",
        f"staff: {STAFF} {STAFF_PASSWORD}",
        f"second factor: {otpauth_uri(STAFF_SECRET, DISTRICT_NAME, STAFF)}",
        f"mail: {_shown(demo.mail)}",
        f"curl -s -c {jar} {url} -H 'content-type: application/json' -d {_body(query=LOG_IN, variables=log_in)}",
        f"curl -s -b {jar} {url} -H 'content-type: application/json' -d {_body(query=QUERY)}",
    ]


def _issued(document: Issued) -> bytes:
    """The PDF of a document that a school of the demo issued."""
    head = (DISTRICT_NAME, document.student, f"{document.issued_on}, version {document.version}")
    note = "A document of an invented school, to try how families fetch one."
    return printed(
        Sheet(document.title, DISTRICT_NAME, "en", head, (Part("To the family", notes=(note,)),), "", "Page")
    )


def _shown(path: Path) -> str:
    """The path as somebody types it who stands where the demo was started."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _body(**request: Any) -> str:
    return shlex.quote(json.dumps(request))


def _reason_to_keep(demo: Demo, students: int, seed: int, day: date, *, exact: bool) -> str | None:
    made = read_made(demo.district)
    if made is None or (made.students, made.seed) != (students, seed):
        return None
    age = abs((day - made.on).days)
    if age > (0 if exact else FRESH_DAYS):
        return None
    return f"The demo district is current as of {made.on}; it is made again after {FRESH_DAYS} days, or by --fresh."


@contextmanager
def _told(say: Callable[[str], None]) -> Iterator[Hears]:
    """A progress bar on a terminal; elsewhere a line for each stage."""
    console = Console(stderr=True)
    if not console.is_terminal:
        said: set[str] = set()

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in said:
                said.add(stage)
                say(f"Making {stage}.")

        yield tell
        return
    with Progress(TextColumn("{task.description}"), BarColumn(), console=console) as bar:
        tasks: dict[str, Any] = {}

        def move(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done, total=total)

        yield move


def _url(path: Path) -> str:
    return f"sqlite:///{quote(str(path))}"
