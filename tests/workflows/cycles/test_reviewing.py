"""Self review, manager review, the rest at once, closing and sharing: who may, when, and what is kept."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.errors import Conflict, Invalid, NotAllowed, NotFound, StaleVersion
from workflows.cycles import closing, handing_in, rating, reading
from workflows.cycles.rating import Proposal
from workflows.errors import TransitionRefused
from workflows.store import notifications

OTHERS = ["sofia", "liwei", "tariq"]


def pointers(refused):
    return {p.pointer for p in refused.value.problems}


def handed_in(company):
    emma = company.review("emma")
    company.write(handing_in.save, "emma", emma["id"], "I did well.", "Good", hand_in=True)
    return company.review("emma")


def advanced(company):
    company.write(closing.advance, "derek", company.production, without_missing=True)
    company.settle()
    return company.production


class TestSelfReview:
    def test_a_draft_is_kept_and_what_is_handed_in_stands(self, running):
        emma = running.review("emma")
        running.write(handing_in.save, "emma", emma["id"], "First words", None)
        assert running.review("emma")["step"] == "self_review"
        handed_in(running)
        review = running.review("emma")
        assert (review["step"], review["self_comment"], review["self_rating"]) == (
            "manager_review",
            "I did well.",
            "Good",
        )
        with pytest.raises(TransitionRefused):
            running.write(handing_in.save, "emma", emma["id"], "Other words", None)

    def test_the_reviewer_is_told_with_the_name_in_their_language(self, running):
        handed_in(running)
        with Session(running.engine) as session:
            (row,) = session.execute(select(notifications).where(notifications.c.kind == "review_manager_due")).all()
        assert (row.recipient, row.params["reviewee"]) == ("derek", {"en": "Emma Clarke", "zh": "艾玛·克拉克"})

    @pytest.mark.parametrize("account", ["derek", "hana"])
    def test_nobody_else_writes_it(self, running, account):
        with pytest.raises(NotAllowed):
            running.write(handing_in.save, account, running.review("emma")["id"], "Not mine", None)

    @pytest.mark.parametrize("account", OTHERS)
    def test_for_others_it_does_not_exist(self, running, account):
        with pytest.raises(NotFound):
            running.write(handing_in.save, account, running.review("emma")["id"], "Not mine", None)
        with pytest.raises(NotFound):
            running.read(reading.review, account, running.review("emma")["id"])

    def test_a_stale_form_is_refused(self, running):
        emma = running.review("emma")
        running.write(handing_in.save, "emma", emma["id"], "On the phone", None, version=emma["_version"])
        with pytest.raises(StaleVersion):
            running.write(handing_in.save, "emma", emma["id"], "At the desk", None, version=emma["_version"])
        assert running.review("emma")["self_comment"] == "On the phone"

    def test_words_are_needed_to_hand_in_and_a_rating_must_exist(self, running):
        with pytest.raises(Invalid) as refused:
            running.write(handing_in.save, "emma", running.review("emma")["id"], " ", "Superb", hand_in=True)
        assert pointers(refused) == {"/self_comment", "/self_rating"}


class TestManagerReview:
    def test_another_rating_needs_a_reason_and_the_computed_one_stays(self, running):
        emma = handed_in(running)
        with pytest.raises(Invalid) as refused:
            running.write(rating.propose, "derek", emma["id"], Proposal("Outstanding", "Great"))
        assert pointers(refused) == {"/proposed_reason"}
        running.write(
            rating.propose, "derek", emma["id"], Proposal("Outstanding", "Great", "Set up line 2 alone", "106")
        )
        review = running.review("emma")
        assert review["step"] == "rated"
        assert (review["proposed_rating"], review["proposed_score"]) == ("Outstanding", Decimal(106))
        assert review["computed_rating"] == emma["computed_rating"] != "Outstanding"

    def test_a_score_must_lie_in_the_rating(self, running):
        emma = handed_in(running)
        for score in ("10", "many", "-3", "1e400"):
            with pytest.raises(Invalid) as refused:
                running.write(rating.propose, "derek", emma["id"], Proposal("Good", "Fine", "Because", score))
            assert pointers(refused) == {"/proposed_score"}

    def test_hr_stands_in_with_a_reason_that_is_kept(self, running):
        emma = handed_in(running)
        with pytest.raises(Invalid) as refused:
            running.write(rating.propose, "hana", emma["id"], Proposal(emma["computed_rating"], "Fine"))
        assert pointers(refused) == {"/proposed_reason"}
        running.write(rating.propose, "hana", emma["id"], Proposal(emma["computed_rating"], "Fine", "Derek is ill"))
        with Session(running.engine) as session:
            catalog = running.catalog
            entries = records.history(session, catalog, "review", access.system(), emma["id"], limit=1)
        assert (entries[0].actor, entries[0].note) == ("hana", "Derek is ill")

    def test_nobody_rates_themselves(self, running):
        advanced(running)
        for account in ("derek", "emma"):
            with pytest.raises(NotAllowed):
                running.write(rating.propose, account, running.review(account)["id"], Proposal("Good", "Me", "Me"))

    def test_it_waits_for_the_self_review(self, running):
        with pytest.raises(TransitionRefused):
            running.write(rating.propose, "derek", running.review("emma")["id"], Proposal("Good", "x", "y"))


class TestTheRest:
    def test_the_preview_is_what_happens(self, running):
        cycle = advanced(running)
        found = running.read(rating.preview, "derek", cycle)
        assert sum(found.ratings.values()) == found.count > 90
        assert found.own == 1
        with pytest.raises(Invalid) as refused:
            running.write(rating.accept_rest, "derek", cycle, "As computed", seen=found.count - 1)
        assert pointers(refused) == {"/seen"}
        with pytest.raises(Invalid) as refused:
            running.write(rating.accept_rest, "derek", cycle, "  ")
        assert pointers(refused) == {"/reason"}
        assert running.write(rating.accept_rest, "derek", cycle, "As computed", seen=found.count) == found.count
        assert running.review("derek")["step"] == "manager_review"
        assert running.review("emma")["proposed_reason"] == "As computed"

    @pytest.mark.parametrize(("account", "error"), [("emma", NotFound), ("sofia", NotFound), ("audrey", NotAllowed)])
    def test_only_whoever_runs_the_cycle(self, running, account, error):
        cycle = advanced(running)
        for service, arguments in ((rating.accept_rest, ("x",)), (closing.close, ()), (closing.share, ())):
            with pytest.raises(error):
                running.write(service, account, cycle, *arguments)


class TestTheEnd:
    def test_going_on_without_some_needs_a_word(self, running):
        with pytest.raises(Invalid) as refused:
            running.write(closing.advance, "derek", running.production)
        assert pointers(refused) == {"/without_missing"}

    def test_a_head_does_not_close_over_the_own_missing_rating(self, running):
        cycle = advanced(running)
        running.write(rating.accept_rest, "derek", cycle, "As computed")
        with pytest.raises(Conflict):
            running.write(closing.close, "derek", cycle, reason="Nobody rated me")
        with pytest.raises(Invalid) as refused:
            running.write(closing.close, "hana", cycle)
        assert pointers(refused) == {"/reason"}
        running.write(closing.close, "hana", cycle, reason="Derek has just begun this job")
        derek = running.review("derek")
        assert (derek["step"], derek["not_rated_reason"]) == ("not_rated", "Derek has just begun this job")

    def test_results_are_hidden_from_the_reviewee_until_they_are_shared(self, running):
        emma, cycle = handed_in(running), running.production
        running.write(rating.propose, "derek", emma["id"], Proposal(emma["computed_rating"], "Fine work"))
        advanced(running)
        running.write(rating.accept_rest, "derek", cycle, "As computed")
        running.write(closing.close, "hana", cycle, reason="None")
        for account in ("emma", "derek"):
            view = running.read(reading.review, account, running.review(account)["id"])
            assert not view.shows_scores
            assert {view.review[name] for name in reading.HIDDEN_FROM_REVIEWEE} == {None}
            own = running.read(reading.mine, account, "own")
            assert {(line.computed_rating, line.proposed_rating, line.final_rating) for line in own} == {(None,) * 3}
        assert running.read(reading.review, "hana", emma["id"]).review["final_rating"]
        running.write(closing.share, "derek", cycle)
        view = running.read(reading.review, "emma", emma["id"])
        assert (view.review["final_rating"], view.review["manager_comment"]) == (emma["computed_rating"], "Fine work")
        with pytest.raises(Conflict):
            running.write(closing.share, "derek", cycle)

    def test_a_closed_review_does_not_change(self, running):
        cycle = advanced(running)
        running.write(closing.close, "hana", cycle, reason="Trial", share_now=True)
        before = running.rows("review", cycle=cycle)
        emma = running.review("emma")["id"]
        for account, service, arguments in (
            ("emma", handing_in.save, ("x", None)),
            ("derek", rating.propose, (Proposal("Good", "x", "y"),)),
        ):
            with pytest.raises(TransitionRefused):
                running.write(service, account, emma, *arguments)
        for service in (closing.advance, closing.close):
            with pytest.raises(TransitionRefused):
                running.write(service, "hana", cycle)
        assert running.rows("review", cycle=cycle) == before

    def test_the_generic_records_never_show_a_head_the_own_review(self, running):
        derek, catalog = running.actor("derek"), running.catalog
        own = running.review("derek")["id"]
        with Session(running.engine) as session:
            with pytest.raises(NotFound):
                records.find(session, catalog, "review", derek, own)
            page = records.select(session, catalog, "review", derek, records.Query(page_size=1000))
        assert len(page.rows) > 100
        assert own not in {record.id for record in page.rows}
