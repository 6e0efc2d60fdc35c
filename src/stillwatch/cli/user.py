"""``stillwatch console user``: the people of a desk."""
# ruff: noqa: FBT002 - a command's parameters are its options, with their defaults

from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.desk import desk_path, existing_desk, system_user, typed_password
from stillwatch.cli.grouped import ListedGroup
from stillwatch.cli.rim import rim, say, say_json
from stillwatch.store.desk.database import FILE_NAME, Database
from stillwatch.store.desk.person import ROLES, Person, add_person, change_person, people

app = typer.Typer(
    name="user",
    cls=ListedGroup,
    help="Add, change and shut out the people of a desk. Each change is logged.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DeskFile = Annotated[
    Path, typer.Option("--desk", metavar="PATH", help="The desk, or the case or state folder that it belongs to.")
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Lower case; with a login provider, their address there.")]
HERE = Path(FILE_NAME)


@app.command(
    epilog="\b\nExamples:\n  stillwatch console user add ada --role analyst --desk demo/case\n"
    "  stillwatch console user add ben@example.org --role approver \\\n"
    "      --provider --desk demo/case"
)
def add(
    name: Name,
    role: Annotated[str, typer.Option("--role", help=f"One of {', '.join(ROLES)}.")],
    desk: DeskFile = HERE,
    provider: Annotated[
        bool, typer.Option("--provider", help="They log in with the login provider, and have no password here.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add somebody. The password is asked for, or read as the first line of standard input."""
    with rim(as_json=as_json):
        hashed = None
        if not provider:
            from stillwatch.service.login.password import Passwords  # noqa: PLC0415 - slow to import

            hashed = Passwords().hash(typed_password(f"New password of {name}", is_new=True))
        added = add_person(Database(desk_path(desk)), name, role, by=system_user(), password_hash=hashed)
        _print([added], as_json=as_json)


@app.command("list", epilog="Example: stillwatch console user list --desk demo/case")
def listed(desk: DeskFile = HERE, as_json: AsJson = False) -> None:
    """List everybody."""
    with rim(as_json=as_json):
        _print(list(people(existing_desk(desk))), as_json=as_json)


@app.command(epilog="Example: stillwatch console user role ada --role approver --desk demo/case")
def role(
    name: Name,
    role: Annotated[str, typer.Option("--role", help=f"One of {', '.join(ROLES)}.")],
    desk: DeskFile = HERE,
    as_json: AsJson = False,
) -> None:
    """Give somebody another role; their sessions end."""
    with rim(as_json=as_json):
        _print([change_person(existing_desk(desk), name, by=system_user(), role=role)], as_json=as_json)


@app.command(epilog="Example: stillwatch console user password ada --desk demo/case")
def password(name: Name, desk: DeskFile = HERE, as_json: AsJson = False) -> None:
    """Give somebody a new password; their sessions end."""
    with rim(as_json=as_json):
        from stillwatch.service.login.password import Passwords  # noqa: PLC0415 - slow to import

        hashed = Passwords().hash(typed_password(f"New password of {name}", is_new=True))
        _print([change_person(existing_desk(desk), name, by=system_user(), password_hash=hashed)], as_json=as_json)


@app.command(epilog="Example: stillwatch console user disable ada --desk demo/case")
def disable(name: Name, desk: DeskFile = HERE, as_json: AsJson = False) -> None:
    """Shut somebody out; what they did stays theirs."""
    with rim(as_json=as_json):
        _print([change_person(existing_desk(desk), name, by=system_user(), is_disabled=True)], as_json=as_json)


@app.command(epilog="Example: stillwatch console user enable ada --desk demo/case")
def enable(name: Name, desk: DeskFile = HERE, as_json: AsJson = False) -> None:
    """Let somebody in again."""
    with rim(as_json=as_json):
        _print([change_person(existing_desk(desk), name, by=system_user(), is_disabled=False)], as_json=as_json)


def _print(found: list[Person], *, as_json: bool) -> None:
    if as_json:
        say_json(
            [
                {"name": one.name, "role": one.role, "is_disabled": one.is_disabled, "has_password": one.has_password}
                for one in found
            ]
        )
        return
    for one in found:
        how = "password" if one.has_password else "provider"
        say(f"{one.name:<30} {one.role:<10} {how:<10}{' disabled' if one.is_disabled else ''}".rstrip())
