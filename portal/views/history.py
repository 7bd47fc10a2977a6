"""The pages of the history (/history/…): every catalog version, what it changed for whom, any two compared.

For those who design and for auditors; taking something back stands in `portal.views.restoring`.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from metadata import access, drafts, leftovers, revisions, versions
from metadata.errors import NotFound
from metadata.model import Definition
from portal import catalogs
from portal.access import current_actor, language
from portal.designer import plans
from portal.extensions import db
from portal.history import words

TITLE = _l("History of definitions")
MOST_COMPARED = 40  # definitions on one page; the others are named
SOME_LEFT, MOST_LEFT = 20, 1000
blueprint = Blueprint("history", __name__, url_prefix="/history")


@blueprint.before_request
def _readers_only() -> Any:
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    if not access.may_read_definitions(current_actor()):
        abort(404)
    return None


def _titles() -> dict[str, str]:
    return {d.name: d.title(language()) for d in catalogs.current().definitions}


@blueprint.get("/")
def index() -> str:
    """Catalog versions, newest first."""
    shown, older = revisions.page(db.session(), before=request.args.get("before", type=int))
    return render_template(
        "history/index.html",
        shown=shown,
        older=url_for("history.index", before=shown[-1].version) if older else "",
        newest=url_for("history.index") if request.args.get("before") else "",
        titles=_titles(),
        in_force=catalogs.now_in_force().catalog,
        may_restore=access.may_design(current_actor()),
    )


@blueprint.get("/of/<name>")
def of(name: str) -> str:
    """The versions of one definition, each with what it changed."""
    session, before = db.session(), request.args.get("before", type=int)
    shown, older = revisions.page(session, name, before=before)
    if not shown:
        raise NotFound("There is no definition called “%(name)s”.", params={"name": name})
    pairs = revisions.neighbours(session, name, shown)
    draft = drafts.load(session, name)
    return render_template(
        "history/of.html",
        name=name,
        title=_titles().get(name) or next(iter(pairs.values())).title(language()),
        shown=[(one, words.told(pairs[one.version], one)) for one in shown],
        older=url_for("history.of", name=name, before=shown[-1].version) if older else "",
        newest=url_for("history.of", name=name) if before else "",
        there=name in catalogs.current(),
        converted=name in catalogs.current() and leftovers.converted(catalogs.current()[name].definition),
        first=before is None,
        revision=draft.revision if draft else 0,
        may_restore=access.may_design(current_actor()),
    )


@blueprint.get("/of/<name>/left")
def left(name: str) -> str:
    """Values that conversions left in old columns, by field; the values themselves for whoever may read them."""
    catalog, actor, session = catalogs.current(), current_actor(), db.session()
    if name not in catalog:
        raise NotFound("There is no definition called “%(name)s”.", params={"name": name})
    entity, asked = catalog[name], request.args.get("field", "")
    fields = [path for path, _within in leftovers.converted(entity.definition) if asked in ("", path)]
    most = MOST_LEFT if asked else SOME_LEFT
    shown = []
    for path in fields:
        found = list(islice(leftovers.leftovers(session, catalog, name, path), most + 1))
        rows = list(plans.said(found[:most], readable=plans.may_read(catalog, actor, name, path)))
        shown.append((path, title_of(entity.definition, path), rows, len(found) > most))
    return render_template(
        "history/left.html",
        name=name,
        title=entity.definition.title(language()),
        shown=shown,
        asked=asked,
        opens=access.may(actor, entity, "show"),
        designs=access.may_design(actor),
    )


def title_of(definition: Definition, path: str) -> str:
    """What people call a field, or one of rows behind its list."""
    if path in definition.fields:
        return definition.fields[path].title(language())
    above, _dot, inner = path.rpartition(".")
    item = definition.fields[above]
    return f"{item.title(language())} › {item.rows[inner].title(language())}"


@blueprint.get("/<int:version>")
def version(version: int) -> str:
    """What one publish changed."""
    session = db.session()
    one = revisions.one(session, version)
    found = revisions.between(session, version - 1, version, one.names[:MOST_COMPARED])
    return render_template(
        "history/version.html",
        one=one,
        found=[words.told(difference, one) for difference in found],
        left=one.names[MOST_COMPARED:],
        titles=_titles(),
        in_force=catalogs.now_in_force().catalog,
        may_restore=access.may_design(current_actor()),
    )


@blueprint.get("/compare")
def compare() -> Any:
    """Any two versions, of one definition or of all."""
    session, newest = db.session(), versions.read(db.session()).catalog
    first = request.args.get("from", type=int, default=max(newest - 1, 0))
    last = request.args.get("to", type=int, default=newest)
    name = request.args.get("definition", "")
    try:
        found = revisions.between(session, first, last, (name,) if name else ())
    except NotFound as error:
        return _compared(first, last, name, newest, [], error.message % error.params), 422
    return _compared(first, last, name, newest, found, "")


def _compared(first: int, last: int, name: str, newest: int, found: list[revisions.Difference], problem: str) -> str:
    return render_template(
        "history/compare.html",
        first=first,
        last=last,
        name=name,
        newest=newest,
        found=[words.told(difference) for difference in found[:MOST_COMPARED]],
        left=[difference.name for difference in found[MOST_COMPARED:]],
        problem=problem,
        titles=_titles(),
    )
