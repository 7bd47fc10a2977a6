"""The review form on the pages of a cycle: chosen in the plan, asked of each side, hidden until results are shared."""

from __future__ import annotations

import pytest

from portal.app import bind_workflows
from tests.portal.cycle_site import production, review_of, rows, settle
from tests.portal.demo_site import logged_in
from tests.portal.test_history import speaks


@pytest.fixture
def formed(portal):
    bind_workflows(portal)
    derek, cycle = logged_in(portal, "derek"), production(portal)
    page = derek.get(f"/cycles/{cycle}/plan").text
    assert '<option value="appraisal">Appraisal form</option>' in page
    assert derek.post(f"/cycles/{cycle}/plan", data={"form": "appraisal"}).status_code == 303
    assert derek.post(f"/api/v1/cycles/{cycle}/launch").status_code == 202
    settle()
    return portal


def test_each_side_finds_its_questions_and_what_is_missing(formed):
    emma, derek, review = logged_in(formed, "emma"), logged_in(formed, "derek"), review_of(formed, "emma")
    here, version = f"/cycles/reviews/{review['id']}", review["_version"]
    page = emma.get(here).text
    assert ("What are you proud of?" in page, "Keeps what was agreed" in page) == (True, False)
    sent = {"_version": version, "self_comment": "Well.", "then": "hand_in", "answer_own_teamwork": "4"}
    missing = emma.post(f"{here}/self", data=sent)
    assert missing.status_code == 422
    assert 'id="error-field-answer_proud"' in missing.text
    assert '<option value="4" selected>Often</option>' in missing.text
    assert emma.post(f"{here}/self", data={**sent, "answer_proud": "<i>line 3</i>"}).status_code == 303
    speaks(emma, "zh")
    assert "我的工作方式" in emma.get(here).text
    assert "&lt;i&gt;line 3&lt;/i&gt;" in emma.get(here).text

    page = derek.get(here).text
    assert ("Keeps what was agreed" in page, "&lt;i&gt;line 3&lt;/i&gt;" in page) == (True, True)
    now = review_of(formed, "emma")
    rate = {
        "_version": now["_version"],
        "proposed_rating": now["computed_rating"],
        "manager_comment": "Good.",
        "answer_teamwork": "5",
    }
    missing = derek.post(f"{here}/rate", data=rate)
    assert (missing.status_code, 'id="error-field-answer_reliability"' in missing.text) == (422, True)
    assert derek.post(f"{here}/rate", data={**rate, "answer_reliability": "2"}).status_code == 303
    (kept,) = rows(formed, "appraisal", review=review["id"])
    assert (kept["own_teamwork"], kept["teamwork"], kept["reliability"]) == (4, 5, 2)
    speaks(emma, "en")
    assert "Keeps what was agreed" not in emma.get(here).text, "not before the results are shared"
    for account in ("emma", "derek", "liwei"):
        assert logged_in(formed, account).get(f"/records/appraisal/show/{kept['id']}").status_code == 404
    assert logged_in(formed, "liwei").get(here).status_code == 404


def test_rest_takes_answers_and_says_which_are_wrong(formed):
    emma, review = logged_in(formed, "emma"), review_of(formed, "emma")
    here = f"/api/v1/cycles/reviews/{review['id']}/self"
    wrong = emma.post(here, json={"self_comment": "Well.", "hand_in": True, "answers": {"own_teamwork": 9}})
    assert wrong.status_code == 422
    assert {p["pointer"] for p in wrong.json["problems"]} == {"/answer_own_teamwork", "/answer_proud"}
    assert emma.post(here, json={"answers": [1]}).status_code == 422
    right = {"self_comment": "Well.", "hand_in": True, "answers": {"proud": "Line 3"}}
    assert emma.post(here, json=right).status_code == 200
