"""The ledger on its page and by REST: five sides, the check, links to the records, a fixed number of statements."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from portal.app import bind_workflows
from portal.extensions import db
from tests.portal.cycle_site import prepare_launched, review_of
from tests.portal.demo_site import logged_in, site


@pytest.fixture
def launched(databases, tmp_path) -> Iterator[Flask]:
    with databases.copy("sqlite", "demo site, cycle launched", prepare_launched) as url:
        app = site(url, tmp_path)
        bind_workflows(app)
        yield app
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def places(review: int) -> tuple[str, ...]:
    base = f"/api/v1/cycles/reviews/{review}"
    return f"/cycles/reviews/{review}/ledger", f"{base}/ledger", f"{base}/recompute"


def test_who_may_open_it(launched):
    review = review_of(launched, "emma")["id"]
    for account in ("hana", "derek", "audrey", "emma", "sofia", "liwei", "tariq"):
        client = logged_in(launched, account)
        expected = 200 if account in ("hana", "derek", "audrey") else 404
        assert [client.get(place).status_code for place in places(review)] == [expected] * 3, account
        assert [client.get(place).status_code for place in places(99999)] == [404] * 3, account
    nobody = launched.test_client()
    assert [nobody.get(place).status_code for place in places(review)] == [302, 401, 401]


def test_the_review_leads_to_a_page_that_checks_itself_and_to_the_records(launched):
    review, derek = review_of(launched, "emma"), logged_in(launched, "derek")
    place = f"/cycles/reviews/{review['id']}/ledger"
    assert place in derek.get(f"/cycles/reviews/{review['id']}").text
    page = derek.get(f"{place}?check=1").text
    assert "the same number" in page
    assert "day__gte=" in page
    link = page.split("/records/pass_rate/list/?", 1)[1].split('"', 1)[0].replace("&amp;", "&")
    assert derek.get(f"/records/pass_rate/list/?{link}").status_code == 200
    with launched.app_context():
        db.session.remove()
    counted = derek.get(f"/api/v1/pass_rate/?{link}").json["count"]
    told = derek.get(f"/api/v1/cycles/reviews/{review['id']}/ledger").json["result"]["lines"][1]
    assert told["records"] == counted


def test_rest_says_the_same_number_and_that_nothing_is_earlier(launched):
    review, derek = review_of(launched, "emma"), logged_in(launched, "derek")
    base = f"/api/v1/cycles/reviews/{review['id']}"
    shown, again = derek.get(f"{base}/ledger").json["result"], derek.get(f"{base}/recompute").json["result"]
    assert (again["same"], again["score"]) == (True, shown["score"])
    assert derek.get(f"{base}/compare").status_code == 404
    assert derek.get(f"{base}/ledger?entry=99999").status_code == 404


def test_it_reads_in_chinese(launched):
    review, derek = review_of(launched, "emma"), logged_in(launched, "derek")
    derek.get("/")
    page = derek.get(f"/cycles/reviews/{review['id']}/ledger?check=1", headers={"Accept-Language": "zh"}).text
    assert "得分说明" in page
    assert "结果相同" in page


def test_each_line_has_its_light_in_words_on_the_review_as_in_the_ledger(launched):
    review, derek = review_of(launched, "emma"), logged_in(launched, "derek")
    for tongue, word in (("en", "green"), ("zh", "绿灯")):
        for place in (f"/cycles/reviews/{review['id']}", f"/cycles/reviews/{review['id']}/ledger"):
            page = derek.get(place, headers={"Accept-Language": tongue}).text
            assert page.count(f'<span class="badge state-good">{word}</span>') == 2, place
