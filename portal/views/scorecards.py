"""The pages of scorecards: all of them, one with its grid of weights, its draft, its versions and what differs.

Thin over workflows/scorecards. Whoever may see scorecards reads them here; whoever may edit them drafts and publishes.
Each form does without script; the running sum and the sliders are static/js/scorecard.js.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import NotAllowed, NotFound, ProductError, StaleVersion
from portal import catalogs, units
from portal.access import current_actor, language
from portal.errors import status_of, wording
from portal.extensions import db
from portal.views import cardform, cardformula, forms
from workflows.cycles import terms
from workflows.scorecards import applying, versions
from workflows.scorecards import content as contents
from workflows.scorecards.content import Content
from workflows.whatif.trial import may_try

blueprint = Blueprint("scorecards", __name__, url_prefix="/scorecards")
TITLE = _l("Scorecards")


def visible(actor: Actor, catalog: Catalog) -> bool:
    """Whether the actor may see scorecards."""
    return {terms.SCORECARD, terms.LINE, terms.BAND} <= catalog.entities.keys() and all(
        access.may(actor, catalog[name], "list") for name in (terms.SCORECARD, terms.LINE, terms.BAND)
    )


@blueprint.before_request
def _known_only() -> Any:
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    if not visible(current_actor(), catalogs.current()):
        raise NotFound("There is nothing here, or nothing that you may see.")
    return None


@blueprint.get("/")
def index() -> str:
    """All scorecards."""
    catalog, actor, today = catalogs.current(), current_actor(), units.utcnow().astimezone(forms.zone()).date()
    mine = actor.person_id and applying.for_person(db.session(), catalog, actor.person_id, today)
    return render_template(
        "scorecards/index.html",
        cards=contents.names(db.session(), catalog).values(),
        mine=mine,
        counts=applying.counts(db.session(), catalog, today) if versions.may_edit(catalog, actor) else {},
        named=named,
        status=catalog[terms.SCORECARD].definition.fields["status"],
        may_try=may_try(current_actor(), catalog),
        may_add=access.may(current_actor(), catalog[terms.SCORECARD], "add"),
    )


def named(row: Any) -> str:
    """A scorecard's name in the reader's language."""
    return str((row["name_zh"] if language() == "zh" else "") or row["name"])


@blueprint.get("/<int:card_id>/")
def show(card_id: int) -> str:
    """One scorecard: its draft where one is being worked on, else what is in force."""
    return _page(card_id)


@blueprint.post("/<int:card_id>/")
def change(card_id: int) -> Any:
    """Rearrange the form, keep it as a draft, publish it, or forget it: what `do` says."""
    actor, now, do = current_actor(), units.utcnow(), request.form.get("do", "save")
    versions.require_editor(db.session(), catalogs.current(), actor, card_id)
    content, version = cardform.typed(request.form), request.form.get("_version", 0, type=int)
    based_on, comment = request.form.get("based_on", ""), request.form.get("comment", "").strip()
    try:
        if do.partition("-")[0] in cardform.REARRANGES:
            return _page(card_id, cardform.rearranged(catalogs.current(), content, do, request.form))
        if do == "discard":
            units.write(lambda s, c: versions.discard(s, c, actor, card_id, now=now))
            flash(_("The draft is gone; this is what is in force."), "success")
        elif do == "publish":
            number = units.write(
                lambda s, c: versions.publish(
                    s, c, actor, card_id, content, now=now, based_on=based_on, comment=comment, draft_version=version
                )
            )
            flash(
                _("Version %(number)s is in force. Running cycles keep what they began with.", number=number), "success"
            )
        else:
            units.write(
                lambda s, c: versions.save_draft(
                    s, c, actor, card_id, content, version=version, now=now, based_on=based_on
                )
            )
            flash(_("The draft was saved."), "success")
    except (NotFound, NotAllowed):
        raise
    except ProductError as error:
        return _page(card_id, content, error), status_of(error)
    return redirect(url_for("scorecards.show", card_id=card_id), 303)


@blueprint.post("/<int:card_id>/formula")
def formula(card_id: int) -> str:
    """What is wrong with the formula as it is being typed: a part of the page. Nothing is kept."""
    catalog = catalogs.current()
    versions.visible(db.session(), catalog, current_actor(), card_id)
    found = cardformula.checked(catalog, cardform.typed(request.form))
    return render_template("scorecards/_formula.html", formula=found)


@blueprint.get("/<int:card_id>/versions/<int:number>")
def version(card_id: int, number: int) -> str:
    """What a version changed, and how it differs from what is in force."""
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    versions.visible(session, catalog, actor, card_id)
    found = versions.one(session, card_id, number)
    earlier = next((one for one in versions.history(session, card_id) if one.number < number), None)
    live = contents.live(session, catalog, card_id)
    return render_template(
        "scorecards/version.html",
        card=contents.rows(session, catalog, card_id)[0],
        named=named,
        found=found,
        changed=_told(catalog, earlier.content, found.content) if earlier else [],
        first=earlier is None,
        against=_told(catalog, live, found.content),
        may_edit=versions.may_edit(catalog, actor),
    )


@blueprint.post("/<int:card_id>/versions/<int:number>/rollback")
def roll_back(card_id: int, number: int) -> Any:
    """Publish an earlier version again."""
    actor, now = current_actor(), units.utcnow()
    comment = _("Back to version %(number)s", number=number)
    try:
        made = units.write(lambda s, c: versions.roll_back(s, c, actor, card_id, number, now=now, comment=comment))
        flash(_("Version %(number)s is in force. Running cycles keep what they began with.", number=made), "success")
    except (NotFound, NotAllowed):
        raise
    except ProductError as error:
        flash(wording(error.message, error.params), "danger")
    return redirect(url_for("scorecards.show", card_id=card_id), 303)


def _page(card_id: int, content: Content | None = None, error: ProductError | None = None) -> str:
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    versions.visible(session, catalog, actor, card_id)
    may_edit = versions.may_edit(catalog, actor)
    live = contents.live(session, catalog, card_id)
    draft = versions.draft(session, catalog, card_id) if may_edit else None
    shown = content or (draft.content if draft else live)
    stale = isinstance(error, StaleVersion)
    in_force = contents.digest(live)
    moved = draft is not None and draft.based_on != in_force
    return render_template(
        "scorecards/show.html",
        card=contents.rows(session, catalog, card_id)[0],
        named=named,
        content=shown,
        draft=draft,
        version=draft.version if draft else 0,
        # Who was told and saw both may publish over it: the choice is theirs now.
        based_on=(in_force if stale else draft.based_on) if draft else "",
        stale=stale,
        moved=moved and not stale,
        theirs=_told(catalog, draft.content, shown) if stale and draft else [],
        changed=_told(catalog, live, shown),
        problems=cardform.problems_by_place(error),
        message=wording(error.message, error.params) if error else "",
        may_edit=may_edit,
        may_try=may_try(actor, catalog),
        history=versions.history(session, card_id),
        **grid_words(catalog, shown),
    )


def grid_words(catalog: Catalog, content: Content) -> dict[str, Any]:
    """What the grid of a content needs besides it."""
    return {
        "formula": cardformula.checked(catalog, content),
        "formula_choices": cardformula.choices(catalog, content),
        "formula_example": cardformula.EXAMPLE,
        "choices": cardform.choices(catalog, content),
        "title_of": cardform.title,
        "line_fields": catalog[terms.LINE].definition.fields,
        "card_fields": catalog[terms.SCORECARD].definition.fields,
        "band_fields": catalog[terms.BAND].definition.fields,
        "total": sum((contents.number(line["weight"]) or 0 for line in content["lines"]), start=contents.number("0")),
    }


def _told(catalog: Catalog, old: Content, new: Content) -> list[dict[str, str]]:
    """Differences as people read them."""
    words = {line["kpi"]: cardform.title(line) for line in (*old["lines"], *new["lines"])}
    words |= {
        b["label"]: (b["label_zh"] if language() == "zh" else "") or b["label"] for b in (*old["bands"], *new["bands"])
    }
    homes = {"setting": terms.SCORECARD, "line": terms.LINE, "band": terms.BAND}
    found = []
    for item in versions.differences(old, new):
        fields = catalog[homes[item.part]].definition.fields
        field = fields.get(item.field)
        found.append(
            {
                "name": words.get(item.name, item.name),
                "field": field.title(language()) if field is not None else "",
                "before": item.before,
                "after": item.after,
            }
        )
    return found
