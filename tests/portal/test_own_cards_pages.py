"""Each person's own scorecard on pages and by REST: who has none, what scored a review, each stint with its days."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest
from flask import Flask
from sqlalchemy import event

from portal.extensions import db
from tests.portal.cycle_site import production, review_of, rows
from tests.portal.demo_site import logged_in
from tests.portal.own_cards_site import prepare_own, prepare_own_launched
from tests.portal.test_cycles import closed, opened

API = "/api/v1/cycles/"
EVERYBODY = ("hana", "derek", "emma", "sofia", "liwei", "tariq", "audrey")


@pytest.fixture
def draft(database_kind, databases, tmp_path) -> Iterator[Flask]:
    with databases.copy(database_kind, "demo site, own cards", prepare_own) as url:
        app = opened(url, tmp_path)
        yield app
        closed(app)


@pytest.fixture
def launched(database_kind, databases, tmp_path) -> Iterator[Flask]:
    with databases.copy(database_kind, "demo site, own cards launched", prepare_own_launched) as url:
        app = opened(url, tmp_path)
        yield app
        closed(app)


def in_chinese(app, account):
    client = logged_in(app, account)
    with client.session_transaction() as session:
        session["locale"] = "zh"
    return client


def statements(app: Flask) -> list[str]:
    seen: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda _c, _k, text, *_more: seen.append(text))
    return seen


class TestBeforeTheLaunch:
    def test_who_may_ask_who_has_a_scorecard(self, draft):
        place = f"{API}{production(draft)}/coverage"
        told = {account: logged_in(draft, account).get(place).status_code for account in EVERYBODY}
        assert told == {
            "hana": 200, "derek": 200, "audrey": 403, "emma": 404, "sofia": 404, "liwei": 404, "tariq": 404,
        }  # fmt: skip
        assert draft.test_client().get(place).status_code == 401

    def test_the_page_lists_the_scorecards_and_those_without(self, draft):
        cycle, derek = production(draft), logged_in(draft, "derek")
        found = derek.get(f"{API}{cycle}/coverage").json["result"]
        assert {use["name"] for use in found["scorecards"]} == {"Assembly", "Casting"}
        assert found["problems"] == []
        stamping = {unit["id"] for unit in rows(draft, "department", code="PRD-S")}
        without = [one for one in rows(draft, "employee") if one["id"] in found["without"]]
        assert {one["department"] for one in without} >= stamping
        page = derek.get(f"/cycles/{cycle}/").text
        assert 'data-tour="cycle-coverage"' in page
        assert f"No scorecard is for {len(without)} people in the period." in page
        assert sum(one["name"] in page for one in without) >= min(50, len(without))
        assert "没有适用的记分卡" in in_chinese(draft, "derek").get(f"/cycles/{cycle}/").text
        assert 'data-tour="cycle-coverage"' not in logged_in(draft, "audrey").get(f"/cycles/{cycle}/").text

    def test_the_page_costs_a_fixed_number_of_statements(self, draft):
        derek, place = logged_in(draft, "derek"), f"/cycles/{production(draft)}/"
        derek.get(place)
        seen = statements(draft)
        derek.get(place)
        assert len(seen) <= 18

    def test_a_cycle_is_opened_by_form_with_each_persons_own(self, draft):
        derek = logged_in(draft, "derek")
        page = derek.get("/cycles/new").text
        assert "Each person&#39;s own scorecard" in page or "Each person's own scorecard" in page
        (home,) = rows(draft, "department", code="PRD-A")
        form = {
            "name": "Assembly", "scorecard_choice": "own", "scorecard": "1", "department": home["id"],
            "period_start": "2026-05-01", "period_end": "2026-10-31", "self_due": "2030-12-01",
            "manager_due": "2030-12-08", "timezone": "Asia/Shanghai",
        }  # fmt: skip
        assert 'data-tour="cycle-coverage"' in derek.post("/cycles/new", data=form, follow_redirects=True).text
        (made,) = rows(draft, "cycle", name="Assembly")
        assert (made["scorecard_choice"], made["scorecard"]) == ("own", None)

    def test_one_for_everybody_needs_a_scorecard_and_own_needs_somebody_who_has_one(self, draft):
        derek = logged_in(draft, "derek")
        units = {unit["code"]: unit["id"] for unit in rows(draft, "department")}
        plan = {
            "name": "X", "department": units["PRD-S"], "period_start": "2026-05-01", "period_end": "2026-10-31",
            "self_due": "2030-12-01", "manager_due": "2030-12-08",
        }  # fmt: skip
        refused = derek.post(API, json={**plan, "scorecard_choice": "one"})
        assert [problem["pointer"] for problem in refused.json["problems"]] == ["/scorecard"]
        refused = derek.post(API, json={**plan, "scorecard_choice": "own"})
        assert [problem["pointer"] for problem in refused.json["problems"]] == ["/scorecard_choice"]
        assert "activate one first" in refused.json["problems"][0]["message"]
        assert derek.post(API, json={**plan, "scorecard_choice": "some"}).status_code == 422


class TestAfterTheLaunch:
    def test_the_cycle_says_how_many_each_scorecard_scores(self, launched):
        cycle = production(launched)
        cards = logged_in(launched, "derek").get(f"{API}{cycle}").json["result"]["scorecards"]
        assert {card["name"] for card in cards if card["people"]} == {"Assembly", "Casting"}
        page = logged_in(launched, "derek").get(f"/cycles/{cycle}/").text
        assert all(name in page for name in ("Assembly", "Casting", "production_output: 100 %"))

    def test_the_review_shows_each_stint_with_place_days_and_scorecard(self, launched):
        review = review_of(launched, "emma")
        page = logged_in(launched, "derek").get(f"/cycles/reviews/{review['id']}").text
        assert page.count('data-tour="review-stint"') == 2
        assert "Casting → Assembly" in page
        assert "92 days" in page  # May to July, and August to October
        assert "按天数加权平均" in in_chinese(launched, "derek").get(f"/cycles/reviews/{review['id']}").text
        detail = logged_in(launched, "derek").get(f"{API}reviews/{review['id']}").json["result"]["computed_detail"]
        assert [part["days"] for part in detail["stints"]] == [92, 92]

    def test_the_ledger_shows_the_stints_the_mean_and_the_same_number_again(self, launched):
        review, derek = review_of(launched, "emma"), logged_in(launched, "derek")
        place = f"/cycles/reviews/{review['id']}/ledger"
        page = derek.get(f"{place}?check=1").text
        assert page.count('data-tour="ledger-stint"') == 2
        assert "the same number" in page
        assert "Mean by days" in page
        found = derek.get(f"/api/v1{place}").json["result"]
        assert [stint["scorecard_name"] for stint in found["stints"]] == ["Casting", "Assembly"]
        mean = sum(Fraction(stint["share"]) * Fraction(stint["points"]) for stint in found["stints"])
        assert Fraction(found["points"]) == mean
        assert mean + Fraction(found["rounding"]) == Fraction(found["score"])
        assert derek.get(f"/api/v1/cycles/reviews/{review['id']}/recompute").json["result"]["same"] is True
        for account in ("emma", "sofia", "liwei", "tariq"):
            assert logged_in(launched, account).get(place).status_code == 404, account
        assert launched.test_client().get(place).status_code == 302

    def test_pages_cost_a_fixed_number_of_statements(self, launched):
        derek, review, cycle = logged_in(launched, "derek"), review_of(launched, "emma")["id"], production(launched)
        places = {f"/cycles/{cycle}/": 13, f"/cycles/reviews/{review}": 16, f"/cycles/reviews/{review}/ledger": 16}
        for place in places:
            derek.get(place)
        seen = statements(launched)
        for place, most in places.items():
            seen.clear()
            derek.get(place)
            assert len(seen) <= most, (place, seen)

    def test_who_has_none_reads_why(self, launched):
        stamping = {unit["id"] for unit in rows(launched, "department", code="PRD-S")}
        mine = [r for r in rows(launched, "review", cycle=production(launched)) if r["department"] in stamping]
        assert {review["step"] for review in mine} == {"not_rated"}
        reasons = {review["not_rated_reason"] for review in mine}
        assert any("No scorecard is for this person" in reason and "没有适用" in reason for reason in reasons)
