"""The draft as text: saved as it is, problems listed with their pointers, and no way around what protects a draft."""

from __future__ import annotations

import json

import pytest

from tests.portal.demo_site import logged_in
from tests.portal.test_designer_desk import HERE, draft, hidden, send


@pytest.fixture
def hana(portal):
    portal.json.sort_keys = False
    return logged_in(portal, "hana")


def document(client):
    return client.get("/api/v1/definitions/production_output").json["result"]


class TestRaw:
    def test_shows_the_document_and_keeps_what_is_typed(self, portal, hana):
        assert "&#34;x-measure&#34;" in hana.get(f"{HERE}/raw").text
        changed = {**document(hana), "title": "Pieces"}
        assert send(hana, "/raw", document=json.dumps(changed)).status_code == 303
        assert draft(portal).document == changed

    def test_text_that_is_no_json_comes_back_with_what_is_wrong(self, portal, hana):
        answer = send(hana, "/raw", document='{"title": "Pieces",')
        assert answer.status_code == 422
        assert "Pieces" in answer.text
        assert draft(portal) is None

    def test_a_draft_with_problems_is_kept_and_they_are_listed(self, portal, hana):
        wrong = document(hana)
        wrong["properties"]["line"]["type"] = "wish"
        answer = send(hana, "/raw", document=json.dumps(wrong))
        assert answer.headers["Location"] == f"{HERE}/raw"
        assert "/properties/line" in hana.get(f"{HERE}/raw").text
        assert draft(portal) is not None

    def test_another_name_is_refused(self, portal, hana):
        assert send(hana, "/raw", document=json.dumps({**document(hana), "$id": "other"})).status_code == 422
        assert draft(portal) is None

    def test_a_page_from_before_somebody_elses_save_is_told_and_keeps_what_was_typed(self, hana):
        old = hidden(hana, f"{HERE}/raw")
        send(hana, "/move/shift", to="up")
        mine = json.dumps({**document(hana), "title": "Mine"})
        answer = hana.post(f"{HERE}/raw", data={**old, "document": mine})
        assert answer.status_code == 409
        assert "Mine" in answer.text

    def test_only_this_page_lets_styles_with_its_nonce_in(self, hana):
        style = hana.get(f"{HERE}/raw").headers["Content-Security-Policy"].split("style-src")[1].split(";")[0]
        assert "'nonce-" in style
        assert "unsafe-inline" not in style
        assert "'nonce-" not in hana.get(HERE).headers["Content-Security-Policy"].split("style-src")[1].split(";")[0]


@pytest.mark.parametrize("account", ["derek", "audrey"])
def test_who_does_not_design_finds_nothing(portal, account):
    client = logged_in(portal, account)
    assert client.get(f"{HERE}/raw").status_code == 404
    assert client.post(f"{HERE}/raw", data={"document": "{}"}).status_code == 404
