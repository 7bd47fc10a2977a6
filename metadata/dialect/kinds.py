"""The second pass over what a kind adds: fields that exist and fit their part, bounds in order, shares that add up.

Called by `meaning` with one definition; what several definitions must agree on is in `together`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from metadata import fieldtypes, measure
from metadata.dialect.granting import UNDECLARED
from metadata.errors import Problem
from metadata.model import Definition, Field
from metadata.parser.kinds import decimal

DELIVERIES = {"classroom", "online", "one_to_one"}
COMMITMENTS = {"committed", "aspirational"}
NO_NUMBER = "“%(name)s” is no number."
ORDERED = "Green begins above amber."
WHOLE = "The twelve months of a season add up to %(sum)s; they must add up to 100."
ADDS_UP = "A season spreads the plan of a year over its months, so the plan must be made of sums, such as sum(amount)."


def problems(definition: Definition, declared: frozenset[str]) -> Iterator[Problem]:
    """What is wrong under the keyword of the definition's kind."""
    yield from _measure(definition, declared)
    yield from _okr(definition, declared)
    yield from _survey(definition, declared)
    yield from _courses(definition, declared)
    yield from _review(definition, declared)


def _part(
    definition: Definition, declared: frozenset[str], given: Mapping[str, Any], pointer: str
) -> tuple[Field | None, Problem | None]:
    """The field that plays the part `pointer` names, or what is wrong with its name."""
    name = given.get(pointer.rsplit("/", 1)[-1])
    if name is None:
        return None, None
    if name not in declared:
        return None, Problem(pointer, UNDECLARED, {"name": name})
    return definition.fields.get(name), None


def _measure(definition: Definition, declared: frozenset[str]) -> Iterator[Problem]:
    given = definition.document.get("x-measure")
    if given is None:
        return
    if given["time"] not in declared:
        yield Problem("/x-measure/time", UNDECLARED, {"name": given["time"]})
    elif given["time"] in definition.fields and definition.fields[given["time"]].type != "date":
        yield Problem("/x-measure/time", "“%(name)s” is no date.", {"name": given["time"]})
    read: dict[str, measure.Measure] = {}
    for word in ("plan", "actual"):
        try:
            read[word] = measure.parse(given[word])
        except measure.MeasureError as error:
            yield Problem(f"/x-measure/{word}", error.message, error.params)
            continue
        for name in sorted(read[word].fields):
            field = definition.fields.get(name)
            if name not in declared:
                yield Problem(f"/x-measure/{word}", UNDECLARED, {"name": name})
            elif field is not None and not (name in definition.columns and _counts(field)):
                yield Problem(f"/x-measure/{word}", NO_NUMBER, {"name": name})
    if given.get("floor", 0) >= given.get("cap", 1.2):
        yield Problem("/x-measure/cap", "The cap must be above the floor.")
    yield from _grades(given, "thresholds", "/x-measure")
    if "curve" in given:
        total = sum(decimal(share) for share in given["curve"])
        if total != 100:
            yield Problem("/x-measure/curve", WHOLE, {"sum": f"{total.normalize():f}" if total else "0"})
        if "plan" in read and not read["plan"].adds_up:
            yield Problem("/x-measure/curve", ADDS_UP)


def _grades(given: Mapping[str, Any], word: str, above: str) -> Iterator[Problem]:
    grades = given.get(word)
    if grades is not None and grades["amber"] >= grades["green"]:
        yield Problem(f"{above}/{word}/green", ORDERED)


def _counts(field: Field) -> bool:
    return fieldtypes.of(field).numeric or field.type == "boolean"


def _okr(definition: Definition, declared: frozenset[str]) -> Iterator[Problem]:
    given = definition.document.get("x-okr")
    if given is None:
        return
    score, wrong = _part(definition, declared, given, "/x-okr/score")
    if wrong is not None:
        yield wrong
    elif score is not None and not fieldtypes.of(score).numeric:
        yield Problem("/x-okr/score", NO_NUMBER, {"name": score.name})
    choice, wrong = _part(definition, declared, given, "/x-okr/commitment")
    if wrong is not None:
        yield wrong
    elif choice is not None and not {str(one.value) for one in choice.enum} >= COMMITMENTS:
        message = "“%(name)s” is no choice between committed and aspirational."
        yield Problem("/x-okr/commitment", message, {"name": choice.name})
    yield from _grades(given, "grades", "/x-okr")
    owner, owners = given.get("owner"), definition.owner
    if (owner == "person" and owners.person is None) or (owner == "unit" and owners.unit is None):
        message = "Objectives of this level belong to a %(owner)s, but no reference under x-owner says to which."
        yield Problem("/x-okr/owner", message, {"owner": owner})


