"""Everything at once: tables, demo company, then web, worker and scheduler as processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from types import FrameType

import click

from portal import app as portal_app
from portal import config
from portal.cli.demo import load_if_empty
from portal.cli.needs import require
from portal.cli.output import answer, json_option
from workflows.demo import DEMO_LOGINS

POLL_SECONDS = 0.5
GRACE_SECONDS = 15


@click.command()
@click.option("--demo", is_flag=True, help="Load the demo company where there is none.")
@click.option("--port", type=int, help="The port to listen on; default is that of PLUMBLINE_BIND.")
@json_option
def up(demo: bool, port: int | None, as_json: bool) -> None:
    """Start web, worker and scheduler in one process tree. Example: plumbline up --demo"""
    if port:
        os.environ["PLUMBLINE_BIND"] = f"127.0.0.1:{port}"
    settings = config.load()
    made = portal_app.create_app(settings)
    portal_app.migrate(made)
    require(made)
    if demo:
        load_if_empty(made)
    command = [sys.executable, "-m", "portal.cli.run"]
    parts = [subprocess.Popen([*command, part]) for part in ("web", "worker", "scheduler")]
    logins = {login.username: login.role for login in DEMO_LOGINS} if demo else {}
    lines = [f"Plumbline is at http://{settings.bind}"]
    if demo:
        told = ", ".join(f"{name} ({role})" for name, role in logins.items())
        lines.append(f"Demo logins (password: name-demo): {told}")
    answer({"address": f"http://{settings.bind}", "logins": logins}, lines, as_json)
    sys.stdout.flush()
    _watch(parts)


def _watch(parts: list[subprocess.Popen[bytes]]) -> None:
    """Stop all when one ends or when told to."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        while all(part.poll() is None for part in parts):
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        pass
    for part in parts:
        part.terminate()
    for part in parts:
        try:
            part.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            part.kill()
