"""The pages of giving goals from a template: for whom and when, what it would do, how far it is, and taking it back.

On the blueprint of goals.py; reached from a template's record and from the goal tree. Everything is done by
workflows/goals/templates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Conflict, Invalid, NotAllowed, ProductError
from metadata.records import Record
from portal import catalogs, units
from portal.access import current_actor, language
from portal.errors import status_of, worded, wording
from portal.extensions import db
from portal.views.goals import blueprint, problems_of
from workflows import jobs as all_jobs
from workflows.goals import reading
from workflows.goals.levels import Key
from workflows.goals.reading import Goal
from workflows.goals.templates import asking, content, giving, recipients, undoing
from workflows.goals.templates.asking import CYCLE, GETS, HAS, PARENT, REFUSED, TEMPLATE, Preview, Wanted
from workflows.goals.templates.giving import KEPT, Giving
from workflows.goals.templates.recipients import Asked

LISTED = 50
CHOICES = 1000
Choices = Sequence[tuple[int, str]]


def action_for(entity: Entity, record: Record) -> tuple[str, str] | None:
    """The way from a template's record to giving it."""
    if entity.name != TEMPLATE or not asking.may_give(current_actor(), catalogs.current()):
        return None
    return _("Give to a department"), url_for("goals.give", template=record.id)


@blueprint.route("/give", methods=["GET", "POST"])
def give() -> Any:
    """Choose, see what it would do, and begin."""
    actor, now, given = current_actor(), units.utcnow(), request.values
    if not asking.may_give(actor, catalogs.current()):
        abort(404)
    if request.method == "GET":
        return _page(given)
    tongue = language()

    def show(session: Session, catalog: Catalog) -> Preview:
        return asking.preview(session, catalog, actor, wanted(session, catalog, actor, given), now, tongue)

    def begin(session: Session, catalog: Catalog) -> int:
        return giving.start(session, catalog, actor, wanted(session, catalog, actor, given), now)

    try:
        if given.get("then") == "begin":
            return redirect(url_for("goals.given", giving_id=units.write(begin)), 303)
        seen = units.write(show)
    except Invalid as error:
        return _page(given, error=error), status_of(error)
    return _page(given, seen=seen)


def wanted(session: Session, catalog: Catalog, actor: Actor, given: MultiDict[str, str]) -> Wanted:
    """What a form asks for; Invalid at its fields."""
    template = given.get("template", type=int)
    if template is None:
        raise Invalid("Choose a template.", field="template")
    department = given.get("department", type=int)
    if department is None:
        raise Invalid("Choose a department.", field="department")
    start, end = asking.read_period(session, catalog, actor, given)
    positions = tuple(given.getlist("positions", type=int))
    below, without = bool(given.get("below")), bool(given.get("without_account"))
    return Wanted(template, Asked(department, below, positions, without), start, end, _key(given.get(PARENT, "")))


def _key(text: str) -> Key | None:
    """A goal as the form names it: level and number."""
    level, _sign, number = text.partition(":")
    if not text:
        return None
    if not number.isdecimal() or len(number) > len(str(2**63)):
        raise Invalid(asking.NO_WAY, field=PARENT)
    return level, int(number)


def _page(given: MultiDict[str, str], *, seen: Preview | None = None, error: ProductError | None = None) -> str:
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    templates = asking.templates(session, catalog, actor, language())
    chosen = next((one for one in templates if one.id == given.get("template", type=int)), None)
    wrong = problems_of(error)
    return render_template(
        "goals/give.html",
        given=given,
        templates=[(one.id, content.template_of(one.values).name[language()]) for one in templates],
        chosen=chosen,
        objectives=len(content.template_of(chosen.values).objectives) if chosen is not None else 0,
        departments=_departments(session, catalog, actor),
        positions=_picked(session, catalog, actor, _target(catalog, recipients.POSITION)),
        cycles=_picked(session, catalog, actor, CYCLE),
        above=[(f"{g.key[0]}:{g.key[1]}", g.title) for g in _above(session, catalog, actor, chosen)],
        default_parent=_default_parent(catalog, chosen),
        fresh=request.method == "GET",
        seen=seen,
        gets=seen.of(GETS) if seen else [],
        has=seen.of(HAS) if seen else [],
        refused=[(one.candidate, [worded(p) for p in one.problems]) for one in seen.of(REFUSED)] if seen else [],
        listed=LISTED,
        earlier=giving.latest(session, actor),
        wrong=wrong,
        message=_message(error, wrong),
    )


