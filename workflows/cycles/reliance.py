"""Which running cycles need definitions that are about to go: asked before a pack is uninstalled.

Called by the command line as a guard of `metadata.packs.installing.uninstall`. A cycle runs from its launch until
it is closed; it needs the KPIs that it is pinned to, and the definitions that hold cycles and reviews at all.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from metadata.catalog import Catalog
from metadata.errors import Problem
from workflows.cycles import cards, desk, terms

RESTING = ("draft", "closed")
HOLDERS = frozenset({desk.CYCLE, desk.REVIEW, terms.SCORECARD, terms.LINE, terms.BAND})
NEEDED = "The cycle “%(cycle)s” is running and needs %(names)s; close it first."


def running_on(session: Session, catalog: Catalog, names: frozenset[str]) -> list[Problem]:
    """A problem for each running cycle that needs one of the definitions."""
    if desk.CYCLE not in catalog:
        return []
    entity = catalog[desk.CYCLE]
    t = entity.table.c
    rows = list(session.execute(desk.load(entity).where(t.step.not_in(RESTING)).order_by(t.id)).mappings())
    lines = cards.pinned_lines(session, terms.pins_of(session, [row["id"] for row in rows]))
    found = []
    for row in rows:
        needed = names & (HOLDERS | lines.get(row["id"], frozenset()))
        if needed:
            found.append(Problem("", NEEDED, {"cycle": row["name"], "names": ", ".join(sorted(needed))}))
    return found
