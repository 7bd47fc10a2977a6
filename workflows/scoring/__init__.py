"""Scoring: attainment, weights, bands and rounding, all pure and exact."""

from workflows.scoring.attainment import DIRECTIONS, Rule, attainment, check_rule, rule_of
from workflows.scoring.bands import Band, band_of, check_bands
from workflows.scoring.rounding import exact, round_half_up
from workflows.scoring.score import POLICIES, Line, Score, Share, score
from workflows.scoring.weights import Limits, check_weights, equalise, normalise

__all__ = [
    "DIRECTIONS", "POLICIES", "Band", "Limits", "Line", "Rule", "Score", "Share",
    "attainment", "band_of", "check_bands", "check_rule", "check_weights",
    "equalise", "exact", "normalise", "round_half_up", "rule_of", "score",
]  # fmt: skip
