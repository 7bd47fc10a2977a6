"""The pages of what-if: a scorecard with sliders, the answer on the real population, scenarios side by side.

Thin over workflows/whatif. While a slider is dragged, static/js/scorecard.js sends the form to `answer` and puts in
what comes back; without script the button “Try” does the same. Nothing is saved but by “Save”, “Share” and “Publish”.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import format_decimal, format_percent
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from metadata.errors import NotAllowed, NotFound, ProductError
from portal import catalogs, units
from portal.access import current_actor, language
from portal.errors import status_of, wording
from portal.extensions import db
from portal.views import cardform
from portal.views.scorecards import grid_words, named
from workflows.cycles.people import EMPLOYEE
from workflows.cycles.terms import TermLine
from workflows.scorecards import content as contents
from workflows.scorecards import versions
from workflows.scorecards.content import Content
from workflows.whatif import scenarios, trial
from workflows.whatif.answer import GroupLine, Moved
from workflows.whatif.scenarios import Scenario
from workflows.whatif.trial import Settings, Trial, may_try

blueprint = Blueprint("whatif", __name__, url_prefix="/what-if")
TITLE = _l("What-if")
ASKED = ("start", "end", "pay_from", "training_to", "bonus", "minimum")
MOST_COMPARED = 4
AGES = {
    "under 30": _l("under 30"),
    "30 to 39": _l("30 to 39"),
    "40 to 49": _l("40 to 49"),
    "50 and over": _l("50 and over"),
}
visible = may_try


@blueprint.before_request
def _known_only() -> Any:
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    if not may_try(current_actor(), catalogs.current()):
        raise NotFound("There is nothing here, or nothing that you may see.")
    return None


@blueprint.get("/")
def index() -> str:
    """Scorecards to try, and the scenarios that are kept."""
    catalog, session = catalogs.current(), db.session()
    cards = contents.names(session, catalog)
    return render_template(
        "whatif/index.html",
        cards=[card for card in cards.values() if card["status"] != "retired"],
        names={card_id: named(card) for card_id, card in cards.items()},
        named=named,
        scenarios=scenarios.listed(session, catalog, current_actor()),
        me=current_actor().username,
    )


@blueprint.get("/<int:card_id>/")
def show(card_id: int) -> str:
    """One scorecard to try; `?scenario=` opens a kept one, `?fresh=1` reads the population anew."""
    kept = request.args.get("scenario", type=int)
    scenario = scenarios.one(db.session(), catalogs.current(), current_actor(), kept) if kept else None
    if scenario is not None and scenario.scorecard_id != card_id:
        raise NotFound("There is nothing here, or nothing that you may see.")
    return _page(card_id, scenario=scenario)


@blueprint.post("/<int:card_id>/answer")
def answer(card_id: int) -> Any:
    """What the form as it stands would do: a part of the page."""
    try:
        found = _tried(card_id, cardform.typed(request.form), _settings(card_id))
    except (NotFound, NotAllowed):
        raise
    except ProductError as error:
        return render_template("whatif/_wrong.html", texts=_texts(error)), status_of(error)
    return render_template("whatif/_answer.html", **_told(found))


@blueprint.post("/<int:card_id>/")
def change(card_id: int) -> Any:
    """Rearrange, try, save or publish: what `do` says."""
    actor, catalog, now, do = current_actor(), catalogs.current(), units.utcnow(), request.form.get("do", "try")
    content, kept = cardform.typed(request.form), request.form.get("scenario", type=int)
    trial.card(db.session(), catalog, actor, card_id)
    scenario = scenarios.one(db.session(), catalog, actor, kept) if kept else None
    try:
        if do.partition("-")[0] in cardform.REARRANGES:
            return _page(card_id, cardform.rearranged(catalog, content, do, request.form), scenario=scenario)
        asked = _settings(card_id)
        if do in ("save", "save_as"):
            return _save(card_id, content, asked, scenario if do == "save" else None)
        if do == "publish":
            based_on, name = request.form.get("based_on", ""), request.form.get("name", "").strip()
            number = units.write(
                lambda s, c: versions.publish(s, c, actor, card_id, content, now=now, based_on=based_on, comment=name)
            )
            flash(
                _("Version %(number)s is in force. Running cycles keep what they began with.", number=number), "success"
            )
            return redirect(url_for("scorecards.show", card_id=card_id), 303)
        return _page(card_id, content, scenario=scenario)
    except (NotFound, NotAllowed):
        raise
    except ProductError as error:
        return _page(card_id, content, error, scenario), status_of(error)


def _save(card_id: int, content: Content, asked: Settings, scenario: Scenario | None) -> Any:
    actor, now, name = current_actor(), units.utcnow(), request.form.get("name", "")
    mine = scenario.id if scenario is not None and scenario.owner == actor.username else None
    version = request.form.get("_version", type=int) if mine else None
    made = units.write(
        lambda s, c: scenarios.save(
            s, c, actor, card_id, name, content, asked, now=now, scenario_id=mine, version=version
        )
    )
    flash(_("The scenario was saved."), "success")
    return redirect(url_for("whatif.show", card_id=card_id, scenario=made), 303)


@blueprint.post("/scenarios/<int:scenario_id>")
def scenario_action(scenario_id: int) -> Any:
    """Share, take back, publish, comment on or delete a kept scenario."""
    actor, now, do = current_actor(), units.utcnow(), request.form.get("do", "")
    found = scenarios.one(db.session(), catalogs.current(), actor, scenario_id)
    back = redirect(url_for("whatif.show", card_id=found.scorecard_id, scenario=scenario_id), 303)
    try:
        if do in ("share", "unshare"):
            units.write(lambda s, c: scenarios.share(s, c, actor, scenario_id, now=now, shared=do == "share"))
        elif do == "comment":
            text = request.form.get("text", "")
            units.write(lambda s, c: scenarios.say(s, c, actor, scenario_id, text, now=now))
        elif do == "publish":
            number = units.write(lambda s, c: scenarios.publish(s, c, actor, scenario_id, now=now))
            flash(
                _("Version %(number)s is in force. Running cycles keep what they began with.", number=number), "success"
            )
            return redirect(url_for("scorecards.show", card_id=found.scorecard_id), 303)
        elif do == "delete":
            units.write(lambda s, c: scenarios.remove(s, c, actor, scenario_id, now=now))
            flash(_("The scenario was deleted."), "success")
            return redirect(url_for("whatif.index"), 303)
    except (NotFound, NotAllowed):
        raise
    except ProductError as error:
        flash(" ".join([wording(error.message, error.params), *_texts(error)]), "danger")
    return back


@blueprint.get("/compare")
def compare() -> str:
    """Scenarios side by side, each on the same population of the reader."""
    catalog, session, actor = catalogs.current(), db.session(), current_actor()
    ids = list(dict.fromkeys(request.args.getlist("ids", type=int)))[:MOST_COMPARED]
    sides = []
    for scenario_id in ids:
        scenario = scenarios.one(session, catalog, actor, scenario_id)
        usual = trial.usual(session, catalog, scenario.scorecard_id, units.utcnow())
        try:
            asked = trial.settings(scenario.settings, usual)
            found = _tried(scenario.scorecard_id, scenario.content, asked)
        except (NotFound, NotAllowed):
            raise
        except ProductError as error:
            sides.append({"scenario": scenario, "wrong": _texts(error)})
            continue
        sides.append({"scenario": scenario, "wrong": [], **_told(found)})
    return render_template("whatif/compare.html", sides=sides, points=_points, cost=_cost)


def _settings(card_id: int, raw: Mapping[str, Any] | None = None) -> Settings:
    usual = trial.usual(db.session(), catalogs.current(), card_id, units.utcnow())
    return trial.settings({name: request.form.get(name, "") for name in ASKED} if raw is None else raw, usual)


def _tried(card_id: int, content: Content, asked: Settings) -> Trial:
    return trial.try_out(
        db.session(),
        catalogs.current(),
        current_actor(),
        card_id,
        content,
        asked,
        now=units.utcnow(),
        language=language(),
        fresh=bool(request.args.get("fresh")),
    )


def _page(
    card_id: int, content: Content | None = None, error: ProductError | None = None, scenario: Scenario | None = None
) -> str:
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    card = trial.card(session, catalog, actor, card_id)
    live = contents.live(session, catalog, card_id)
    shown = content or (scenario.content if scenario else live)
    asked, found, wrong = _first_answer(card_id, shown, scenario)
    based_on = request.form.get("based_on") or (scenario.based_on if scenario else contents.digest(live))
    return render_template(
        "whatif/show.html",
        card=card,
        named=named,
        content=shown,
        asked=asked,
        typed={name: request.form.get(name) for name in ASKED if request.form.get(name)},
        scenario=scenario,
        mine=scenario is not None and scenario.owner == actor.username,
        moved=scenario is not None and scenario.published_at is None and scenario.based_on != contents.digest(live),
        name=request.form.get("name", scenario.name if scenario else ""),
        comments=scenarios.comments(session, scenario.id) if scenario else [],
        based_on=based_on,
        problems=cardform.problems_by_place(error),
        message=wording(error.message, error.params) if error else "",
        texts=wrong if error is None else [],
        answered=found is not None,
        may_publish=versions.may_edit(catalog, actor),
        **grid_words(catalog, shown),
        **(_told(found) if found else {}),
    )


def _first_answer(
    card_id: int, content: Content, scenario: Scenario | None
) -> tuple[Settings, Trial | None, list[str]]:
    usual = trial.usual(db.session(), catalogs.current(), card_id, units.utcnow())
    raw: Mapping[str, Any] = {name: request.form.get(name, "") for name in ASKED}
    if request.method == "GET" and scenario is not None:
        raw = scenario.settings
    try:
        asked = trial.settings(raw, usual)
        return asked, _tried(card_id, content, asked), []
    except (NotFound, NotAllowed):
        raise
    except ProductError as error:
        return usual, None, _texts(error)


def _texts(error: ProductError) -> list[str]:
    return [text for found in cardform.problems_by_place(error).values() for text in found]


def _told(found: Trial) -> dict[str, Any]:
    """What the answer's template needs."""
    fields = catalogs.current()[EMPLOYEE].definition.fields

    def person(moved: Moved) -> str:
        return found.people.get(moved.person, "") or _("you")

    def group(name: str, line: GroupLine) -> str:
        if name == "department":
            return found.units.get(line.label, "")
        if name == "age":
            return str(AGES.get(line.label, line.label))
        choice = fields[name].choice(line.label) if name in fields else None
        return choice.label(language()) if choice else str(line.label)

    points, why = cache(_points), cache(_why)  # a few dozen different words and numbers stand in hundreds of cells
    most = max((max(one, other) for _low, one, other in found.answer.histogram), default=0)
    return {
        "found": found,
        "result": found.answer,
        "person": person,
        "group": group,
        "rating": lambda label: found.after.rating(label, language()) if label else "–",
        "why": lambda moved: why(moved.line, moved.points, moved.by_formula),
        "points": points,
        "percent": lambda share: "–" if share is None else str(format_percent(float(share), "#,##0.# %")),
        "ratio": lambda share: "–" if share is None else str(format_decimal(float(share), "0.00")),
        "cost": _cost,
        "tallest": most or 1,
        "minimum": found.asked.thresholds.minimum,
        "group_titles": {"department": _("Department"), "gender": _("Gender"), "age": _("Age")},
    }


def _why(line: TermLine | None, points: Fraction, by_formula: bool) -> str:
    """The line that moved somebody most, or that the formula or the threshold did."""
    words = _("the formula") if by_formula else "" if line is None else line.title(language())
    if not words or points == 0:
        return _("the threshold moved")
    sign = "+" if points > 0 else ""
    return f"{words} {sign}{format_decimal(float(points), '#,##0.0#')}"


def _points(value: Any) -> str:
    return "–" if value is None else str(format_decimal(value, "#,##0.0###"))


def _cost(value: Any) -> str:
    return str(format_decimal(value, "#,##0"))
