"""`plumbline doctor`: what an installation needs, looked at one by one, each with what to do about it.

Changes nothing. A check that can't be made because an earlier one failed is left out.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import click
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from metadata import files, stored, versions
from metadata import store as metadata_store
from metadata.errors import ProductError
from portal import app as portal_app
from portal import config
from portal.cli.failing import sentence
from portal.cli.needs import Check, broker, database, first_few, migrated
from portal.cli.output import answer, json_option
from portal.config import Settings
from portal.extensions import db
from workflows import store as workflows_store
from workflows.delivery import senders
from workflows.errors import DeliveryFailed

WORKER = "See whether worker and scheduler are running: plumbline worker, plumbline scheduler"
LITTLE_SPACE = 512 * 1024 * 1024
STUCK = timedelta(minutes=10)


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Look at everything that an installation needs. Example: plumbline doctor --json"""
    checks = list(_all())
    failed = any(check.state == "fail" for check in checks)
    lines = [f"{c.state:4}  {c.name:10} {c.text}" + (f" {c.todo}" if c.todo else "") for c in checks]
    answer({"ok": not failed, "checks": [asdict(check) for check in checks]}, lines, as_json)
    if failed:
        sys.exit(1)


def _all() -> Iterator[Check]:
    try:
        settings = config.load()
    except (ProductError, OSError) as error:
        yield Check("settings", "fail", sentence(error), "Correct the environment.")
        return
    yield Check("settings", "ok", "All PLUMBLINE_ settings can be used.")
    yield _folder(settings)
    with portal_app.create_app(settings).app_context():
        answers = database()
        yield answers
        if answers.state == "ok":
            yield from _inside(db.session())
        db.session.remove()
    yield broker(settings)
    yield _mail(settings)


def _inside(session: Session) -> Iterator[Check]:
    tables = migrated()
    yield tables
    if tables.state == "fail":
        return
    now = datetime.now(UTC)
    catalog = _catalog(session)
    yield catalog
    if catalog.state != "fail":
        yield _tables(session)
    yield _files(session)
    for count in (_jobs, _leases, _outbox):
        yield count(session, now)


def _folder(settings: Settings) -> Check:
    folder = settings.data_dir
    try:
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        todo = "Let the account that runs Plumbline write there, or name another PLUMBLINE_DATA_DIR."
        return Check("data", "fail", f"{folder} can't be written: {error.strerror}.", todo)
    if free < LITTLE_SPACE:
        return Check("data", "warn", f"{folder} has {free // 2**20} MB left.", "Make room on that disk.")
    return Check("data", "ok", f"{folder} can be written; {free // 2**20} MB are free.")


def _catalog(session: Session) -> Check:
    try:
        catalog = versions.load_catalog(session)
        for name in catalog:
            _made = (
                catalog[name].table,
                catalog[name].rules,
                catalog[name].definition.stores_records and (catalog[name].model),
            )
    except Exception as error:  # noqa: BLE001 (whatever keeps a definition from being compiled)
        todo = "Roll back to a version that worked: plumbline definitions rollback VERSION"
        return Check("catalog", "fail", f"The catalog can't be compiled: {sentence(error)}", todo)
    if not catalog.version:
        return Check("catalog", "warn", "No definition was published yet.", "Run: plumbline pack install organisation")
    return Check("catalog", "ok", f"Version {catalog.version} with {len(list(catalog))} definitions compiles.")


def _tables(session: Session) -> Check:
    missing = stored.disagreements(session)
    if missing:
        todo = "Restore the last backup: tables were changed past Plumbline."
        return Check("tables", "fail", f"The database lacks what definitions need: {first_few(missing)}.", todo)
    return Check("tables", "ok", "Tables and columns agree with the catalog.")


def _files(session: Session) -> Check:
    lost = files.broken(session)
    if lost:
        return Check(
            "files", "fail", f"The content of files is missing: {first_few(lost)}.", "Restore the last backup."
        )
    return Check("files", "ok", "Every file has its content.")


def _jobs(session: Session, now: datetime) -> Check:
    t = workflows_store.jobs.c
    late = or_(
        and_(t.state == "running", t.lease_until < now - STUCK), and_(t.state == "queued", t.next_at < now - STUCK)
    )
    return _waiting(session, "jobs", select(func.count(), func.min(t.changed_at)).where(late), "jobs stand still")


def _leases(session: Session, now: datetime) -> Check:
    t = workflows_store.leases.c
    late = select(func.count(), func.min(t.until)).where(t.until < now - timedelta(days=1))
    found = _waiting(session, "leases", late, "leases ended long ago and were not taken up again")
    return found if found.state == "ok" else Check("leases", "warn", found.text, WORKER)


def _outbox(session: Session, now: datetime) -> Check:
    t = metadata_store.outbox.c
    late = select(func.count(), func.min(t.at)).where(t.done_at.is_(None), t.next_at < now - STUCK)
    return _waiting(session, "outbox", late, "events wait to be handled")


def _waiting(session: Session, name: str, statement: object, what: str) -> Check:
    count, since = session.execute(statement).one()  # type: ignore[call-overload]
    if not count:
        return Check(name, "ok", "Nothing waits longer than it should.")
    return Check(name, "warn", f"{count} {what}, the oldest since {since:%Y-%m-%d %H:%M} UTC.", WORKER)


def _mail(settings: Settings) -> Check:
    if not settings.smtp_url:
        return Check("mail", "warn", "No mail server is set; messages stay in the inbox.", "Set PLUMBLINE_SMTP_URL.")
    try:
        sender = senders.sender_for(settings.smtp_url)
        if sender is not None:
            with sender.open():
                pass
    except (ProductError, DeliveryFailed) as error:
        return Check("mail", "fail", f"No mail leaves: {error}.", "Start the server, or correct PLUMBLINE_SMTP_URL.")
    return Check("mail", "ok", "The mail server answers.")
