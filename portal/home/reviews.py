"""What reviews wait for a person: the own self review, and those that they owe others as reviewer; and their own."""

from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.formats import shown_value
from portal.views.panels import FEW as FEW_OF_MINE
from portal.views.panels import Asked, Due, Mine
from workflows.cycles import reading
from workflows.cycles.desk import CYCLE, REVIEW

TITLE = _l("Reviews")
FEW = 10


def due(asked: Asked) -> list[Due]:
    """One line for each review that waits for this person, with the deadline of its step."""
    if REVIEW not in asked.catalog or CYCLE not in asked.catalog:
        return []
    own = _own(asked)
    owed = reading.mine(asked.session, asked.catalog, asked.actor, "to_write", language=asked.language, limit=FEW)
    lines = [
        (line.self_due, _("Self review: %(cycle)s", cycle=line.cycle_name), line)
        for line in own
        if line.step == "self_review"
    ]
    lines += [(line.manager_due, _("Review of %(who)s", who=line.name), line) for line in owed]
    return [Due(day or asked.today, title, _url(line.id), TITLE) for day, title, line in lines]


def mine(asked: Asked) -> list[Mine] | None:
    """My reviews, the newest first."""
    if REVIEW not in asked.catalog or CYCLE not in asked.catalog or asked.actor.person_id is None:
        return None
    field = asked.catalog[REVIEW].definition.fields["step"]
    found = _own(asked)[:FEW_OF_MINE]
    return [Mine(line.cycle_name, _url(line.id), shown_value(field, line.step)) for line in found]


def _own(asked: Asked) -> list[reading.ReviewLine]:
    found: list[reading.ReviewLine] = asked.once(
        "own reviews",
        lambda: reading.mine(asked.session, asked.catalog, asked.actor, "own", language=asked.language, limit=FEW),
    )
    return found


def _url(review_id: int) -> str:
    return url_for("reviews.show", review_id=review_id)
