"""A cycle from its launch to its end, by the services alone."""

from __future__ import annotations

from workflows.cycles import closing, handing_in, rating
from workflows.cycles.rating import Proposal


def test_a_cycle_runs_from_launch_to_close(company):
    cycle = company.launched()
    assert company.row("cycle", id=cycle)["step"] == "self_review"
    emma = company.review("emma")
    assert emma["step"] == "self_review"
    assert emma["computed_rating"]
    company.write(handing_in.save, "emma", emma["id"], "I did well.", "Good", hand_in=True)
    company.write(rating.propose, "derek", emma["id"], Proposal(emma["computed_rating"], "Well done."))
    missing = company.write(closing.advance, "derek", cycle, without_missing=True)
    assert missing > 50
    company.settle()
    company.write(rating.accept_rest, "derek", cycle, "As computed")
    own = company.review("derek")
    company.write(
        rating.propose, "hana", own["id"], Proposal(own["computed_rating"], "Good lead.", "Derek has no manager here.")
    )
    company.write(closing.close, "derek", cycle, share_now=True)
    steps = {row["step"] for row in company.rows("review", cycle=cycle)}
    assert steps == {"closed", "not_rated"}
    emma = company.review("emma")
    assert emma["final_rating"] == emma["proposed_rating"]
