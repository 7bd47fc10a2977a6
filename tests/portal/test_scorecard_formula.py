"""The formula of a scorecard on its page and by REST: checked as it is typed, marked at the character, on five sides."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from portal.extensions import db
from tests.portal.cycle_site import rows, settle
from tests.portal.demo_site import logged_in
from tests.portal.test_scorecard_pages import EVERYBODY, card_of, form_of, portal

__all__ = ["portal"]
CAPPED = 'if(reached("repurchase_rate") < 60, min(total, 70), total)'


@pytest.fixture
def card(portal) -> int:
    return card_of(portal)


def publish(client, card, **more):
    place = f"/scorecards/{card}/"
    form = form_of(client.get(place).text)
    return client.post(place, data={**form, "formula": CAPPED, "do": "publish", **more})


class TestPage:
    def test_a_mistake_comes_back_marked_at_its_character_with_what_was_typed(self, portal, card):
        answer = publish(logged_in(portal, "hana"), card, formula='total + actual("sales_revenue")')
        assert answer.status_code == 422
        assert "At character 9: these values are of different units: points, CNY." in answer.text
        assert "<code>total + <mark>a</mark>ctual(&#34;sales_revenue&#34;)</code>" in answer.text
        assert ">total + actual(&#34;sales_revenue&#34;)</textarea>" in answer.text
        assert rows(portal, "scorecard", id=card)[0]["formula"] is None

    def test_it_is_checked_while_it_is_typed_in_both_languages(self, portal, card):
        hana, place = logged_in(portal, "hana"), f"/scorecards/{card}/"
        form = form_of(hana.get(place).text) | {"formula": "min(total)"}
        assert "At character 1: “min” takes 2–10 values." in hana.post(f"{place}formula", data=form).text
        right = hana.post(f"{place}formula", data=form | {"formula": CAPPED}).text
        assert "The formula can be used." in right
        hana.post("/language/zh")
        assert "第 1 个字符：“min”需要 2–10 个值。" in hana.post(f"{place}formula", data=form).text
        units = hana.post(f"{place}formula", data=form | {"formula": 'total + actual("sales_revenue")'}).text
        assert "单位不同：分, CNY" in units

    def test_it_is_published_seen_compared_and_taken_back(self, portal, card):
        hana, place = logged_in(portal, "hana"), f"/scorecards/{card}/"
        assert publish(hana, card).status_code == 303
        assert rows(portal, "scorecard", id=card)[0]["formula"] == CAPPED
        assert "min(total, 70)" in logged_in(portal, "emma").get(place).text
        page = hana.get(f"{place}versions/2").text
        assert "Formula" in page
        assert "min(total, 70)" in page
        assert hana.post(f"{place}versions/1/rollback").status_code == 303
        assert rows(portal, "scorecard", id=card)[0]["formula"] is None

    def test_removing_a_line_that_it_names_is_told_at_the_line_and_at_the_formula(self, portal, card):
        hana, place = logged_in(portal, "hana"), f"/scorecards/{card}/"
        publish(hana, card)
        page = hana.get(place).text
        line = page.split('data-line="repurchase_rate"', 1)[1].split("</li>", 1)[0]
        assert "named in the formula" in line
        assert "named in the formula" not in page.split('data-line="sales_revenue"', 1)[1].split("</li>", 1)[0]
        form = form_of(page) | {"formula": CAPPED, "line-0-weight": "100"}
        gone = hana.post(place, data=form | {"do": "remove-1"}).text
        told = "The formula names “repurchase_rate”, which is no line any more"
        assert "the scorecard has no line “repurchase_rate”; there are sales_revenue." in gone
        assert gone.count(told) == 2
        refused = hana.post(place, data={**form_of(gone), "formula": CAPPED, "do": "publish"})
        assert refused.status_code == 422
        assert told in refused.text
        assert len(rows(portal, "scorecard_line", scorecard=card)) == 2

    def test_a_half_written_formula_can_be_kept_as_a_draft(self, portal, card):
        hana, place = logged_in(portal, "hana"), f"/scorecards/{card}/"
        assert publish(hana, card, formula="if(total <", do="save").status_code == 303
        page = hana.get(place).text
        assert "if(total &lt;</textarea>" in page
        assert "the formula ends or goes on where it can&#39;t." in page

    def test_what_if_tries_it_and_names_what_is_wrong(self, portal, card):
        hana, place = logged_in(portal, "hana"), f"/what-if/{card}/"
        form = form_of(hana.get(place).text)
        wrong = hana.post(f"{place}answer", data=form | {"formula": "totl"})
        assert (wrong.status_code, "At character 1: “totl” means nothing here" in wrong.text) == (422, True)
        assert hana.post(f"{place}answer", data=form | {"formula": "total / 2"}).status_code == 200
        kept = hana.post(place, data=form | {"formula": "total / 2", "name": "Half", "do": "save_as"})
        assert ">total / 2</textarea>" in hana.get(kept.location).text


class TestExplained:
    def test_the_review_and_its_ledger_say_what_the_formula_made_of_the_sum(self, portal):
        hana, derek, card = logged_in(portal, "hana"), logged_in(portal, "derek"), card_of(portal, "Production")
        text = 'if(reached("pass_rate") < 110, min(total, 70), total)'
        assert publish(hana, card, formula=text).status_code == 303
        (home,) = rows(portal, "department", code="PRD")
        (cycle,) = rows(portal, "cycle", department=home["id"])
        assert derek.post(f"/api/v1/cycles/{cycle['id']}/launch").status_code == 202
        settle()
        (emma,) = rows(portal, "employee", account="emma")
        (review,) = rows(portal, "review", cycle=cycle["id"], employee=emma["id"])
        place = f"cycles/reviews/{review['id']}"
        told = derek.get(f"/api/v1/{place}/ledger").json["result"]
        assert (told["formula"], told["points"], told["score"], told["rounding"]) == (text, "70", "70.0", "0")
        steps = {step["text"]: step["value"] for step in told["steps"]}
        assert (steps["min(total, 70)"], steps['reached("pass_rate") < 110']) == ("70", True)
        assert steps["total"] == told["sum"]
        page = derek.get(f"/{place}/ledger").text
        assert "The formula, step by step" in page
        assert "A score stays within" not in page
        assert "What the formula makes of it" in derek.get(f"/{place}").text
        for account in ("sofia", "liwei", "tariq", "emma"):
            client = logged_in(portal, account)
            assert client.get(f"/api/v1/{place}/ledger").status_code == 404, account
            assert text not in client.get(f"/{place}").text, account

    def test_checking_a_formula_costs_few_statements(self, portal, card):
        hana = logged_in(portal, "hana")
        content = hana.get(f"/api/v1/scorecards/{card}").json["result"]["content"]
        form = form_of(hana.get(f"/scorecards/{card}/").text)
        seen: list[str] = []
        with portal.app_context():
            event.listen(db.engine, "before_cursor_execute", lambda _c, _k, text, *_more: seen.append(text))
        hana.post(f"/scorecards/{card}/formula", data=form | {"formula": CAPPED})
        by_page = len(seen)
        hana.post(f"/api/v1/scorecards/{card}/formula", json={**content, "formula": CAPPED})
        assert max(by_page, len(seen) - by_page) <= 3, seen


class TestRest:
    def test_it_goes_round_and_is_checked(self, portal, card):
        hana, place = logged_in(portal, "hana"), f"/api/v1/scorecards/{card}"
        found = hana.get(place).json["result"]
        assert "formula" not in found["content"]
        content = {**found["content"], "formula": CAPPED}
        body = {"content": content, "based_on": found["based_on"]}
        wrong = hana.post(f"{place}/publish", json={**body, "content": {**content, "formula": 'reached("x")'}})
        assert wrong.status_code == 422
        assert [p["pointer"] for p in wrong.json["problems"]] == ["/formula", "/lines"]
        assert hana.post(f"{place}/publish", json=body).json["result"] == {"version": 2}
        assert hana.get(place).json["result"]["content"]["formula"] == CAPPED
        told = hana.get(f"{place}/versions/1").json["result"]["differences"]
        assert told == [{"part": "setting", "name": "", "field": "formula", "before": CAPPED, "after": ""}]
        checked = hana.post(f"{place}/formula", json={**content, "formula": "total +"}).json["result"]
        assert (checked["usable"], checked["position"]) == (False, 8)
        names = {name["text"]: name["unit"] for name in checked["names"]}
        assert names['actual("sales_revenue")'] == "CNY"
        assert names["total"] == ""

    def test_whoever_may_see_the_scorecard_may_have_a_formula_checked_and_nobody_else(self, portal, card):
        for account in EVERYBODY:
            client = logged_in(portal, account)
            content = client.get(f"/api/v1/scorecards/{card}").json["result"]["content"]
            for number, status in ((card, 200), (99999, 404)):
                answer = client.post(f"/api/v1/scorecards/{number}/formula", json={**content, "formula": "total"})
                assert answer.status_code == status, account
                page = client.post(f"/scorecards/{number}/formula", data={"formula": "total"})
                assert page.status_code == status, account
            if account != "hana":
                forbidden = client.post(f"/scorecards/{card}/", data={"formula": "total", "do": "publish"})
                assert forbidden.status_code in (403, 404), account
        stranger = portal.test_client()
        assert stranger.post(f"/api/v1/scorecards/{card}/formula", json={}).status_code == 401
        assert stranger.post(f"/scorecards/{card}/formula").status_code == 302
