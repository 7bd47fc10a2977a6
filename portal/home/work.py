"""Cards about one's work for others: figures, cycles, what was published, jobs, sessions, onboarding, the trail.

What concerns oneself stands in the panels of portal/views/panels.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from metadata import access, audit, publish
from metadata.access import ADMIN, Actor
from metadata.catalog import Catalog
from portal.accounts.rules import HR
from portal.dashboards.subjects import may_see as may_see_figures
from portal.dashboards.views import latest_halves
from portal.formats import shown as worded
from portal.formats import shown_value
from portal.home.card import Card, Content, Line, Reader, address, readable
from portal.views.jobs import title_of
from workflows import jobs

CYCLE, SESSION, TASK, PEOPLE = "cycle", "training_session", "onboarding_task", "employee"
RUNNING = ["launching", "self_review", "manager_review", "calibration", "sign_off"]
STATES = {
    "queued": _l("Waiting"),
    "running": _l("Running"),
    "done": _l("Done"),
    "failed": _l("Failed"),
    "cancelled": _l("Cancelled"),
}


def _keeps_house(actor: Actor, _catalog: Catalog) -> bool:
    return bool(actor.roles & {HR, ADMIN})


def _looks_after(actor: Actor, _catalog: Catalog) -> bool:
    return bool(actor.roles & {"Auditor"})


def _heads(actor: Actor, catalog: Catalog) -> bool:
    heads = bool(actor.unit_ids) and not _keeps_house(actor, catalog)
    return heads and readable(actor, catalog, PEOPLE, "name", "department", "status")


def _runs_cycles(actor: Actor, catalog: Catalog) -> bool:
    return readable(actor, catalog, CYCLE, "name", "step", "manager_due") and access.may(actor, catalog[CYCLE], "edit")


def _holds_sessions(actor: Actor, catalog: Catalog) -> bool:
    knows = readable(actor, catalog, SESSION, "starts_at", "status") and access.may(actor, catalog[SESSION], "edit")
    return knows and not _keeps_house(actor, catalog)


def _onboards(actor: Actor, catalog: Catalog) -> bool:
    knows = readable(actor, catalog, TASK, "employee", "status", "due_on") and access.may(actor, catalog[TASK], "edit")
    return knows and not _keeps_house(actor, catalog)


def _figures(_reader: Reader) -> Content:
    """Plan against actual, one line for each KPI, in the last half-year."""
    lines = []
    for title, url, row in latest_halves():
        note = _(
            "plan %(plan)s · actual %(actual)s · %(share)s", plan=row.plan, actual=row.actual, share=row.attainment
        )
        lines.append(Line(f"{title} ({row.label})", url, note, row.missed))
    return Content(lines, _("There are no figures yet."), url_for("dashboards.overview"), _("To the dashboards"))


def _cycles(reader: Reader) -> Content:
    columns = ("name", "name_zh", "step", "self_due", "manager_due")
    found = reader.ask(CYCLE, ("step", "in", _known(reader, RUNNING)), columns=columns, order="manager_due")
    fields = reader.catalog[CYCLE].definition.fields
    lines = []
    for record in found.rows:
        due = record.get("self_due" if record.get("step") == "self_review" else "manager_due")
        note = worded(fields["step"], record)
        note += " · " + _("due %(day)s", day=shown_value(None, due)) if due else ""
        fallback = url_for("records.show", definition=CYCLE, record_id=record.id)
        title = record.get("name_zh") if reader.language == "zh" else None
        late = bool(due and due < reader.today)
        lines.append(Line(str(title or record.get("name", "")), address(fallback, f"/cycles/{record.id}"), note, late))
    home = address(url_for("records.list_page", definition=CYCLE), "/cycles/")
    return Content(lines, _("No review cycle is running."), home, _("All cycles"))


def _known(reader: Reader, steps: list[str]) -> list[str]:
    """The steps that the definition in force has."""
    choices = {str(choice.value) for choice in reader.catalog[CYCLE].definition.fields["step"].enum}
    return [step for step in steps if step in choices] or ["launching"]


def _people(reader: Reader) -> Content:
    columns = ("name", "name_zh", "position", "status")
    asked = (("status", "ne", "left"), ("department", "in", list(reader.actor.unit_ids)))
    found = reader.ask(PEOPLE, *asked, columns=columns, order="name")
    fields = reader.catalog[PEOPLE].definition.fields
    lines = [
        Line(
            str((record.get("name_zh") if reader.language == "zh" else None) or record.get("name", "")),
            url_for("records.show", definition=PEOPLE, record_id=record.id),
            worded(fields["position"], record) if "position" in fields else "",
        )
        for record in found.rows
    ]
    words = _("All people")
    return Content(lines, _("Nobody works here yet."), url_for("records.list_page", definition=PEOPLE), words)


def _published(reader: Reader) -> Content:
    lines = []
    for entry in publish.history(reader.session, limit=4):
        names = sorted({str(change["definition"]) for change in entry["changes"]})
        known = [reader.catalog[n].definition.title(reader.language) for n in names if n in reader.catalog]
        what = ", ".join(known[:3]) + (" …" if len(known) > 3 else "")
        path = f"/designer/{names[0]}" if len(names) == 1 else "/designer/"
        note = f"{entry['author']} · {shown_value(None, entry['at'])}"
        lines.append(Line(entry["comment"] or what or str(entry["version"]), address("", path), note))
    return Content(lines, _("Nothing was published yet."), address("", "/designer/"), _("To the designer"))


def _jobs(reader: Reader) -> Content:
    lines = []
    for job in jobs.visible(reader.session, reader.actor, limit=4):
        state = STATES.get(job.state, job.state)
        note = f"{state} · {job.percent} %" if job.is_open else f"{state} · {shown_value(None, job.created_at)}"
        lines.append(Line(title_of(job), address("", f"/jobs/{job.id}"), note, job.state == "failed"))
    return Content(lines, _("No import, export or other long work is under way."), address("", "/jobs/"), _("All jobs"))


def _sessions(reader: Reader) -> Content:
    asked = (("starts_at", "gte", reader.now.isoformat()), ("status", "in", ["planned", "open"]))
    found = reader.ask(SESSION, *asked, columns=("title", "starts_at", "place", "status"), order="starts_at")
    fields = reader.catalog[SESSION].definition.fields
    lines = []
    for record in found.rows:
        fallback = url_for("records.show", definition=SESSION, record_id=record.id)
        place = f" · {record['place']}" if record.get("place") else ""
        note = worded(fields["starts_at"], record) + place
        lines.append(Line(str(record.get("title", "")), address(fallback, f"/training/sessions/{record.id}"), note))
    home = address(url_for("records.list_page", definition=SESSION), "/training/")
    return Content(lines, _("No session is planned."), home, _("All sessions"))


def _onboarding(reader: Reader) -> Content:
    found = reader.ask(
        TASK, ("status", "eq", "open"), columns=("employee", "title", "title_zh", "due_on"), order="due_on"
    )
    lines = []
    for record in found.rows:
        title = (record.get("title_zh") if reader.language == "zh" else None) or record.get("title", "")
        due = record.get("due_on")
        url = address(
            url_for("records.show", definition=TASK, record_id=record.id), f"/onboarding/{record['employee']}"
        )
        note = _("due %(day)s", day=shown_value(None, due)) if due else ""
        lines.append(Line(f"{record.labels.get('employee', '')}: {title}", url, note, bool(due and due < reader.today)))
    home = address(url_for("records.list_page", definition=TASK), "/onboarding/")
    return Content(lines, _("Everybody has arrived: no open step."), home, _("All onboarding"))


def _trail(reader: Reader) -> Content:
    lines = [
        Line(f"{entry['actor']}: {_title(entry, reader)}", "", shown_value(None, entry["at"]))
        for entry in audit.latest(reader.session, limit=8)
    ]
    return Content(lines, _("Nothing happened yet."), address("", "/audit/"), _("To the audit trail"))


def _title(entry: Mapping[str, Any], reader: Reader) -> str:
    name = str(entry["definition"])
    known = reader.catalog[name].definition.title(reader.language) if name in reader.catalog else name.lstrip("@")
    number = f" #{entry['record_id']}" if entry["record_id"] else ""
    return f"{entry['action']} · {known}{number}" if known else str(entry["action"])


CARDS = [
    Card("figures", _l("Plan against actual"), may_see_figures, _figures, wide=True, quiet=True),
    Card("running-cycles", _l("Review cycles under way"), _runs_cycles, _cycles),
    Card("my-people", _l("My people"), _heads, _people),
    Card("published", _l("Published lately"), _keeps_house, _published),
    Card("jobs", _l("Imports and other long work"), _keeps_house, _jobs),
    Card("next-sessions", _l("Next sessions"), _holds_sessions, _sessions),
    Card("open-onboarding", _l("Open onboarding steps"), _onboards, _onboarding),
    Card("audit-trail", _l("The latest changes"), _looks_after, _trail),
]