def _survey(definition: Definition, declared: frozenset[str]) -> Iterator[Problem]:
    given, survey = definition.document.get("x-survey"), definition.survey
    if given is None or survey is None:
        return
    for word, day in (("from", survey.first), ("to", survey.last)):
        if word in given and day is None:
            yield Problem(
                f"/x-survey/{word}", "“%(text)s” is no day; write it as in 2026-03-31.", {"text": given[word]}
            )
    if survey.first is not None and survey.last is not None and survey.last < survey.first:
        yield Problem("/x-survey/to", "The last day is before the first.")
    for word, other in (("from", "to"), ("to", "from")):
        if word in given and other not in given:
            yield Problem(f"/x-survey/{other}", "A survey with a first day has a last one, and the other way round.")
    split, wrong = _part(definition, declared, given, "/x-survey/split")
    if wrong is not None:
        yield wrong
    elif split is not None and split.target is None:
        yield Problem("/x-survey/split", "“%(name)s” is no reference to other records.", {"name": split.name})
    if not survey.anonymous:
        if "minimum" in given:
            yield Problem("/x-survey/minimum", "Only answers without names need a fewest number.")
        return
    if definition.unique:
        message = "Anonymous answers can't be kept unique: the refusal would tell what others answered."
        yield Problem("/x-unique", message)
    for field in definition.fields.values():
        if field.type == "attachment":
            message = "A file tells who sent it; an anonymous survey can't ask for one."
            yield Problem(f"/properties/{field.name}", message)


def _courses(definition: Definition, declared: frozenset[str]) -> Iterator[Problem]:
    given = definition.document.get("x-catalog")
    if given is None:
        return
    found: dict[str, Field | None] = {}
    for word in ("delivery", "validity", "prerequisites"):
        found[word], wrong = _part(definition, declared, given, f"/x-catalog/{word}")
        if wrong is not None:
            yield wrong
    delivery, validity, before = found["delivery"], found["validity"], found["prerequisites"]
    if delivery is not None and not ({str(one.value) for one in delivery.enum} <= DELIVERIES and delivery.enum):
        message = "“%(name)s” is no choice among classroom, online and one_to_one."
        yield Problem("/x-catalog/delivery", message, {"name": delivery.name})
    if validity is not None and validity.type != "integer":
        yield Problem("/x-catalog/validity", "“%(name)s” is no whole number.", {"name": validity.name})
    if before is not None and not (before.type == "references" and before.ref == definition.name):
        message = "“%(name)s” is no list of records of this definition."
        yield Problem("/x-catalog/prerequisites", message, {"name": before.name})
    if "quiz" in given:
        yield from _quiz(definition, declared, given["quiz"])


def _quiz(definition: Definition, declared: frozenset[str], given: Mapping[str, Any]) -> Iterator[Problem]:
    rows, wrong = _part(definition, declared, given, "/x-catalog/quiz/field")
    mark, unknown = _part(definition, declared, given, "/x-catalog/quiz/pass_mark")
    yield from (problem for problem in (wrong, unknown) if problem is not None)
    if mark is not None and not fieldtypes.of(mark).numeric:
        yield Problem("/x-catalog/quiz/pass_mark", NO_NUMBER, {"name": mark.name})
    if rows is None:
        return
    if not rows.rows:
        yield Problem("/x-catalog/quiz/field", "“%(name)s” holds no rows.", {"name": rows.name})
        return
    places = {"question": given["question"], "right": given["right"]}
    places |= {f"choices/{position}": name for position, name in enumerate(given["choices"])}
    for place, name in places.items():
        cell = rows.rows.get(name)
        if cell is None:
            yield Problem(f"/x-catalog/quiz/{place}", UNDECLARED, {"name": name})
        elif place == "right" and cell.type not in ("integer", "choice_integer"):
            yield Problem(f"/x-catalog/quiz/{place}", "“%(name)s” is no whole number.", {"name": name})


def _review(definition: Definition, declared: frozenset[str]) -> Iterator[Problem]:
    given = definition.document.get("x-review")
    if given is None:
        return
    field, wrong = _part(definition, declared, given, "/x-review/review")
    if wrong is not None:
        yield wrong
    elif field is not None and field.target != "review":
        yield Problem("/x-review/review", "“%(name)s” is no reference to a review.", {"name": field.name})
    elif (given["review"],) not in definition.unique:
        message = "A review has one record of answers: put [“%(name)s”] under x-unique."
        yield Problem("/x-unique", message, {"name": given["review"]})
    scales = {step["scale"] for step in given.get("scales", ())}
    placed: set[str] = {given["review"]}
    for position, section in enumerate(given["sections"]):
        where = f"/x-review/sections/{position}"
        for place, name in enumerate(section["fields"]):
            if name not in declared:
                yield Problem(f"{where}/fields/{place}", UNDECLARED, {"name": name})
            elif name in placed:
                message = "“%(name)s” stands in another section already."
                yield Problem(f"{where}/fields/{place}", message, {"name": name})
            placed.add(name)
        for place, name in enumerate(section.get("required", ())):
            if name not in section["fields"]:
                message = "“%(name)s” is no question of this section."
                yield Problem(f"{where}/required/{place}", message, {"name": name})
        if section.get("scale", "") not in {"", *scales}:
            yield Problem(f"{where}/scale", "There is no scale called “%(name)s”.", {"name": section["scale"]})
    early = [name for name in definition.document.get("required", ()) if name != given["review"]]
    for name in early:
        message = "“%(name)s” can't be required of everybody; say under required of its section who must answer it."
        yield Problem("/required", message, {"name": name})
