"""What of goals waits on the start page: proposals, goals at their end, late check-ins, answers that are owed.

Registered by `portal/app.py` as a source of lines; what waits is found by workflows/goals/due.
"""

from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _

from portal.views.goals import TITLE
from portal.views.panels import Asked, Due
from workflows.goals import due as waiting
from workflows.goals.due import ANSWER, CLOSE, LATE, Waiting


def due(asked: Asked) -> list[Due]:
    """One line for each, that leads to the goal."""
    found = waiting.waiting(asked.session, asked.catalog, asked.actor, asked.today, asked.language)
    return [Due(one.on, _words(one), _place(one), TITLE) for one in found]


def _words(one: Waiting) -> str:
    if one.kind == CLOSE:
        return str(_("Close the goal: %(goal)s", goal=one.title))
    if one.kind == LATE:
        return str(_("Check in: %(goal)s", goal=one.title))
    if one.kind == ANSWER:
        return str(_("Answer %(who)s: %(goal)s", who=one.by, goal=one.title))
    return str(_("A new target is proposed: %(goal)s", goal=one.title))


def _place(one: Waiting) -> str:
    anchors = {CLOSE: "closing", LATE: "results", ANSWER: "said"}
    name, number = one.key
    return url_for("goals.show", definition=name, number=number, _anchor=anchors.get(one.kind, "waiting"))
