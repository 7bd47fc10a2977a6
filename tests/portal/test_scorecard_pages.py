"""Scorecards and what-if on their pages and by REST: five sides, typed values come back, drafts, publishing, scenarios."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import event

from portal.app import bind_workflows
from portal.extensions import db
from tests.portal.cycle_site import rows
from tests.portal.demo_site import logged_in, prepare, site

EVERYBODY = ("hana", "derek", "sofia", "emma", "liwei", "tariq", "audrey")


@pytest.fixture
def portal(databases, tmp_path) -> Iterator[Flask]:
    with databases.copy("sqlite", "demo site", prepare) as url:
        app = site(url, tmp_path)
        app.config["WTF_CSRF_ENABLED"] = False
        bind_workflows(app)
        yield app
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def card_of(portal: Flask, name: str = "Sales") -> int:
    (card,) = rows(portal, "scorecard", name=name)
    return card["id"]


def form_of(page: str) -> dict[str, str]:
    """The inputs of the scorecard's form, as a browser would send them."""
    part = page.split("data-scorecard", 1)[1].split("</form>", 1)[0]
    found = {}
    for tag in re.findall(r"<input[^>]*>", part):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name:
            found[name[1]] = value[1] if value else ""
    return found | {"no_data": "redistribute"}


class TestAccess:
    def test_who_may_look_at_scorecards_and_who_may_try(self, portal):
        card = card_of(portal)
        for account in EVERYBODY:
            client = logged_in(portal, account)
            assert client.get(f"/scorecards/{card}/").status_code == 200, account
            assert client.get("/scorecards/99999/").status_code == 404, account
            assert client.get(f"/api/v1/scorecards/{card}").status_code == 200, account
            may_try = 200 if account in ("hana", "derek", "sofia") else 404
            body = {"content": client.get(f"/api/v1/scorecards/{card}").json["result"]["content"]}
            seen = [
                client.get("/what-if/").status_code,
                client.get(f"/what-if/{card}/").status_code,
                client.post(f"/api/v1/scorecards/{card}/what_if", json=body).status_code,
                client.get("/api/v1/scorecards/scenarios/").status_code,
            ]
            assert seen == [may_try] * 4, account
            assert client.get("/what-if/99999/").status_code == 404

    def test_only_hr_drafts_and_publishes(self, portal):
        card = card_of(portal)
        before = rows(portal, "scorecard_line")
        form = form_of(logged_in(portal, "hana").get(f"/scorecards/{card}/").text)
        form |= {"line-0-weight": "60", "line-1-weight": "40"}
        for account in EVERYBODY[1:]:
            client = logged_in(portal, account)
            for do in ("save", "publish", "discard", "equalise"):
                assert client.post(f"/scorecards/{card}/", data={**form, "do": do}).status_code in (403, 404), account
            content = client.get(f"/api/v1/scorecards/{card}").json["result"]
            body = {"content": content["content"], "based_on": content["based_on"]}
            assert client.post(f"/api/v1/scorecards/{card}/publish", json=body).status_code == 403
            assert client.get(f"/api/v1/scorecards/{card}/draft").status_code == 403
        assert rows(portal, "scorecard_line") == before

    def test_nobody_comes_in_without_a_login(self, portal):
        card, client = card_of(portal), portal.test_client()
        for path in ("/scorecards/", f"/scorecards/{card}/", "/what-if/", f"/what-if/{card}/", "/what-if/compare"):
            assert client.get(path).status_code == 302
        assert client.get(f"/api/v1/scorecards/{card}").status_code == 401
        assert client.post(f"/what-if/{card}/answer").status_code == 302


