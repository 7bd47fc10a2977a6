"""Cycle pages and REST: the whole path by REST alone, access from five sides, conflicts, statements."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import event

from portal.app import bind_workflows
from portal.extensions import db
from tests.portal.cycle_site import prepare_launched, production, review_of, rows, settle
from tests.portal.demo_site import logged_in, prepare, site

API = "/api/v1/cycles/"


def opened(url: str, tmp_path) -> Flask:
    app = site(url, tmp_path)
    app.config["WTF_CSRF_ENABLED"] = False
    bind_workflows(app)
    return app


def closed(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def draft(database_kind, databases, tmp_path) -> Iterator[Flask]:
    with databases.copy(database_kind, "demo site", prepare) as url:
        app = opened(url, tmp_path)
        yield app
        closed(app)


@pytest.fixture
def launched(database_kind, databases, tmp_path) -> Iterator[Flask]:
    with databases.copy(database_kind, "demo site, cycle launched", prepare_launched) as url:
        app = opened(url, tmp_path)
        yield app
        closed(app)


class TestRest:
    def test_a_cycle_runs_from_opening_to_its_results_by_rest_alone(self, draft):
        derek, emma, hana = (logged_in(draft, name) for name in ("derek", "emma", "hana"))
        (card,) = rows(draft, "scorecard", name="Production")
        (home,) = rows(draft, "department", code="PRD")
        plan = {
            "name": "By program", "name_zh": "程序运行", "scorecard": card["id"], "department": home["id"],
            "period_start": "2026-05-01", "period_end": "2026-10-31", "self_due": "2030-12-01",
            "manager_due": "2030-12-08",
        }  # fmt: skip
        made = derek.post(API, json=plan)
        assert made.status_code == 201, made.text
        place = made.headers["Location"]
        assert made.json["result"]["actions"] == ["launch"]
        started = derek.post(f"{place}/launch", headers={"If-Match": made.headers["ETag"]})
        assert started.status_code == 202
        assert started.json["job"]
        settle()
        shown = derek.get(place).json["result"]
        assert (shown["step"], shown["terms"]["places"]) == ("self_review", 1)
        (mine,) = emma.get(f"{API}reviews/").json["result"]
        own = f"{API}reviews/{mine['id']}"
        tag = emma.get(own).headers["ETag"]
        words = {"self_comment": "Done", "self_rating": "Good", "hand_in": True}
        assert (
            emma.post(f"{own}/self", json=words, headers={"If-Match": tag}).json["result"]["step"] == "manager_review"
        )
        assert emma.post(f"{own}/self", json=words).status_code == 409

        (waiting,) = derek.get(f"{API}reviews/?part=to_write").json["result"]
        assert waiting["id"] == mine["id"]
        figures = derek.get(own).json["result"]
        assert [line["kpi"] for line in figures["computed_detail"]["lines"]] == ["production_output", "pass_rate"]
        rating = {"proposed_rating": figures["computed_rating"], "manager_comment": "Well done"}
        assert derek.post(f"{own}/rate", json=rating).json["result"]["step"] == "rated"

        assert derek.post(f"{place}/advance").status_code == 422
        assert derek.post(f"{place}/advance", json={"without_missing": True}).json["missing"] > 90
        settle()
        assert derek.post(f"{place}/accept_rest", json={"reason": "As computed"}).json["accepted"] > 90
        left = derek.get(f"{place}/reviews/?step=manager_review").json["result"]
        assert [line["name"] for line in left] == ["Derek Miller"]
        assert derek.post(f"{place}/close").status_code == 409
        stand_in = {"proposed_rating": "Good", "manager_comment": "Well led", "proposed_reason": "HR writes it"}
        assert hana.post(f"{API}reviews/{left[0]['id']}/rate", json=stand_in).status_code == 200
        assert derek.post(f"{place}/close").json["closed"] > 90
        assert emma.get(own).json["result"]["final_rating"] is None
        derek.post(f"{place}/share")
        assert emma.get(own).json["result"]["final_rating"] == figures["computed_rating"]
        assert derek.get(place).json["result"]["actions"] == ["share"] or derek.get(place).json["result"]["shared_at"]

    def test_a_stale_if_match_is_refused_and_changes_nothing(self, launched):
        emma, review = logged_in(launched, "emma"), review_of(launched, "emma")
        place = f"{API}reviews/{review['id']}/self"
        tag = {"If-Match": f'"{review["_version"]}"'}
        assert emma.post(place, json={"self_comment": "First"}, headers=tag).status_code == 200
        assert emma.post(place, json={"self_comment": "Second"}, headers=tag).status_code == 412
        assert review_of(launched, "emma")["self_comment"] == "First"
        derek = logged_in(launched, "derek")
        answer = derek.post(f"{API}{production(launched)}/advance", json={}, headers={"If-Match": '"1"'})
        assert answer.status_code == 412

    @pytest.mark.parametrize("body", [{"self_comment": 5}, {"hand_in": "yes"}, {"self_rating": "Superb"}])
    def test_wrong_bodies_are_named(self, launched, body):
        place = f"{API}reviews/{review_of(launched, 'emma')['id']}/self"
        answer = logged_in(launched, "emma").post(place, json=body)
        assert answer.status_code == 422
        assert [p["pointer"] for p in answer.json["problems"]] == [f"/{next(iter(body))}"]

    def test_it_stands_in_the_description_of_the_interface(self, launched):
        paths = logged_in(launched, "derek").get("/api/v1/_openapi").json["paths"]
        assert {"/api/v1/cycles/{cycle_id}/launch", "/api/v1/cycles/reviews/{review_id}/rate"} <= set(paths)


class TestAccess:
    """HR, the head, the reviewee, another department, nobody; by address, on pages and by REST."""

    CYCLE_READERS = ("hana", "derek", "audrey")
    REVIEW_READERS = ("hana", "derek", "emma", "audrey")
    EVERYBODY = ("hana", "derek", "emma", "sofia", "liwei", "tariq", "audrey")

    def test_who_may_look(self, launched):
        cycle, review = production(launched), review_of(launched, "emma")["id"]
        for account in self.EVERYBODY:
            client = logged_in(launched, account)
            seen = {
                path: client.get(path).status_code
                for path in (
                    f"/cycles/{cycle}/", f"{API}{cycle}", f"{API}{cycle}/reviews/", f"/cycles/{cycle}/progress",
                    f"/cycles/reviews/{review}", f"{API}reviews/{review}", "/cycles/reviews/99999", f"{API}99999",
                )
            }  # fmt: skip
            may_cycle = 200 if account in self.CYCLE_READERS else 404
            may_review = 200 if account in self.REVIEW_READERS else 404
            assert list(seen.values()) == [may_cycle] * 4 + [may_review] * 2 + [404, 404], account

    def test_who_may_act(self, launched):
        cycle, review = production(launched), review_of(launched, "emma")["id"]
        before = rows(launched, "review", cycle=cycle)
        for account in ("emma", "sofia", "liwei", "tariq", "audrey"):
            client = logged_in(launched, account)
            hidden = 404 if account != "audrey" else 403
            for action in ("launch", "recompute", "advance", "accept_rest", "close", "share"):
                page_action = "accept" if action == "accept_rest" else action
                assert client.post(f"{API}{cycle}/{action}", json={}).status_code == hidden, (account, action)
                assert client.post(f"/cycles/{cycle}/{page_action}").status_code == 404, (account, action)
            rated = {"proposed_rating": "Good", "manager_comment": "x", "proposed_reason": "y"}
            refused = 403 if account in {"emma", "audrey"} else 404
            assert client.post(f"{API}reviews/{review}/rate", json=rated).status_code == refused, account
            assert client.post(f"/cycles/reviews/{review}/rate", data=rated).status_code == 404, account
        for account in ("derek", "hana", "sofia", "audrey"):
            assert logged_in(launched, account).post(f"/cycles/reviews/{review}/self", data={}).status_code == 404
        assert rows(launched, "review", cycle=cycle) == before

    def test_nobody_comes_in_without_a_login(self, launched):
        client = launched.test_client()
        review = review_of(launched, "emma")["id"]
        for path in ("/cycles/", f"/cycles/{production(launched)}/", f"/cycles/reviews/{review}", "/cycles/new"):
            answer = client.get(path)
            assert answer.status_code == 302
            assert "/login" in answer.headers["Location"]
        assert client.get(f"{API}reviews/{review}").status_code == 401
        assert client.post(f"{API}{production(launched)}/launch").status_code == 401

    def test_the_reviewee_finds_no_score_anywhere_before_it_is_shared(self, launched):
        emma, review = logged_in(launched, "emma"), review_of(launched, "emma")
        assert review["computed_rating"]
        places = (
            f"/cycles/reviews/{review['id']}", "/cycles/", "/", f"/records/review/show/{review['id']}",
            f"{API}reviews/{review['id']}", f"{API}reviews/", f"/api/v1/review/{review['id']}", "/api/v1/review/",
            "/records/review/list/",
        )  # fmt: skip
        own = f"{review['computed_score'].normalize():f}"
        for path in places:
            text = emma.get(path).text
            assert own not in text, path
            assert "computed_detail" not in text or '"computed_detail":null' in text, path
        derek, his = logged_in(launched, "derek"), review_of(launched, "derek")["id"]
        assert derek.get(f"/api/v1/review/{his}").status_code == 404
        assert derek.get(f"/records/review/show/{his}").status_code == 404
        assert derek.get(f"{API}reviews/{his}").json["result"]["computed_rating"] is None


class TestPages:
    def test_a_stale_self_review_shows_what_is_stored_and_keeps_what_was_typed(self, launched):
        emma, review = logged_in(launched, "emma"), review_of(launched, "emma")
        place, form = f"/cycles/reviews/{review['id']}/self", {"_version": review["_version"], "then": "save"}
        assert emma.post(place, data={**form, "self_comment": "From the phone"}).status_code == 303
        answer = emma.post(place, data={**form, "self_comment": "From the desk"})
        assert answer.status_code == 412
        assert "Stored now: From the phone" in answer.text
        assert ">From the desk</textarea>" in answer.text
        version = review_of(launched, "emma")["_version"]
        assert f'name="_version" value="{version}"' in answer.text

    def test_a_refused_rating_keeps_what_was_typed_and_names_the_field(self, launched):
        emma, derek = logged_in(launched, "emma"), logged_in(launched, "derek")
        review = review_of(launched, "emma")["id"]
        emma.post(f"/cycles/reviews/{review}/self", data={"self_comment": "Done", "then": "hand_in"})
        form = {"proposed_rating": "Unsatisfactory", "manager_comment": "Typed words", "proposed_score": "x"}
        answer = derek.post(f"/cycles/reviews/{review}/rate", data=form)
        assert answer.status_code == 422
        assert ">Typed words</textarea>" in answer.text
        assert 'id="error-proposed_reason"' in answer.text
        assert 'id="error-proposed_score"' in answer.text

    def test_a_plan_with_mistakes_comes_back_as_typed(self, launched):
        answer = logged_in(launched, "derek").post("/cycles/new", data={"name": "Half typed", "self_due": "soon"})
        assert answer.status_code == 422
        assert 'value="Half typed"' in answer.text
        for field in ("name", "scorecard", "department", "self_due", "manager_due", "period_start"):
            assert (f'id="error-{field}"' in answer.text) == (field != "name"), field

    def test_days_at_the_end_of_the_calendar_are_refused_at_their_fields(self, launched):
        far = {"self_due": "9999-12-30", "manager_due": "9999-12-31", "period_end": "9999-12-31"}
        answer = logged_in(launched, "derek").post("/cycles/new", data={"name": "For ever", **far})
        assert answer.status_code == 422
        assert answer.text.count("Choose a day between 1900 and 2999.") == 3
        assert answer.text.count('value="9999-12-31"') == 2

    def test_a_plan_can_be_made_by_form(self, launched):
        derek = logged_in(launched, "derek")
        (card,) = rows(launched, "scorecard", name="Production")
        (home,) = rows(launched, "department", code="PRD-C")
        form = {
            "name": "Casting", "scorecard": card["id"], "department": home["id"], "period_start": "2026-05-01",
            "period_end": "2026-10-31", "self_due": "2030-12-01", "manager_due": "2030-12-08",
            "timezone": "Asia/Shanghai",
        }  # fmt: skip
        answer = derek.post("/cycles/new", data=form, follow_redirects=True)
        assert answer.status_code == 200
        assert "Casting" in answer.text
        assert 'data-tour="cycle-launch"' in answer.text

    def test_the_cycle_page_costs_a_fixed_number_of_statements(self, launched):
        derek = logged_in(launched, "derek")
        place = f"/cycles/{production(launched)}/"
        derek.get(place)
        seen: list[str] = []
        with launched.app_context():
            event.listen(db.engine, "before_cursor_execute", lambda _c, _k, text, *_more: seen.append(text))
        derek.get(place)
        first = len(seen)
        assert len([text for text in seen if "rec_" in text]) <= 4
        seen.clear()
        derek.get(f"{place}?step=not_rated")
        assert len(seen) <= first
        assert first <= 11
