"""The command `plumbline`: thin shells over services, one file a group.

Every command ends with 0, with 1 and one sentence for a problem of the user's, or with 2 for wrong usage.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from portal.cli import catalog, checking, demo, doctor, exporting, failing, intake, keeping, packs, people, serve


@click.group(help="Plumbline: how far results lean from the plan, why, and what is being done.")
def cli() -> None:
    """The root of all commands."""


for command in (
    serve.up,
    serve.web,
    serve.worker,
    serve.scheduler,
    serve.migrate,
    demo.demo,
    packs.pack,
    catalog.definitions,
    intake.records_group,
    people.user,
    keeping.backup,
    keeping.restore,
    doctor.doctor,
):
    cli.add_command(command)

catalog.definitions.add_command(checking.check)
intake.records_group.add_command(exporting.export_records)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The entry point: no traceback for what a person can mend."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(failing.guarded(lambda: cli.main(given, prog_name="plumbline", standalone_mode=False), given))