class TestEditing:
    def test_weights_of_99_99_come_back_as_typed_with_their_sum(self, portal):
        hana, place = logged_in(portal, "hana"), f"/scorecards/{card_of(portal)}/"
        form = form_of(hana.get(place).text) | {"line-0-weight": "64.99", "do": "publish"}
        answer = hana.post(place, data=form)
        assert answer.status_code == 422
        assert "The weights add up to 99.99, not to 100." in answer.text
        assert 'value="64.99"' in answer.text

    def test_equalise_normalise_add_and_remove_change_only_the_form(self, portal):
        hana, place = logged_in(portal, "hana"), f"/scorecards/{card_of(portal)}/"
        before, form = rows(portal, "scorecard_line"), form_of(hana.get(place).text)
        form = form_of(hana.post(place, data=form | {"do": "add", "new": "kpi:customer_satisfaction"}).text)
        assert form["line-2-kpi"] == "customer_satisfaction"
        form = form_of(hana.post(place, data=form | {"do": "equalise"}).text)
        assert [form[f"line-{n}-weight"] for n in range(3)] == ["33.33", "33.33", "33.34"]
        form = form_of(
            hana.post(
                place, data=form | {"line-0-weight": "1", "line-1-weight": "1", "line-2-weight": "2", "do": "normalise"}
            ).text
        )
        assert [form[f"line-{n}-weight"] for n in range(3)] == ["25", "25", "50"]
        form = form_of(hana.post(place, data=form | {"do": "remove-0"}).text)
        assert form["line-0-kpi"] == "repurchase_rate"
        assert rows(portal, "scorecard_line") == before

    def test_two_editors_the_second_is_told_and_sees_both(self, portal):
        hana, place = logged_in(portal, "hana"), f"/scorecards/{card_of(portal)}/"
        form = form_of(hana.get(place).text)
        assert hana.post(place, data=form | {"line-0-weight": "10", "do": "save"}).status_code == 303
        answer = hana.post(place, data=form | {"line-0-weight": "77", "do": "save"})
        assert answer.status_code == 412
        assert "saved this draft" in answer.text
        assert 'value="77"' in answer.text

    def test_publishing_makes_a_version_that_can_be_gone_back_from(self, portal):
        hana, card = logged_in(portal, "hana"), card_of(portal)
        place = f"/scorecards/{card}/"
        form = form_of(hana.get(place).text) | {
            "line-0-weight": "60",
            "line-1-weight": "40",
            "do": "publish",
            "comment": "Loyalty",
        }
        assert "Version 2 is in force" in hana.post(place, data=form, follow_redirects=True).text
        page = hana.get(f"{place}versions/1").text
        assert "What going back to it would change" in page
        assert hana.post(f"{place}versions/1/rollback").status_code == 303
        weights = {line["kpi"]: line["weight"] for line in rows(portal, "scorecard_line", scorecard=card)}
        assert {name: int(weight) for name, weight in weights.items()} == {"sales_revenue": 65, "repurchase_rate": 35}


