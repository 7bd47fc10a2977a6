"""The dashboard of composite scores: how they are spread in a period, by department and rating, each line's light.

Thin over workflows/cycles/composites.py; `board` is what the page and REST share. Whoever reads the scores of others
finds it, nobody else. A department that is too small is named without numbers, and leads nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import format_decimal, format_percent
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from metadata.errors import NotFound
from portal import catalogs
from portal.access import current_actor, language
from portal.dashboards import units
from portal.dashboards.units import Unit, Units
from portal.extensions import db
from portal.views.reviews import score_words
from workflows.cycles import composites
from workflows.cycles.composites import Group, LineSpread, One, Period, Rating, Scored

blueprint = Blueprint("composites", __name__, url_prefix="/scores")
TITLE = _l("Composite scores")
NOTHING = "There is nothing here, or nothing that you may see."


@dataclass(frozen=True)
class Part:
    """A department below the chosen one, or the chosen one's own people (`own`); no group: hidden, it is too small."""

    unit: int
    label: str
    own: bool
    group: Group | None


@dataclass(frozen=True)
class Board:
    """What is shown of one period and one department; no `whole`: too few people."""

    period: Period | None
    periods: tuple[Period, ...]
    tree: Units
    unit: Unit | None
    ratings: tuple[Rating, ...] = ()
    whole: Group | None = None
    parts: tuple[Part, ...] = ()
    lines: tuple[LineSpread, ...] = ()
    people: tuple[One, ...] = ()


@blueprint.before_request
def _known_only() -> Any:
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    if not composites.may_see(current_actor(), catalogs.current()):
        raise NotFound(NOTHING)
    return None


@blueprint.get("/")
def show() -> str:
    """The last period, or the one asked for; all departments, or one with those below it."""
    found = board(request.args)
    return render_template(
        "dashboards/scores.html",
        board=found,
        path=found.tree.path(found.unit.id)[:-1] if found.unit else [],
        rating_of=lambda label: next((one.title(language()) for one in found.ratings if one.label == label), label),
        score=score_words,
        share=lambda part, whole: str(format_percent(part / whole, "#,##0.# %")),
        percent=lambda value: "" if value is None else str(format_percent(value, "#,##0.0 %")),
        number=lambda value: str(format_decimal(value)),
        step=composites.STEP,
        minimum=composites.MINIMUM,
    )


def board(asked: Mapping[str, str]) -> Board:
    """What `period` and `department` of an address show; NotFound for what there is not, or not for this reader."""
    session, catalog, actor = db.session(), catalogs.current(), current_actor()
    known, tree = composites.periods(session, catalog, actor), units.load(session, catalog, actor, language())
    key, name = asked.get("period", ""), asked.get("department", "")
    period = next((one for one in known if not key or one.key == key), None)
    unit = tree.chosen(name)
    if (key and period is None) or (name and unit is None):
        raise NotFound(NOTHING)
    bare = Board(period, tuple(known), tree, unit)
    if period is None:
        return bare
    found = composites.spread(session, catalog, actor, period)
    if not _open(tree, unit, found.scored):
        return bare
    below = {one.department for one in found.scored} if unit is None else set(tree.below(unit.id))
    whole = composites.group(one for one in found.scored if one.department in below)
    if whole is None or whole.people < composites.MINIMUM:
        return bare
    lines = composites.lines_of(line for at in sorted(below) for line in found.lines.get(at, ()))
    listed = composites.people(session, catalog, actor, period, below, language())
    parts = _parts(tree, unit, found.scored)
    return Board(period, tuple(known), tree, unit, found.ratings, whole, parts, tuple(lines), tuple(listed))


def _level(tree: Units, unit: Unit | None) -> Mapping[int, int]:
    """The group of each department below `unit`; below nothing those of the highest that the reader sees."""
    if unit is not None or tree.top is not None:
        return tree.level(unit.id if unit else None)
    return {below: root.id for root in tree.children.get(None, ()) for below in tree.below(root.id)}


def _open(tree: Units, unit: Unit | None, scored: tuple[Scored, ...]) -> bool:
    """Whether each step down to `unit` is one that may be shown."""
    if unit is None:
        return True
    path = tree.path(unit.id)
    steps = zip([None, *path], path, strict=False)
    return all(
        step.id == tree.top or step.id in composites.shown(scored, _level(tree, above))[0] for above, step in steps
    )


def _parts(tree: Units, unit: Unit | None, scored: tuple[Scored, ...]) -> tuple[Part, ...]:
    level = _level(tree, unit)
    shown, hidden = composites.shown(scored, level)
    above = unit.id if unit else tree.top
    found = [
        Part(
            at,
            tree.by_id[at].label,
            at == above,
            composites.group(one for one in scored if level.get(one.department) == at) if at in shown else None,
        )
        for at in shown | hidden
    ]
    return tuple(sorted(found, key=lambda part: (part.group is None, part.own, part.label)))
