"""The command line: each command reads the settings and calls one function that does the work."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from loaders.portal.roles import StaffRole

app = typer.Typer(
    help="Homeroom: a GraphQL gateway over a school's existing student information system.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_ROLES = ", ".join(role.value for role in StaffRole)

user = typer.Typer(help="Accounts, made by an operator.", no_args_is_help=True)
app.add_typer(user, name="user")
registration = typer.Typer(help="Online registration, for an operator.", no_args_is_help=True)
app.add_typer(registration, name="registration")


@app.command()
def demo(
    students: Annotated[int, typer.Option(min=25, help="How many students the district has.")] = 500,
    seed: Annotated[int, typer.Option(help="Another number makes another district.")] = 1,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make the district again.")] = False,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Make what is missing, and end.")] = False,
) -> None:
    """Serve an invented district on this machine, with two accounts to look at it."""
    with _refusals():
        from gateway.commands import run_demo
        from gateway.serving import run

        run(run_demo(students=students, seed=seed, fresh=fresh, serving=not no_serve, out=_out, say=_say))


@app.command()
def serve() -> None:
    """Serve the district that the settings name."""
    with _refusals():
        from gateway.commands import run_serve
        from gateway.serving import run

        run(run_serve(out=_out))


@app.command()
def check() -> None:
    """Prove the adapter against the student information system, before families see it."""
    with _refusals():
        from gateway.commands import run_check
        from gateway.serving import run

        run(run_check())


@app.command()
def triggers(
    notify: Annotated[
        bool, typer.Option("--notify", help="PostgreSQL also wakes the gateway, at each commit.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Print what takes them away again.")] = False,
) -> None:
    """Print triggers for the SIS, by which a change is heard of at once; its owner runs them, Homeroom never does."""
    with _refusals():
        from gateway.commands import run_triggers
        from gateway.serving import run

        run(run_triggers(notify=notify, remove=remove, out=_out))


@app.command()
def migrate(
    restored: Annotated[
        bool, typer.Option("--restored", help="It was brought back from a copy: cursors of before are refused.")
    ] = False,
) -> None:
    """Bring the portal store up to date."""
    with _refusals():
        from gateway.commands import run_migrate
        from gateway.serving import run

        run(run_migrate(restored=restored, out=_out))


@app.command()
def pushkey(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Where the key goes; there must be no such file yet.")],
) -> None:
    """Make the key that web push is signed with, for HOMEROOM_PUSH_KEY_FILE. With a new key every browser must
    subscribe again: keep a copy of it."""
    with _refusals():
        from gateway.commands import make_push_key

        public = make_push_key(path)
    _out(f"The key was made. Browsers subscribe with {public}")


@app.command()
def schema(
    check: Annotated[bool, typer.Option("--check", help="Only compare it with schema/schema.graphql.")] = False,
) -> None:
    """Print the schema in GraphQL's schema definition language."""
    with _refusals():
        from gateway.commands import NotCurrent
        from schema import api

        text = api.sdl()
        if not check:
            sys.stdout.write(text)
            return
        committed = Path(api.__file__).with_name("schema.graphql")
        if not committed.is_file() or committed.read_text("utf-8") != text:
            raise NotCurrent("schema.graphql is not the schema's text: run `homeroom schema > schema/schema.graphql`.")
        _out("schema.graphql is current.")


@registration.command("export")
def export_registrations(
    year: Annotated[int, typer.Option(help="The school year, by the year in which it ends.")],
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the files are written.", file_okay=False)],
    school: Annotated[str | None, typer.Option(metavar="SOURCED_ID", help="Only those of this school.")] = None,
) -> None:
    """Write approved registrations out as a OneRoster 1.2 bundle, with a sidecar of what it cannot carry."""
    with _refusals():
        from gateway.commands import run_export
        from gateway.serving import run

        run(run_export(year, to, school, out=_out))


@user.command("add")
def add_user(
    username: Annotated[str, typer.Option(help="The name to log in with.")],
    guardian: Annotated[str | None, typer.Option(metavar="SOURCED_ID", help="A guardian's key in the SIS.")] = None,
    staff: Annotated[
        list[StaffRole] | None,
        typer.Option(
            metavar="ROLE", case_sensitive=False, help=f"A role, for a member of staff: {_ROLES}. Repeatable."
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What a member of staff is called.")] = None,
    email: Annotated[str | None, typer.Option(help="Where a member of staff gets mail.")] = None,
    school: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SOURCED_ID",
            help="A school, by its key in the SIS, whose registrations a member of staff works on. Repeatable.",
        ),
    ] = None,
    every_school: Annotated[
        bool, typer.Option("--every-school", help="A member of staff works on every school's registrations.")
    ] = False,
    teacher: Annotated[
        str | None, typer.Option(metavar="SOURCED_ID", help="The key in the SIS of the teacher that one of staff is.")
    ] = None,
    finished: Annotated[
        bool, typer.Option("--finished", help="A guardian's account opens without the security set-up: for a pilot.")
    ] = False,
) -> None:
    """Make an account. The password is read from standard input, or asked for twice on a terminal."""
    if (guardian is None) == (not staff):
        raise typer.BadParameter("give either --guardian or --staff.")
    if guardian is not None and (school or every_school):
        raise typer.BadParameter("a guardian's account has no school: leave out --school and --every-school.")
    if teacher is not None and StaffRole.TEACHER not in (staff or ()):
        raise typer.BadParameter("--teacher goes with --staff TEACHER.")
    with _refusals():
        from gateway.operators import add_user as add
        from gateway.serving import run
        from gateway.settings import load_settings
        from resolvers.portal.accounts import CreateAccount

        settings = load_settings()
        roles, schools = frozenset(staff or ()), tuple(school or ())
        order = CreateAccount(
            username, _password(), guardian, roles, name, email, finished, schools, every_school, teacher
        )
        run(add(settings, order))
    _out(f"Account {username} was made.")


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().removesuffix("\n").removesuffix("\r")


def _out(line: str) -> None:
    """A line on standard output, whole and at once, whoever reads it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _say(line: str) -> None:
    typer.echo(line, err=True)


@contextmanager
def _refusals() -> Iterator[None]:
    """What was refused for a reason ends the command with that reason and code 1; a bug keeps its traceback."""
    try:
        yield
    except Exception as error:
        from gateway.commands import REFUSALS

        if not isinstance(error, REFUSALS):
            raise
        typer.echo(f"homeroom: {error}", err=True)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    app()