class TestWhatIf:
    def test_the_answer_follows_the_form_and_names_what_is_wrong(self, portal):
        hana, place = logged_in(portal, "hana"), f"/what-if/{card_of(portal)}/"
        form = form_of(hana.get(place).text)
        form = form_of(hana.post(place, data=form | {"do": "add", "new": "kpi:customer_satisfaction"}).text)
        form |= {"line-0-weight": "52", "line-1-weight": "28", "line-2-weight": "20"}
        answer = hana.post(f"{place}answer", data=form)
        assert answer.status_code == 200
        assert re.search(r'data-tour="whatif-falling">\s*[1-9]', answer.text)
        assert "Customer satisfaction -" in answer.text
        wrong = hana.post(f"{place}answer", data=form | {"line-0-weight": "much"})
        assert wrong.status_code == 422
        assert "A number such as 87.5 is expected here." in wrong.text

    def test_each_line_tells_its_light_in_words_and_numbers(self, portal):
        hana, card = logged_in(portal, "hana"), card_of(portal)
        page = hana.get(f"/what-if/{card}/").text.split('data-tour="whatif-lights"', 1)[1].split("</table>", 1)[0]
        seen = re.findall(r'state-\w+">(\w+)</span>\s*(\d+)', page)
        content = hana.get(f"/api/v1/scorecards/{card}").json["result"]["content"]
        told = hana.post(f"/api/v1/scorecards/{card}/what_if", json={"content": content}).json["result"]
        by_rest = [(word, str(n)) for line in told["lines"] for word, n in line["lights"].items() if n]
        assert seen == by_rest
        assert all(sum(line["lights"].values()) + line["no_data"] == told["people"] for line in told["lines"])

    def test_a_move_costs_a_fixed_number_of_statements(self, portal):
        hana, place = logged_in(portal, "hana"), f"/what-if/{card_of(portal)}/"
        form = form_of(hana.get(place).text)
        hana.post(f"{place}answer", data=form)
        seen: list[str] = []
        with portal.app_context():
            event.listen(db.engine, "before_cursor_execute", lambda _c, _k, text, *_more: seen.append(text))
        hana.post(f"{place}answer", data=form | {"line-0-weight": "50"})
        assert len(seen) <= 14
        assert not [text for text in seen if "sum(" in text.lower()]

    def test_scenarios_are_private_until_shared_compared_commented_on_and_published(self, portal):
        hana, sofia, card = logged_in(portal, "hana"), logged_in(portal, "sofia"), card_of(portal)
        place = f"/what-if/{card}/"
        form = form_of(hana.get(place).text) | {"line-0-weight": "60", "line-1-weight": "40"}
        assert hana.post(place, data=form | {"do": "save_as"}).status_code == 422
        made = hana.post(place, data=form | {"do": "save_as", "name": "More loyalty"})
        assert made.status_code == 303
        number = int(made.headers["Location"].split("scenario=")[1])
        own = f"/what-if/scenarios/{number}"
        assert sofia.get(f"{place}?scenario={number}").status_code == 404
        assert sofia.post(own, data={"do": "share"}).status_code == 404
        hana.post(own, data={"do": "share"})
        page = sofia.get(f"{place}?scenario={number}")
        assert page.status_code == 200
        assert "Salaries are not open to you." in page.text
        sofia.post(own, data={"do": "comment", "text": "Fair enough <b>"})
        assert "Fair enough &lt;b&gt;" in hana.get(f"{place}?scenario={number}").text
        assert sofia.post(own, data={"do": "publish"}).status_code in (403, 404)
        other = hana.post(
            place, data=form | {"do": "save_as", "name": "Less", "line-0-weight": "80", "line-1-weight": "20"}
        )
        second = int(other.headers["Location"].split("scenario=")[1])
        both = hana.get(f"/what-if/compare?ids={number}&ids={second}").text
        assert "More loyalty" in both
        assert "Less" in both
        assert hana.post(own, data={"do": "publish"}).status_code == 303
        weights = {line["kpi"]: int(line["weight"]) for line in rows(portal, "scorecard_line", scorecard=card)}
        assert weights == {"sales_revenue": 60, "repurchase_rate": 40}

    def test_it_reads_in_chinese(self, portal):
        hana = logged_in(portal, "hana")
        page = hana.get(f"/what-if/{card_of(portal)}/", headers={"Accept-Language": "zh"}).text
        for words in ("假设分析", "加薪名单", "公平性", "归一到 100"):
            assert words in page


def test_rest_tries_keeps_and_publishes_the_same(portal):
    hana, card = logged_in(portal, "hana"), card_of(portal)
    base = f"/api/v1/scorecards/{card}"
    shown = hana.get(base).json["result"]
    content = shown["content"]
    content["lines"][0]["weight"], content["lines"][1]["weight"] = 50, 50
    tried = hana.post(f"{base}/what_if", json={"content": content, "settings": {"pay_from": 85}}).json["result"]
    assert sum(band["after"] for band in tried["bands"]) == tried["people"] > 0
    kept = hana.post(f"{base}/scenarios/", json={"content": content, "name": "Half and half"})
    assert kept.status_code == 201
    number = kept.json["id"]
    assert hana.post(f"/api/v1/scorecards/scenarios/{number}/share").json["result"]["shared"] is True
    first = {"If-Match": hana.get(f"{base}/draft").headers["ETag"]}
    assert hana.put(f"{base}/draft", json=content, headers=first).status_code == 200
    assert hana.put(f"{base}/draft", json=content, headers=first).status_code == 412
    wrong = hana.post(f"{base}/publish", json={"content": {"lines": 5}, "based_on": shown["based_on"]})
    assert [p["pointer"] for p in wrong.json["problems"]] == ["/content"]
    assert hana.post(f"{base}/publish", json={"content": content, "based_on": shown["based_on"]}).status_code == 200
    assert hana.post(f"{base}/publish", json={"content": content, "based_on": shown["based_on"]}).status_code == 409
    assert hana.get(f"{base}/versions/1").json["result"]["differences"]
    assert hana.delete(f"/api/v1/scorecards/scenarios/{number}").status_code == 200
