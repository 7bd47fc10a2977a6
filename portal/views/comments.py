"""What people say about a record, on its page: read, write, change, take back; and whom one can name.

On the blueprint of records.py; everything is done by workflows/comments.py. Text is text: it is escaped, web addresses
in it become links, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, flash, jsonify, redirect, request, url_for
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from jinja2.utils import urlize
from markupsafe import Markup, escape
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from metadata.access import Actor, load_actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Invalid, NotAllowed, StaleVersion
from portal import catalogs, units
from portal.access import current_actor
from portal.errors import worded, wording
from portal.extensions import db
from portal.views.records import blueprint, entity_for
from workflows import comments
from workflows.comments import NAMED, ActorOf, Comment, Written

FOUND = 8
LOOKED_AT = 20
LONGEST_LINK = 60


@dataclass(frozen=True)
class Said:
    """One comment with its words as HTML, its author's name, and whether it is the reader's own."""

    comment: Comment
    author: str
    html: Markup
    mine: bool


def said(entity: Entity, record_id: int) -> list[Said]:
    """The comments of a record for its page: one statement for them, one for the names in them."""
    session, actor = db.session(), current_actor()
    found = comments.on_record(session, catalogs.current(), actor, entity.name, record_id)
    names = _names(session, {a for c in found for a in (c.author, *c.mentions)})
    return [
        Said(
            c, names.get(c.author.casefold(), c.author), rendered(c.text, c.mentions, names), c.author == actor.username
        )
        for c in found
    ]


def rendered(text: str, mentions: Iterable[str], names: Mapping[str, str]) -> Markup:
    """The text as HTML: escaped, addresses as links, people who were told by their names."""
    told, at, parts = {account.casefold() for account in mentions}, 0, list[str]()
    for found in NAMED.finditer(text):
        account = found[1].casefold()
        if account in told:
            parts += [
                _linked(text[at : found.start()]),
                f'<strong class="mention">@{escape(names.get(account, account))}</strong>',
            ]
            at = found.end()
    return Markup("".join([*parts, _linked(text[at:])]))  # noqa: S704 (every part is escaped)


def _linked(text: str) -> str:
    return urlize(text, LONGEST_LINK, rel="nofollow noopener noreferrer", target="_blank")


def actor_of(session: Session, catalog: Catalog) -> ActorOf:
    """Who stands behind an account, for the question whether they may see a record."""

    def found(account: str) -> Actor | None:
        statement = select(User).where(func.lower(User.username) == account, User.active.is_(True))
        user = session.execute(statement).scalar_one_or_none()
        return load_actor(session, catalog, user.username, [r.name for r in user.roles]) if user else None

    return found


@blueprint.post("/<definition>/show/<int:record_id>/comments")
def write_comment(definition: str, record_id: int) -> Any:
    """Say something about the record."""
    entity_for(definition, "show")
    actor, text, now = current_actor(), request.form.get("text", ""), units.utcnow()

    def work(session: Session, catalog: Catalog) -> Written:
        who = actor_of(session, catalog)
        return comments.write(session, catalog, actor, definition, record_id, text, now=now, actor_of=who)

    return _done(definition, record_id, work)


@blueprint.post("/<definition>/show/<int:record_id>/comments/<int:comment_id>")
def change_comment(definition: str, record_id: int, comment_id: int) -> Any:
    """Say it in other words, or take it back."""
    entity_for(definition, "show")
    actor, form, now = current_actor(), request.form, units.utcnow()

    def work(session: Session, catalog: Catalog) -> Written:
        if form.get("remove"):
            comments.remove(session, catalog, actor, comment_id, now=now)
            return Written(comment_id, ())
        who, version = actor_of(session, catalog), form.get("version", type=int)
        text = form.get("text", "")
        return comments.change(session, catalog, actor, comment_id, text, now=now, actor_of=who, version=version)

    return _done(definition, record_id, work)


@blueprint.get("/<definition>/show/<int:record_id>/people")
def people(definition: str, record_id: int) -> Response:
    """People who can be named here: those who may see the record, by a part of their name or account."""
    entity_for(definition, "show")
    session, catalog = db.session(), catalogs.current()
    comments.on_record(session, catalog, current_actor(), definition, record_id, limit=1)
    who = actor_of(session, catalog)
    found = []
    for username, first, last in session.execute(_called(request.args.get("q", "").strip())):
        reader = who(username.casefold())
        if reader is not None and comments.may_see(session, catalog, reader, definition, record_id):
            found.append({"value": username, "text": f"{first} {last} (@{username})"})
        if len(found) == FOUND:
            break
    return jsonify(found)


def _called(words: str) -> Any:
    statement = select(User.username, User.first_name, User.last_name).where(User.active.is_(True))
    for word in words.casefold().split()[:4]:
        names = (User.username, User.first_name, User.last_name)
        statement = statement.where(or_(*(func.lower(n).contains(word, autoescape=True) for n in names)))
    return statement.order_by(User.first_name, User.last_name, User.id).limit(LOOKED_AT)


def _names(session: Session, accounts: set[str]) -> dict[str, str]:
    if not accounts:
        return {}
    wanted = {account.casefold() for account in accounts}
    statement = select(User.username, User.first_name, User.last_name).where(func.lower(User.username).in_(wanted))
    return {row[0].casefold(): f"{row[1]} {row[2]}".strip() or row[0] for row in session.execute(statement)}


def _done(definition: str, record_id: int, work: Callable[[Session, Catalog], Written]) -> Any:
    place: dict[str, Any] = {"definition": definition, "record_id": record_id, "tab": "comments"}
    try:
        written = units.write(work)
    except (Invalid, NotAllowed, StaleVersion) as error:
        flash(" ".join(worded(p) for p in error.problems) or wording(error.message, error.params), "danger")
        return redirect(url_for("records.show", **place, text=request.form.get("text", "")[:1500] or None), 303)
    if written.untold:
        names = ", ".join(f"@{name}" for name in written.untold)
        flash(_("Not told: %(names)s. Nobody of that name may see this record.", names=names), "warning")
    return redirect(url_for("records.show", **place, _anchor=f"comment-{written.id}"), 303)
