"""The score of an objective in colour and words, by the convention of its level (`x-okr`).

Called by the templates of records through `grade`. What is expected depends on the objective's commitment, where the
reader may see it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from flask import Flask
from flask_babel import format_decimal
from flask_babel import lazy_gettext as _l

from metadata.kinds import Colour, Okr
from metadata.model import Definition, Field
from metadata.parser.kinds import decimal
from metadata.records import Record

WORDS = {"green": _l("Delivered"), "amber": _l("Partly delivered"), "red": _l("Not delivered")}
EXPECTED = {
    "committed": _l("Committed objectives are expected to reach %(score)s."),
    "aspirational": _l("Aspirational objectives are expected to reach %(score)s."),
}


@dataclass(frozen=True)
class Grade:
    """How a score reads: its colour and word, and what was expected where it was not reached."""

    colour: Colour
    words: str
    missed: str = ""


def grade(definition: Definition, field: Field, record: Record) -> Grade | None:
    """The grade of a record's score; None for every other field and where there is no score."""
    okr = definition.okr
    held = record.get(field.name) if okr is not None and field.name == okr.score else None
    if okr is None or held is None:
        return None
    return graded(okr, decimal(held), str(record.get(okr.commitment) or "") if okr.commitment else "")


def graded(okr: Okr, score: Decimal, commitment: str) -> Grade:
    """How a score of a level reads, by the commitment of its objective."""
    least = okr.expects.get(commitment)
    missed = ""
    if least is not None and score < least:
        missed = str(EXPECTED[commitment]) % {"score": format_decimal(least, "0.0##")}
    colour = okr.grades.colour(score)
    return Grade(colour, str(WORDS[colour]), missed)


def register(app: Flask) -> None:
    """Give templates the grade of a score."""
    app.jinja_env.globals.update(grade=grade)
