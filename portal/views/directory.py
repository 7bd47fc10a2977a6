"""All lists that somebody may open, to be searched: where an installation has more of them than a menu can hold.

Costs no SQL, as the menu. Called by the menu's last entries.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from portal import catalogs, menu
from portal.access import current_actor, language

TITLE = _l("All lists")
MOST = 300  # more on one page would help nobody
blueprint = Blueprint("directory", __name__, url_prefix="/lists")


@blueprint.before_request
def _known_only() -> Any:
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    return None


@blueprint.get("/")
def index() -> str:
    """The lists by group; `group` and `search` narrow them."""
    wanted, words = request.args.get("group", ""), request.args.get("search", "").strip()
    found: list[tuple[str, list[tuple[str, str]]]] = []
    left = MOST
    everything = menu.lists(current_actor(), catalogs.current(), language())
    total = 0
    for group, listed in everything.items():
        if wanted and group != wanted:
            continue
        fitting = [(name, title) for name, title in listed if _fits(words, name, title)]
        total += len(fitting)
        if fitting and left:
            found.append((str(menu.GROUPS.get(group, group)), fitting[:left]))
            left -= len(fitting[:left])
    groups = [(name, str(menu.GROUPS.get(name, name))) for name in everything]
    return render_template(
        "directory.html",
        title=TITLE,
        found=found,
        total=total,
        shown=MOST - left,
        groups=groups,
        wanted=wanted,
        words=words,
    )


def _fits(words: str, name: str, title: str) -> bool:
    text = f"{name} {title}".casefold()
    return all(word in text for word in words.casefold().split())
