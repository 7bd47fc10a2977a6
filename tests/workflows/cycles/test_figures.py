"""Figures and scores against slow, obvious references: plain Python over rows, and decimals by hand."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import orjson
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from metadata import measure
from workflows.cycles import figures, people, terms
from workflows.cycles.terms import TermBand, TermLine, Terms
from workflows.scoring import Band, Rule

BANDS = (("Low", "低", "0", "60"), ("Mid", "中", "60", "90"), ("High", "高", "90", None))


def make_terms(weights, policy, places):
    lines = tuple(
        TermLine(f"kpi{i}", f"KPI {i}", f"指标{i}", weight, "day", "sum(a)", "sum(b)", "", Rule(floor=Fraction(0)))
        for i, weight in enumerate(weights)
    )
    bands = tuple(TermBand(Band(a, Decimal(c), d and Decimal(d)), b) for a, b, c, d in BANDS)
    return Terms(1, 1, date(2026, 1, 1), date(2026, 6, 30), "UTC", lines, bands, places, policy, 90)


@st.composite
def cases(draw):
    count = draw(st.integers(1, 5))
    cuts = sorted(draw(st.lists(st.integers(1, 9999), min_size=count - 1, max_size=count - 1, unique=True)))
    weights = [Decimal(b - a) / 100 for a, b in zip([0, *cuts], [*cuts, 10000], strict=True)]
    value = st.none() | st.integers(0, 2000).map(lambda n: n / 4)
    measured = [[draw(value), draw(value)] for _ in range(count)]
    return weights, measured, draw(st.sampled_from(("block", "redistribute", "zero"))), draw(st.integers(0, 3))


def by_hand(weights, measured, policy, places):
    """The rules of the field in decimals of 60 digits, line by line."""
    with localcontext() as context:
        context.prec = 60
        reached = []
        for plan, actual in measured:
            missing = plan is None or actual is None or plan == 0
            share = None if missing else min(max(Decimal(actual) / Decimal(plan), Decimal(0)), Decimal("1.2"))
            reached.append(share)
        if all(share is None for share in reached) or (policy == "block" and None in reached):
            return None
        points = sum((w * s for w, s in zip(weights, reached, strict=True) if s is not None), Decimal(0))
        if policy == "redistribute":
            points = points * 100 / sum(w for w, s in zip(weights, reached, strict=True) if s is not None)
        # 60 digits never end in a tie by accident: what is within 10^-50 of one is one
        return points.quantize(Decimal("1e-40"), ROUND_HALF_UP).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


@given(cases())
def test_a_score_is_what_decimals_by_hand_give(case):
    weights, measured, policy, places = case
    found = figures.computed(make_terms(weights, policy, places), {f"kpi{i}": pair for i, pair in enumerate(measured)})
    expected = by_hand(weights, measured, policy, places)
    assert found.score == expected
    if expected is not None:
        assert found.rating == ("Low" if expected < 60 else "Mid" if expected < 90 else "High")
    else:
        assert found.rating is None
        assert found.reason


@given(cases())
def test_the_explanation_adds_up_to_the_score(case):
    weights, measured, policy, places = case
    found = figures.computed(make_terms(weights, policy, places), {f"kpi{i}": pair for i, pair in enumerate(measured)})
    detail = orjson.loads(found.detail)
    assert [line["actual"] for line in detail["lines"]] == [pair[1] for pair in measured]
    if found.score is not None:
        added = sum(Decimal(line["contribution"]) for line in detail["lines"])
        assert abs(added - found.score) <= Decimal(1).scaleb(-places) / 2 + Decimal("0.00001")
        if policy == "redistribute":
            assert abs(sum(Decimal(line["effective"]) for line in detail["lines"]) - 100) < Decimal("0.001")


class TestMeasured:
    def test_a_department_has_the_figures_of_its_own_rows_and_those_below(self, company):
        catalog = company.catalog
        cycle = company.row("cycle", id=company.production)
        with Session(company.engine) as session:
            known = terms.gather(session, catalog, cycle)
            tree = people.tree(session, catalog)
            found = figures.measured(session, known, tree, tree.units)
        for line in known.lines:
            rows = [
                r
                for r in company.rows(line.kpi)
                if cycle["period_start"] <= r["day"] <= cycle["period_end"] and r["_removed_at"] is None
            ]
            for department in tree.units:
                mine = [r for r in rows if r["department"] in tree.below(department)]
                plan, actual = (measure.parse(text).value(mine) for text in (line.plan, line.actual))
                assert found[str(department)][line.kpi] == [
                    *(None if value is None else float(f"{value:.12g}") for value in (plan, actual)),
                    len(mine),
                ]

    def test_it_asks_once_for_each_kpi_however_many_departments(self, company):
        catalog = company.catalog
        cycle = company.row("cycle", id=company.production)
        with Session(company.engine) as session:
            known = terms.gather(session, catalog, cycle)
            tree = people.tree(session, catalog)
            statements = company.statements()
            figures.measured(session, known, tree, tree.units)
        assert len([text for text in statements if "rec_" in text]) == len(known.lines)
