"""The page "Why can't they see this?" (/access/why): a person and a thing in, the deciding rules in words out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy import select

from metadata.catalog import Entity
from metadata.errors import Invalid
from metadata.records import Record
from metadata.why import Sentence
from portal import asking, catalogs
from portal.access import current_actor, language
from portal.accounts import rules
from portal.asking import Asked
from portal.errors import worded
from portal.extensions import db
from portal.views import forms
from portal.views.roles import ACTION_NAMES

LINK = _l("Who may see this?")
MOST = 200
blueprint = Blueprint("why", __name__, url_prefix="/access")


@blueprint.before_request
def _managers_only() -> Any:
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    if not rules.may_manage(current_actor()):
        abort(404)
    return None


@blueprint.get("/why")
def page() -> Any:
    """The form, and the answer where a person and a definition are named."""
    given = {name: request.args.get(name, "").strip() for name in ("account", "definition", "record", "field")}
    if not (given["account"] and given["definition"]):
        return _page(given)
    session, catalog = db.session(), catalogs.current()
    try:
        asked = asking.read(session, catalog, current_actor(), given)
        found = asking.answer(session, catalog, asked)
    except Invalid as error:
        return _page(given, wrong={p.field_name: worded(p) for p in error.problems}), 422
    return _page(given, asked=asked, found=found)


def _page(given: dict[str, str], asked: Asked | None = None, found: Any = None, wrong: Any = None) -> str:
    catalog, tongue = catalogs.current(), language()
    definitions = [d for d in catalog.definitions if d.stores_records]
    names = select(User.username).where(User.active.is_(True)).order_by(User.username).limit(MOST)
    chosen = catalog.entities.get(given["definition"])
    return render_template(
        "why.html",
        given=given,
        asked=asked,
        found=found,
        wrong=wrong or {},
        definitions=sorted(definitions, key=lambda d: d.plural(tongue).casefold()),
        fields=list(chosen.definition.fields.values()) if chosen is not None else [],
        accounts=db.session().scalars(names).all(),
        title_of=forms.label,
        actions=ACTION_NAMES,
        say=said,
    )


def said(sentence: Sentence, entity: Entity | None = None) -> str:
    """A sentence in the reader's language; roles and fields as they read them."""
    params = dict(sentence.params)
    if "role" in params:
        params["role"] = _(params["role"])
    if entity is not None and params.get("fields"):
        titles = {f.title(): f.title(language()) for f in entity.definition.fields.values()}
        params["fields"] = ", ".join(titles.get(n, n) for n in params["fields"].split(", "))
    return _(sentence.message) % params if params else _(sentence.message)


def action_for(entity: Entity, record: Record) -> tuple[str, str] | None:
    """The link on every record, for those who manage access."""
    if not rules.may_manage(current_actor()):
        return None
    return str(LINK), url_for("why.page", definition=entity.name, record=record.id)
