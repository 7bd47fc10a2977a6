"""The formula of a scorecard as its form shows it: the mistake marked at its character, and the names that it may use.

Called by the pages and REST of scorecards and by what-if. Thin: what is wrong is decided by workflows/scorecards.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _

from metadata.catalog import Catalog
from metadata.errors import Problem
from portal.errors import worded
from portal.views import cardform
from workflows.scorecards import content as contents
from workflows.scorecards.content import Content
from workflows.scoring.formula import ACTUAL, FIGURES, REACHED, SECTION, TARGET, TOTAL, named_lines

EXAMPLE = 'if(reached("pass_rate") < 60, min(total, 70), total)'


@dataclass(frozen=True)
class Checked:
    """A formula with what is wrong; `parts` are its text before the mistake, the character, and the text after it."""

    text: str
    words: tuple[str, ...]
    at_lines: tuple[str, ...]
    position: int | None
    parts: tuple[str, str, str]
    named: frozenset[str]

    @property
    def wrong(self) -> bool:
        """Whether it can't be used."""
        return bool(self.words)


@dataclass(frozen=True)
class Choice:
    """What a formula may name, as it is written, what it is, and its unit."""

    text: str
    title: str
    unit: str


def checked(catalog: Catalog, content: Content) -> Checked:
    """The formula of a content, read again."""
    text = content.get("formula", "")
    problems = contents.formula_problems(catalog, content)
    position = _position(problems)
    at = len(text) if position is None else position - 1
    return Checked(
        text,
        tuple(worded(problem) for problem in problems if problem.pointer == "/formula"),
        tuple(worded(problem) for problem in problems if problem.pointer == "/lines"),
        position,
        (text[:at], text[at : at + 1], text[at + 1 :]),
        named_lines(text),
    )


def _position(problems: list[Problem]) -> int | None:
    return next((problem.params["position"] for problem in problems if "position" in problem.params), None)


def choices(catalog: Catalog, content: Content) -> list[Choice]:
    """Everything that the formula may name."""
    titles = {line["kpi"]: cardform.title(line) for line in content["lines"]}
    words = {
        REACHED: _("attainment of %(name)s, in points"),
        ACTUAL: _("actual of %(name)s"),
        TARGET: _("target of %(name)s"),
        SECTION: _("attainment of the section %(name)s, in points"),
    }
    found = [Choice(TOTAL, _("the weighted sum, in points"), "")]
    lines = contents.nameable(catalog, content)
    sections = dict.fromkeys(line.section for line in lines if line.section)
    named = [(figure, line.key, line.unit) for line in lines for figure in FIGURES if figure != SECTION]
    for figure, name, unit in [*named, *((SECTION, section, "") for section in sections)]:
        quote = "'" if '"' in name else '"'
        if name and quote not in name and "\\" not in name:
            says = words[figure] % {"name": titles.get(name, name)}
            found.append(Choice(f"{figure}({quote}{name}{quote})", says, "" if figure == REACHED else unit))
    return found
