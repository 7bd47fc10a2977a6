"""The form of a scorecard: what was typed as a content, and the buttons that only rearrange it.

Called by the pages of scorecards and of what-if. Nothing is written here: adding, removing, equalising and normalising
give back a changed content, which the page shows and which is kept when it is saved.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from metadata.catalog import Catalog
from metadata.errors import Invalid, Problem, ProductError
from portal.access import language
from portal.errors import worded
from workflows.cycles import terms
from workflows.scorecards import content as contents
from workflows.scorecards.content import NUMBERS, TEXTS, Content
from workflows.scoring import equalise, normalise

PLACE = re.compile(r"(line|band)-(\d{1,3})-([a-z_]+)")
LINE_FIELDS, BAND_FIELDS = frozenset(TEXTS) | frozenset(NUMBERS), frozenset({"label", "label_zh", "low"})
REARRANGES = ("equalise", "normalise", "add", "remove", "up", "addband", "removeband")


def typed(form: Mapping[str, str]) -> Content:
    """The content that was typed."""
    found: dict[str, dict[int, dict[str, str]]] = {"line": {}, "band": {}}
    for key, value in form.items():
        match = PLACE.fullmatch(key)
        if match is None:
            continue
        part, place, name = match[1], int(match[2]), match[3]
        if place < contents.MOST_LINES and name in (LINE_FIELDS if part == "line" else BAND_FIELDS):
            found[part].setdefault(place, {})[name] = value
    settings = {name: form.get(name, "") for name in ("formula", "no_data", "decimals", "minimum_service_days")}
    lines, bands = ([items[place] for place in sorted(items)] for items in (found["line"], found["band"]))
    return contents.tidy({**settings, "lines": lines, "bands": bands})


def rearranged(catalog: Catalog, content: Content, do: str, form: Mapping[str, str]) -> Content:
    """The content after a button that only rearranges; Invalid where it can't."""
    act, _dash, place = do.partition("-")
    lines = [dict(line) for line in content["lines"]]
    at = int(place) if place.isdecimal() else -1
    if act == "add":
        lines.append(_new_line(catalog, form))
    elif act == "remove" and at < len(lines):
        lines.pop(at)
    elif act == "up" and 0 < at < len(lines):
        lines[at - 1], lines[at] = lines[at], lines[at - 1]
    elif act == "equalise":
        lines = _weighed(lines, [str(weight) for weight in equalise(len(lines))])
    elif act == "normalise":
        weights = [contents.number(line["weight"]) for line in lines]
        wrong = [
            Problem(f"/lines/{i}/weight", contents.NO_NUMBER) for i, weight in enumerate(weights) if weight is None
        ]
        if wrong:
            raise Invalid(contents.NOT_READABLE, problems=wrong)
        lines = _weighed(lines, [str(weight) for weight in normalise([weight or Decimal(0) for weight in weights])])
    bands = [dict(band) for band in content["bands"]]
    if act == "addband":
        bands.append({"label": "", "label_zh": "", "low": _next_low(bands)})
    elif act == "removeband" and at < len(bands):
        bands.pop(at)
    return contents.tidy({**content, "lines": lines, "bands": bands})


def _next_low(bands: list[dict[str, str]]) -> str:
    """Where another rating could begin: at 0, or above the highest."""
    lows = [contents.number(band["low"]) or Decimal(0) for band in bands]
    return str(max(lows) + 10) if lows else "0"


def _weighed(lines: list[dict[str, str]], weights: list[str]) -> list[dict[str, str]]:
    return [{**line, "weight": weight} for line, weight in zip(lines, weights, strict=True)]


def _new_line(catalog: Catalog, form: Mapping[str, str]) -> dict[str, str]:
    """The line that was chosen; a KPI and a use of the system bring their names."""
    chosen, own = form.get("new", ""), form.get("new_name", "").strip()
    kind, _colon, name = chosen.partition(":")
    name = name or own
    label = {"en": own or name, "zh": own or name}
    if kind in (terms.KPI, terms.OBJECTIVES) and name in catalog:
        label = {tongue: catalog[name].definition.title(tongue) for tongue in label}
    elif kind == terms.SYSTEM_USE:
        label = {"en": USES_EN.get(name, name), "zh": USES_ZH.get(name, name)}
    return {"kind": kind, "kpi": name, "label": label["en"], "label_zh": label["zh"], "weight": "0"}


USES_EN = {"portal_weeks": "Weeks with entries in the portal", "goal_weeks": "Weeks with progress on goals"}
USES_ZH = {"portal_weeks": "有门户记录的周数占比", "goal_weeks": "有目标进展记录的周数占比"}


def choices(catalog: Catalog, content: Content) -> list[tuple[str, str]]:
    """What a new line could count: KPIs, objectives and uses of the system not in it yet, competencies, marks."""
    taken = {line["kpi"] for line in content["lines"]}
    found = [
        (f"{terms.KPI}:{name}", entity.definition.title(language()))
        for name, entity in catalog.entities.items()
        if entity.definition.measure is not None and name not in taken
    ]
    words = USES_ZH if language() == "zh" else USES_EN
    found += [(f"{terms.SYSTEM_USE}:{name}", words[name]) for name in terms.USES if name not in taken]
    found += [
        (
            f"{terms.OBJECTIVES}:{name}",
            _("Scores of objectives: %(name)s", name=catalog[name].definition.title(language())),
        )
        for name in terms.scored_levels(catalog)
        if name not in taken
    ]
    own = [(terms.COMPETENCY, _("Competency …")), (terms.MANUAL, _("Manual mark …"))]
    return [*sorted(found, key=lambda pair: pair[1]), *own]


def problems_by_place(error: ProductError | None) -> dict[str, list[str]]:
    """What is wrong, by the name of its input: `line-0-weight`, `band-1-low`, or what the pointer says."""
    found: dict[str, list[str]] = {}
    for problem in error.problems if error else ():
        parts = problem.pointer.strip("/").split("/")
        name = "-".join([parts[0].rstrip("s"), *parts[1:]]) if len(parts) == 3 else problem.pointer.strip("/")
        found.setdefault(name, []).append(worded(problem))
    return found


def title(line: Mapping[str, Any]) -> str:
    """What a line is called."""
    return (line["label_zh"] if language() == "zh" else "") or line["label"] or line["kpi"]
