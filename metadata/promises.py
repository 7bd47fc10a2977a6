"""What was promised to those who answered a survey stays, whatever becomes of its definition.

Asked by `weighing`, so by previews, publishes, rollbacks and when a definition returns. The promise is kept beside who
answered: `workflows.surveys` writes both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata.catalog import Catalog
from metadata.errors import Problem
from metadata.store import survey_answered

NO_LONGER = "%(count)s people have answered this survey anonymously; it stays anonymous."
LOWERED = "The fewest answers shown was %(before)s when people answered; it can rise, never fall."
NAMED = "%(count)s people have answered this survey with their names; begin another one that is anonymous."


def broken(session: Session, new: Catalog, names: Iterable[str]) -> Iterator[Problem]:
    """A problem for each of these definitions that would break a promise in the catalog that comes; one statement."""
    t = survey_answered
    for kept in session.execute(select(t).where(t.c.survey.in_(sorted(names)))).all():
        if not kept.people or kept.survey not in new:
            continue
        survey, count = new[kept.survey].definition.survey, {"count": len(kept.people)}
        if kept.anonymous and (survey is None or not survey.anonymous):
            yield Problem("/x-survey/anonymous", NO_LONGER, count, source=kept.survey)
        elif kept.anonymous and survey is not None and survey.minimum < kept.minimum:
            yield Problem("/x-survey/minimum", LOWERED, {"before": kept.minimum}, source=kept.survey)
        elif not kept.anonymous and survey is not None and survey.anonymous:
            yield Problem("/x-survey/anonymous", NAMED, count, source=kept.survey)
