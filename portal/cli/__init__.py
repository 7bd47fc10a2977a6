"""The command `plumbline`: thin shells over services, one file a group.

Every command ends with 0, with 1 and one sentence for a problem of the user's, or with 2 for wrong usage. A command's
module is loaded when the command is asked for: a web process starts without what imports and backups need.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import NoReturn

import click

from portal.cli import failing

COMMANDS: Mapping[str, str] = {  # name → where it is
    "up": "up.up",
    "web": "serve.web",
    "worker": "serve.worker",
    "scheduler": "serve.scheduler",
    "migrate": "serve.migrate",
    "demo": "demo.demo",
    "pack": "packs.pack",
    "definitions": "catalog.definitions",
    "records": "intake.records_group",
    "user": "people.user",
    "backup": "keeping.backup",
    "restore": "keeping.restore",
    "doctor": "doctor.doctor",
}


class Commands(click.Group):
    """Knows its commands by name and loads each when it is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, in order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(".")
        found: click.Command = getattr(import_module(f"portal.cli.{module}"), attribute)
        return found


@click.command(cls=Commands, help="Plumbline: how far results lean from the plan, why, and what is being done.")
def cli() -> None:
    """The root of all commands."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The entry point: no traceback for what a person can mend."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(failing.guarded(lambda: cli.main(given, prog_name="plumbline", standalone_mode=False), given))