def _message(error: ProductError | None, wrong: Mapping[str, Sequence[str]]) -> str:
    """What stands above the form: how many values are to be corrected, or why it can't be, where no field says so."""
    if error is None:
        return ""
    if any(wrong.values()):
        return wording(asking.NOT_READ, {"count": sum(map(len, wrong.values()))})
    return wording(error.message, error.params)


def _target(catalog: Catalog, name: str) -> str:
    """The definition at which a field of people points; "" where it points at none."""
    field = recipients.directory_of(catalog).definition.fields.get(name)
    return (field.ref or "") if field is not None else ""


def _picked(session: Session, catalog: Catalog, actor: Actor, name: str) -> Choices:
    """What a list offers; nothing where the actor may not list it."""
    if name not in catalog or not access.may(actor, catalog[name], "list"):
        return []
    return list(records.pick(session, catalog, name, actor, limit=CHOICES, language=language()))


def _departments(session: Session, catalog: Catalog, actor: Actor) -> Choices:
    """Those for whose people the actor may add goals: a head's own, or all."""
    unit = catalog.unit
    found = _picked(session, catalog, actor, unit.name) if unit is not None else []
    own = set(actor.unit_ids)
    return [one for one in found if one[0] in own] if own and not asking.gives_to_all(actor, catalog) else found


def _above(session: Session, catalog: Catalog, actor: Actor, template: Record | None) -> list[Goal]:
    if template is None:
        return []
    try:
        level = asking.level_for(catalog, actor, content.template_of(template.values))
    except (Invalid, NotAllowed):
        return []
    return asking.above(session, catalog, actor, level, language())


def _default_parent(catalog: Catalog, template: Record | None) -> str:
    field = catalog[TEMPLATE].definition.fields.get(PARENT)
    number = template.get(PARENT) if template is not None else None
    return f"{field.ref}:{number}" if field is not None and number is not None else ""


@blueprint.get("/given/<int:giving_id>")
def given(giving_id: int) -> str:
    """How far it is and what became of it; asked for by HTMX, only what changes."""
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    found = giving.find(session, actor, giving_id)
    kept = giving.goals_in(session, giving_id, (KEPT,), LISTED)
    refused = giving.people_in(session, giving_id, (REFUSED,), LISTED)
    person = recipients.directory_of(catalog).name
    names = records.labels(
        session, catalog, person, [*(p.id for p in refused), *(g.person_id for g in kept)], language()
    )
    goals = reading.many(session, catalog, actor, [one.key for one in kept], language())
    job = all_jobs.load(session, found.job_id) if found.job_id else None
    return render_template(
        "goals/_given.html" if request.headers.get("HX-Request") else "goals/given.html",
        giving=found,
        title=found.template.name[language()],
        job=job,
        working=job is not None and job.is_open,
        may_cancel=job is not None and job.is_open and found.by == actor.username,
        may_undo=undoing.may_undo(session, actor, found),
        refused=[(names.get(one.id, ""), [worded(p) for p in one.problems]) for one in refused],
        kept=[(goals.get(one.key), names.get(one.person_id, ""), [worded(p) for p in one.problems]) for one in kept],
        department=_named(session, catalog, found),
        parent=_parent(session, catalog, actor, found),
    )


def _named(session: Session, catalog: Catalog, found: Giving) -> str:
    unit = catalog.unit
    if unit is None:
        return ""
    return records.labels(session, catalog, unit.name, [found.department_id], language()).get(found.department_id, "")


def _parent(session: Session, catalog: Catalog, actor: Actor, found: Giving) -> Goal | None:
    if found.parent is None:
        return None
    return reading.many(session, catalog, actor, [found.parent], language()).get(found.parent)


@blueprint.post("/given/<int:giving_id>/undo")
def take_back(giving_id: int) -> Any:
    """Take the goals back, as far as nobody has worked on them."""
    actor, now = current_actor(), units.utcnow()
    try:
        units.write(lambda s, c: undoing.undo(s, c, actor, giving_id, now))
    except (Conflict, NotAllowed) as error:
        flash(wording(error.message, error.params), "warning")
    return redirect(url_for("goals.given", giving_id=giving_id), 303)
